internal import LiaisonModel

extension Registry {
  /// The proposal of that number, where it can still be signed.
  func open(_ number: UInt64, at time: Timestamp) throws(TrustError) -> Proposal {
    guard let proposal = proposals[number] else {
      throw TrustError(.unknownProposal, "no proposal \(number) waits for signatures")
    }
    guard time < proposal.expiresAt else {
      throw TrustError(.notInForce, "proposal \(number) has expired; it can be made again")
    }
    return proposal
  }

  /// Has an act wait that would be possible now.
  mutating func propose(
    _ act: Act, at sequence: UInt64, by key: AdministratorKey, at time: Timestamp, needed: Int
  ) throws(TrustError) -> Outcome {
    var trial = self
    try trial.settle(act, decidedBy: sequence, at: time, inForceAt: time)
    if let other = openProposals(at: time).first(where: { $0.act == act }) {
      throw TrustError(
        .wrongState, "this is proposed already: sign it with liaisonctl proposal sign \(other.sequence)")
    }
    let open = proposals.filter { time < $0.value.expiresAt }
    // By proposer, so that whoever has one key leaves room to all others, and to their own removal.
    let alike = open.values.count { $0.signers.first == key && $0.act.isRemedy == act.isRemedy }
    let limit = act.isRemedy ? Limits.administratorsMax : Limits.proposalsPerProposerMax
    guard alike < limit else {
      throw TrustError(.limit, "\(limit) proposals of yours wait for signatures, which is the limit: decline some")
    }
    let proposal = Proposal(
      sequence: sequence, act: act, proposedAt: time,
      expiresAt: time.adding(milliseconds: UInt64(policy.proposalHours) * 3_600_000), signers: [key])
    proposals = open
    proposals[sequence] = proposal
    return .waits(proposal, needed: needed)
  }

  /// Adds a signature, and has the act take effect with the last one that it needs. Where fewer are needed by now than
  /// there are, anybody who may sign has it take effect, who has signed before too.
  mutating func sign(
    _ proposal: Proposal, by key: AdministratorKey, at time: Timestamp
  ) throws(TrustError) -> Outcome {
    let isNew = !proposal.signers.contains(key)
    var signed = proposal
    if isNew { signed.signers.append(key) }
    let needed = signaturesNeeded(for: signed.act)
    guard countedSigners(of: signed).count >= needed else {
      guard isNew else {
        throw TrustError(
          .notPermitted, "you have signed proposal \(proposal.sequence) already; another administrator has to")
      }
      proposals[signed.sequence] = signed
      return .waits(signed, needed: needed)
    }
    try settle(signed.act, decidedBy: signed.sequence, at: signed.proposedAt, inForceAt: time)
    proposals[signed.sequence] = nil
    return .inForce(signed.act, proposal: signed.sequence)
  }

  /// Those who have signed and are still entitled to.
  package func countedSigners(of proposal: Proposal) -> [Administrator] {
    guard let role = proposal.act.requiredRole else { return [] }
    return proposal.signers.compactMap { administrators[$0] }.filter { $0.roles.contains(role) }
  }
}
