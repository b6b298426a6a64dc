package import LiaisonModel

/// What became of a decision.
package enum Outcome: Hashable, Sendable {
  /// This is so from now on; `proposal` is where it was proposed, where it was.
  case inForce(Act, proposal: UInt64?)
  /// So many signatures are needed.
  case waits(Proposal, needed: Int)
  case declined(Proposal)

  /// What it is about.
  package var subject: Act {
    switch self {
    case .inForce(let act, _): act
    case .waits(let proposal, _), .declined(let proposal): proposal.act
    }
  }

  /// What took effect.
  package var effect: Act? { if case .inForce(let act, _) = self { act } else { nil } }
}

extension Registry {
  /// Applies `act`, decided at that place in the log by the administrator of `key` at `time`. That nobody decides what is
  /// not theirs, or alone what needs several, is held here, and by this alone. Where it throws, nothing has changed.
  mutating func apply(
    _ act: Act, at sequence: UInt64, by key: AdministratorKey, at time: Timestamp
  ) throws(TrustError) -> Outcome {
    guard !administrators.isEmpty else {
      try begin(act, by: key)
      return .inForce(act, proposal: nil)
    }
    guard let administrator = administrators[key] else {
      throw TrustError(.notPermitted, "the key that signed the decision is no administrator's")
    }
    func check(_ role: Role?) throws(TrustError) {
      guard let role, administrator.roles.contains(role) else {
        throw TrustError(
          .notPermitted,
          "this is for an administrator with the role \(role.map(\.description) ?? "of the proposal"), and the signer has "
            + administrator.roles.text)
      }
    }
    switch act {
    case .proposalSigned(let number, let digest):
      let proposal = try open(number, at: time)
      try check(proposal.act.requiredRole)
      guard ActDigest(of: proposal.act) == digest else {
        throw TrustError(.malformed, "proposal \(number) is about something else than what was signed")
      }
      return try sign(proposal, by: key, at: time)
    case .proposalDeclined(let number, let reason):
      let proposal = try open(number, at: time)
      try check(proposal.act.requiredRole)
      guard proposal.act.administratorConcerned != key else {
        throw TrustError(.notPermitted, "nobody declines what is proposed about their own key")
      }
      guard !reason.isEmpty else { throw TrustError(.malformed, "to decline a proposal needs a reason") }
      proposals[number] = nil
      return .declined(proposal)
    default:
      try check(act.requiredRole)
      let needed = signaturesNeeded(for: act)
      if needed > 1 { return try propose(act, at: sequence, by: key, at: time, needed: needed) }
      try settle(act, decidedBy: sequence, at: time, inForceAt: time)
      return .inForce(act, proposal: nil)
    }
  }

  /// Puts in force what was decided, or proposed, at that place and time.
  mutating func settle(
    _ act: Act, decidedBy sequence: UInt64, at decidedAt: Timestamp, inForceAt time: Timestamp
  ) throws(TrustError) {
    try effect(act, at: time)
    if case .historyLost = act {
      // All that was signed before: whoever kept several lost heads cannot show them one after the other.
      lostUntil = max(lostUntil, decidedAt)
      lostBy = sequence
    }
  }

  /// What would become of `act`, decided now by the administrator of `key` as the entry of that place.
  package func outcome(
    of act: Act, at sequence: UInt64, by key: AdministratorKey, at time: Timestamp
  ) throws(TrustError) -> Outcome {
    var trial = self
    return try trial.apply(act, at: sequence, by: key, at: time)
  }

  /// The first entry: the first owner names themselves.
  private mutating func begin(_ act: Act, by key: AdministratorKey) throws(TrustError) {
    guard case .administratorNamed(let first) = act, first.key == key, first.roles.contains(.owner) else {
      throw TrustError(.notPermitted, "the log does not begin with an owner who names themselves")
    }
    administrators[key] = first
  }

  mutating func effect(_ act: Act, at time: Timestamp) throws(TrustError) {
    switch act {
    case .administratorNamed(let new): try name(new)
    case .administratorChanged(let key, let roles): try change(key, to: roles)
    case .administratorRemoved(let key, let reason): try remove(key, because: reason)
    case .ownCardIssued(let card): try issue(card, at: time)
    case .peerProposed(let card): try propose(card, at: time)
    case .peerCardUpdated(let card): try update(card, at: time)
    case .peerVerified(let handle, let rootKey): try verify(handle, rootKey, at: time)
    case .peerActivated(let handle, let rootKey): try activate(handle, rootKey, at: time)
    case .peerSuspended(let handle): try take(.suspend, handle, at: time)
    case .peerRevoked(let handle, let reason): try revoke(handle, because: reason, at: time)
    // Members are no part of the registry; the entry proves who decided.
    case .memberInvited, .memberRevoked, .dutyRoleChanged, .comCheckStarted: break
    case .policyChanged(let new):
      guard new != policy else { throw TrustError(.wrongState, "this is the policy already") }
      policy = new
    case .historyLost(let head): try lose(head, at: time)
    case .peerPolicyChanged(let handle, let new): try permit(new, to: handle)
    case .charterAdopted(let charter, let despite): try adopt(charter, despite: despite, at: time)
    case .proposalSigned, .proposalDeclined:
      throw TrustError(.malformed, "a proposal is about something else than proposals")
    }
  }

  /// Applies what the node itself entered, signed by one of its own keys: a known peer's next card, or the first one of a
  /// country that the adopted charter names, which is proposed.
  mutating func apply(_ received: CardReceived) throws(TrustError) {
    guard let ownCard, ownCard.content.nodeKeys.contains(received.nodeKey) else {
      throw TrustError(.notPermitted, "the key that signed the entry is not this node's")
    }
    if let card = try? received.card.claim(), isProposedByCharter(card) {
      return try propose(received.card, at: received.receivedAt)
    }
    try update(received.card, at: received.receivedAt)
  }

  /// Applies what the country's root key says of administrators.
  mutating func apply(_ recovery: Recovery) throws(TrustError) {
    guard let ownCard, ownCard.content.rootKey == recovery.rootKey else {
      throw TrustError(.notPermitted, "the key that signed the recovery is not this country's root key")
    }
    guard recovery.owner.roles.contains(.owner) else {
      throw TrustError(.malformed, "a recovery names an owner")
    }
    var after = self
    for key in recovery.lost { try after.drop(key) }
    try after.name(recovery.owner)
    self = after
  }

  private mutating func lose(_ unverified: Unverified<LogHead>, at time: Timestamp) throws(TrustError) {
    guard let head = ownHead(unverified) else {
      throw TrustError(.malformed, "this is no head of this node's trust log")
    }
    guard head.signedAt <= time.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw TrustError(.notInForce, "the head is dated ahead by more than an hour")
    }
    guard head.signedAt > lostUntil else {
      throw TrustError(.wrongState, "heads that were signed until then do not count any more already")
    }
    lostUntil = head.signedAt
  }

  mutating func issue(_ unverified: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) {
    let card = try verified(unverified, at: time)
    if let before = ownCard?.content {
      guard card.content.handle == before.handle, card.content.rootKey == before.rootKey else {
        throw TrustError(.cardRefused, "the new card speaks for another node than this one")
      }
      guard card.content.serial > before.serial else {
        throw TrustError(.cardRefused, "the new card's serial is not higher than the present one's")
      }
    }
    ownCard = card
    ownNodeKeys.formUnion(card.content.nodeKeys)
  }

  func verified(_ card: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) -> Signed<NodeCard> {
    do {
      let card = try card.verifiedBySelf()
      try card.checkInForce(at: time)
      return card
    } catch { throw TrustError(error) }
  }
}
