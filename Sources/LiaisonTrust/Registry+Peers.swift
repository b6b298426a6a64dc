internal import LiaisonModel

extension Registry {
  mutating func propose(_ unverified: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) {
    let card = try verified(unverified, at: time)
    let handle = card.content.handle
    if let known = peers[handle] {
      try checkRoot(of: card, is: known)
      guard known.state == .revoked else {
        throw TrustError(.wrongState, "\(handle) is known already and is \(known.state); \(known.state.advice)")
      }
    }
    guard peers.values.count(where: { $0.state == .proposed }) < Limits.peersMax else {
      throw TrustError(
        .limit, "\(Limits.peersMax) peers are proposed and not verified, which is the limit: revoke some")
    }
    try checkIsOthers(card)
    enter(Peer(card: card, state: .proposed, changedAt: time))
  }

  mutating func update(_ unverified: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) {
    let card = try verified(unverified, at: time)
    let handle = card.content.handle
    var peer = try known(handle)
    guard peer.state != .revoked else {
      throw TrustError(.wrongState, "\(handle) is revoked; \(PeerState.revoked.advice)")
    }
    try checkRoot(of: card, is: peer)
    let before = peer.card.content.serial
    guard card.content.serial > before else {
      let same = card == peer.card
      throw TrustError(
        .cardRefused,
        same
          ? "this card of \(handle) is here already"
          : "the card of \(handle) has serial \(card.content.serial), and one with serial \(before) is here already")
    }
    try checkIsOthers(card)
    peer.card = card
    enter(peer)
  }

  mutating func verify(_ handle: Handle, _ rootKey: RootKey, at time: Timestamp) throws(TrustError) {
    let peer = try known(handle)
    guard peer.card.content.rootKey == rootKey else {
      throw TrustError(.cardRefused, "the root key that was compared is not the one on the card of \(handle)")
    }
    if peer.state.after(.verify) != nil {
      guard peers.values.count(where: \.state.holdsNames) < Limits.peersMax else {
        throw TrustError(.limit, "the registry holds \(Limits.peersMax) peers, which is its limit")
      }
      // Others may have come by its names since it was proposed.
      try checkIsOthers(peer.card)
    }
    try take(.verify, handle, at: time)
  }

  mutating func activate(_ handle: Handle, _ rootKey: RootKey, at time: Timestamp) throws(TrustError) {
    let card = try known(handle).card
    guard card.content.rootKey == rootKey else {
      throw TrustError(.cardRefused, "\(handle) has another root key than the one that is to be active")
    }
    do { try card.checkInForce(at: time) } catch { throw TrustError(error) }
    try take(.activate, handle, at: time)
    for issuer in (notices[rootKey] ?? [:]).keys { notices[rootKey]?[issuer]?.counts = false }
  }

  mutating func revoke(_ handle: Handle, because reason: String, at time: Timestamp) throws(TrustError) {
    guard !reason.isEmpty else { throw TrustError(.malformed, "a revocation needs a reason") }
    try take(.revoke, handle, because: reason, at: time)
    if let root = peers[handle]?.card.content.rootKey {
      revokedRoots.insert(root)
      notices[root] = nil
    }
    // What it said counts no more, also not for whoever comes by its handle with another root key.
    for root in notices.keys { notices[root]?[handle] = nil }
    proposals = proposals.filter { !$0.value.act.favours(handle) }
  }

  mutating func permit(_ policy: PeerPolicy, to handle: Handle) throws(TrustError) {
    let peer = try known(handle)
    guard peer.state != .revoked else {
      throw TrustError(.wrongState, "\(handle) is revoked; \(PeerState.revoked.advice)")
    }
    guard policy != peer.policy else { throw TrustError(.wrongState, "this is the policy for \(handle) already") }
    peers[handle]?.policy = policy
  }

  mutating func take(
    _ step: PeerState.Step, _ handle: Handle, because reason: String = "", at time: Timestamp
  ) throws(TrustError) {
    var peer = try known(handle)
    guard let next = peer.state.after(step) else {
      throw TrustError(.wrongState, "cannot \(step) \(handle): it is \(peer.state); \(peer.state.advice)")
    }
    peer.state = next
    peer.changedAt = time
    peer.reason = reason.isEmpty ? nil : reason
    enter(peer)
    noteVerdict(of: step, on: peer, because: reason, at: time)
  }

  private func known(_ handle: Handle) throws(TrustError) -> Peer {
    guard let peer = peers[handle] else { throw TrustError(.unknownPeer, "there is no peer \(handle) in the registry") }
    return peer
  }

  /// A known handle keeps its root key; a revoked one returns only with another.
  private func checkRoot(of card: Signed<NodeCard>, is known: Peer) throws(TrustError) {
    let same = card.content.rootKey == known.card.content.rootKey
    guard same != (known.state == .revoked) else {
      throw TrustError(
        .cardRefused,
        same
          ? "this root key of \(known.handle) was revoked and is never taken again"
          : "this card for \(known.handle) is signed by another root key than the one known here: ask \(known.handle) "
            + "over another channel before anything else")
    }
  }

  /// Neither this node's own name and keys, nor those of another peer whose root key was compared, nor what looks like
  /// one. What was only proposed holds nothing: anybody can make a card of any name.
  private func checkIsOthers(_ card: Signed<NodeCard>) throws(TrustError) {
    let content = card.content
    guard !revokedRoots.contains(content.rootKey) else {
      throw TrustError(.cardRefused, "this root key was revoked and is never taken again")
    }
    if let own = ownCard?.content {
      guard content.handle != own.handle else {
        throw TrustError(.cardRefused, "\(content.handle) is this node's own handle")
      }
      guard content.rootKey != own.rootKey, !content.nodeKeys.contains(where: own.nodeKeys.contains) else {
        throw TrustError(.cardRefused, "the card of \(content.handle) holds a key of this node's own")
      }
      guard LookAlike.skeleton(content.handle) != LookAlike.skeleton(own.handle) else {
        throw TrustError(.cardRefused, "the handle \(content.handle) looks like this node's own, \(own.handle)")
      }
    }
    if let other = handlesBySkeleton[LookAlike.skeleton(content.handle)], other != content.handle {
      throw TrustError(.cardRefused, "the handle \(content.handle) looks like \(other), which is known here")
    }
    let keyOwners = [handlesByRootKey[content.rootKey]] + content.nodeKeys.map { handlesByNodeKey[$0] }
    if let other = keyOwners.lazy.compactMap({ $0 }).first(where: { $0 != content.handle }) {
      throw TrustError(.cardRefused, "the card of \(content.handle) holds a key of \(other)")
    }
  }

  private mutating func enter(_ peer: Peer) {
    if let before = peers[peer.handle], before.state.holdsNames {
      for key in before.card.content.nodeKeys { handlesByNodeKey[key] = nil }
      handlesByRootKey[before.card.content.rootKey] = nil
      handlesBySkeleton[LookAlike.skeleton(peer.handle)] = nil
    }
    peers[peer.handle] = peer
    guard peer.state.holdsNames else { return }
    for key in peer.card.content.nodeKeys { handlesByNodeKey[key] = peer.handle }
    handlesByRootKey[peer.card.content.rootKey] = peer.handle
    handlesBySkeleton[LookAlike.skeleton(peer.handle)] = peer.handle
  }
}

extension Act {
  /// Whether it lets the peer do something: nobody who comes by the handle later inherits signatures for that.
  fileprivate func favours(_ handle: Handle) -> Bool {
    switch self {
    case .peerActivated(handle, _), .peerPolicyChanged(handle, _): true
    default: false
    }
  }
}
