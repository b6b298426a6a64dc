internal import LiaisonModel

extension Registry {
  /// Applies `act`, decided by the administrator of `key` at `time`. That nobody decides what is not theirs is held here,
  /// and by this alone. Where it throws, nothing has changed.
  mutating func apply(_ act: Act, by key: AdministratorKey, at time: Timestamp) throws(TrustError) {
    guard !administrators.isEmpty else { return try begin(act, by: key) }
    guard let administrator = administrators[key] else {
      throw TrustError(.notPermitted, "the key that signed the decision is no administrator's")
    }
    guard administrator.roles.contains(act.requiredRole) else {
      throw TrustError(
        .notPermitted,
        "this is for an administrator with the role \(act.requiredRole), and the signer has "
          + administrator.roles.text)
    }
    try effect(act, at: time)
  }

  /// The first entry: the first owner names themselves.
  private mutating func begin(_ act: Act, by key: AdministratorKey) throws(TrustError) {
    guard case .administratorNamed(let first) = act, first.key == key, first.roles.contains(.owner) else {
      throw TrustError(.notPermitted, "the log does not begin with an owner who names themselves")
    }
    administrators[key] = first
  }

  private mutating func effect(_ act: Act, at time: Timestamp) throws(TrustError) {
    switch act {
    case .administratorNamed(let new): try name(new)
    case .administratorChanged(let key, let roles): try change(key, to: roles)
    case .administratorRemoved(let key, let reason): try remove(key, because: reason)
    case .ownCardIssued(let card): try issue(card, at: time)
    case .peerProposed(let card): try propose(card, at: time)
    case .peerCardUpdated(let card): try update(card, at: time)
    case .peerVerified(let handle, let rootKey): try verify(handle, rootKey, at: time)
    case .peerActivated(let handle): try activate(handle, at: time)
    case .peerSuspended(let handle): try take(.suspend, handle, at: time)
    case .peerRevoked(let handle, let reason): try revoke(handle, because: reason, at: time)
    // Members are no part of the registry; the entry proves who decided.
    case .memberInvited, .memberRevoked: break
    }
  }

  /// Applies what the node itself entered: a known peer's next card, signed by one of the node's own keys.
  mutating func apply(_ received: CardReceived) throws(TrustError) {
    guard let ownCard, ownCard.content.nodeKeys.contains(received.nodeKey) else {
      throw TrustError(.notPermitted, "the key that signed the entry is not this node's")
    }
    try update(received.card, at: received.receivedAt)
  }

  private mutating func issue(_ unverified: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) {
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
  }

  func verified(_ card: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) -> Signed<NodeCard> {
    do {
      let card = try card.verifiedBySelf()
      try card.checkInForce(at: time)
      return card
    } catch { throw TrustError(error) }
  }
}
