package import LiaisonModel

extension Act {
  /// What it changes, in one sentence. `name` gives an administrator's name, where it is known. Names that others chose
  /// are not escaped here.
  package func summary(naming name: (AdministratorKey) -> String?) -> String {
    switch self {
    case .administratorNamed(let administrator):
      "\(administrator.name) becomes an administrator: \(administrator.roles.text)"
    case .administratorChanged(let key, let roles): "\(name(key) ?? "\(key)") is from now on: \(roles.text)"
    case .administratorRemoved(let key, let reason): "\(name(key) ?? "\(key)") is no administrator any more: \(reason)"
    case .policyChanged(let policy): "the policy becomes: \(policy.text)"
    case .proposalSigned(let proposal, _): "proposal \(proposal) is signed"
    case .proposalDeclined(let proposal, let reason): "proposal \(proposal) is declined: \(reason)"
    case .historyLost(let head): Self.text(head)
    case .peerPolicyChanged(let handle, let policy):
      "the policy for \(handle) becomes: " + policy.fields.map { "\($0.name) \($0.text)" }.joined(separator: "; ")
    case .charterAdopted(let charter, _): Self.text(charter)
    case .memberInvited(let request): "a member is invited (request \(request))"
    case .memberRevoked(let request): "a member is revoked (request \(request))"
    case .dutyRoleChanged(let request): "a duty role is changed (request \(request))"
    case .comCheckStarted(let request): "a communication check is started (request \(request))"
    case .ownCardIssued(let card): "this node's card becomes \(Self.text(card))"
    case .peerProposed(let card): "a peer is proposed: \(Self.text(card))"
    case .peerCardUpdated(let card): "the peer's card becomes \(Self.text(card))"
    case .peerVerified(let handle, let rootKey):
      "\(handle) is verified: the fingerprint \(Fingerprint(of: rootKey)) was compared"
    case .peerActivated(let handle, _): "\(handle) becomes active: its links are accepted"
    case .peerSuspended(let handle): "\(handle) is suspended: its links are refused until it is activated again"
    case .peerRevoked(let handle, let reason): "\(handle) is revoked for good: \(reason)"
    }
  }

  private static func text(_ head: Unverified<LogHead>) -> String {
    guard let head = try? head.claim() else { return "a head that is malformed is let go" }
    return
      "entries of this trust log are lost: a head over \(head.size) of them, with the root \(head.root), is let go, "
      + "and all that were signed before this decision"
  }

  private static func text(_ signed: SignedCharter) -> String {
    guard let charter = try? signed.claim() else { return "a charter that is malformed" }
    return
      "the charter becomes \(charter.name), serial \(charter.serial), of \(charter.members.count) countries: "
      + "\(charter.digest)"
  }

  private static func text(_ card: Unverified<NodeCard>) -> String {
    guard let card = try? card.claim() else { return "a card that is malformed" }
    return "\(card.handle), \(card.name) (\(card.country)), serial \(card.serial)"
  }
}

extension Registry {
  /// What became of a decision, in one sentence.
  func summary(of act: Act, _ outcome: Outcome, naming name: (AdministratorKey) -> String?) -> String {
    switch outcome {
    case .inForce(let act, nil): act.summary(naming: name)
    case .inForce(let act, let proposal?): "proposal \(proposal) is signed and in force: \(act.summary(naming: name))"
    case .waits(let proposal, let needed):
      "proposal \(proposal.sequence) has \(countedSigners(of: proposal).count) of \(needed) signatures: "
        + proposal.act.summary(naming: name)
    case .declined(let proposal):
      "\(act.summary(naming: name)); it was: \(proposal.act.summary(naming: name))"
    }
  }
}
