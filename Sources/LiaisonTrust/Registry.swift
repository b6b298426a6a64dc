package import LiaisonModel

/// Whom this node trusts and how far: the fold of the trust log and nothing else. Only ``TrustLog`` changes it.
package struct Registry: Equatable, Sendable {
  /// A country's node, as far as it is known here.
  package struct Peer: Equatable, Sendable {
    /// The newest card, whose signature by its own root key was verified.
    package var card: Signed<NodeCard>
    /// How far it is trusted.
    package var state: PeerState
    /// When the state last changed.
    package var changedAt: Timestamp
    /// Why it was revoked.
    package var reason: String?

    /// The peer's name in the network.
    package var handle: Handle { card.content.handle }
    /// What administrators compare.
    package var fingerprint: Fingerprint { card.content.fingerprint }
  }

  /// The people who decide, by key.
  package private(set) var administrators: [AdministratorKey: Administrator] = [:]
  /// This node's own card.
  package private(set) var ownCard: Signed<NodeCard>?
  /// Every peer ever proposed, by handle.
  package private(set) var peers: [Handle: Peer] = [:]
  /// Root keys that are never taken again.
  package private(set) var revokedRoots: Set<RootKey> = []

  private var handlesByNodeKey: [NodeKey: Handle] = [:]
  private var handlesByRootKey: [RootKey: Handle] = [:]
  private var handlesBySkeleton: [String: Handle] = [:]

  init() {}
}

// MARK: Lookups

extension Registry {
  /// The peer of that handle, whatever its state.
  package func peer(_ handle: Handle) -> Peer? { peers[handle] }

  /// The peer whose newest card has that root key, whatever its state.
  package func peer(rootKey: RootKey) -> Peer? { handlesByRootKey[rootKey].flatMap { peers[$0] } }

  /// The active peer whose newest card names that node key and is in force at `now`.
  package func activePeer(nodeKey: NodeKey, at now: Timestamp) -> Peer? {
    guard let peer = handlesByNodeKey[nodeKey].flatMap({ peers[$0] }) else { return nil }
    return peer.isAccepted(at: now) ? peer : nil
  }

  /// The active peer of that handle, where its card is in force at `now`.
  package func activePeer(_ handle: Handle, at now: Timestamp) -> Peer? {
    guard let peer = peers[handle], peer.isAccepted(at: now) else { return nil }
    return peer
  }

  /// The cards whose member cards are believed at `now`: this node's own and every accepted peer's.
  package func trustedCards(at now: Timestamp) -> [Handle: Signed<NodeCard>] {
    var cards = peers.filter { $0.value.isAccepted(at: now) }.mapValues(\.card)
    if let ownCard { cards[ownCard.content.handle] = ownCard }
    return cards
  }
}

extension Registry.Peer {
  /// Whether the peer's links are accepted at `now`: it is active and its card is in force.
  package func isAccepted(at now: Timestamp) -> Bool {
    state == .active && (try? card.checkInForce(at: now)) != nil
  }
}

// MARK: Changes

extension Registry {
  /// Applies `act`, decided by the administrator of `key` at `time`. Where it throws, nothing has changed.
  mutating func apply(_ act: Act, by key: AdministratorKey, at time: Timestamp) throws(TrustError) {
    guard !administrators.isEmpty else {
      // The first entry: the first owner names themselves.
      guard case .administratorNamed(let first) = act, first.key == key, first.role == .owner else {
        throw TrustError(.notPermitted, "the log does not begin with an owner who names themselves")
      }
      administrators[key] = first
      return
    }
    guard let administrator = administrators[key] else {
      throw TrustError(.notPermitted, "the key that signed the decision is no administrator's")
    }
    // Every role that exists so far decides everything.
    switch administrator.role {
    case .owner: break
    }
    switch act {
    case .administratorNamed(let new): try name(new)
    case .ownCardIssued(let card): try issue(card, at: time)
    case .peerProposed(let card): try propose(card, at: time)
    case .peerCardUpdated(let card): try update(card, at: time)
    case .peerVerified(let handle, let rootKey):
      guard try known(handle).card.content.rootKey == rootKey else {
        throw TrustError(.cardRefused, "the root key that was compared is not the one on the card of \(handle)")
      }
      try take(.verify, handle, at: time)
    case .peerActivated(let handle):
      let card = try known(handle).card
      do { try card.checkInForce(at: time) } catch { throw TrustError(error) }
      try take(.activate, handle, at: time)
    case .peerSuspended(let handle): try take(.suspend, handle, at: time)
    case .peerRevoked(let handle, let reason):
      guard !reason.isEmpty else { throw TrustError(.malformed, "a revocation needs a reason") }
      try take(.revoke, handle, at: time)
      peers[handle]?.reason = reason
      if let root = peers[handle]?.card.content.rootKey { revokedRoots.insert(root) }
    }
  }

  /// Applies what the node itself entered: a known peer's next card, signed by one of the node's own keys.
  mutating func apply(_ received: CardReceived) throws(TrustError) {
    guard let ownCard, ownCard.content.nodeKeys.contains(received.nodeKey) else {
      throw TrustError(.notPermitted, "the key that signed the entry is not this node's")
    }
    try update(received.card, at: received.receivedAt)
  }

  private mutating func name(_ new: Administrator) throws(TrustError) {
    guard administrators.count < Limits.administratorsMax else {
      throw TrustError(.limit, "a node has at most \(Limits.administratorsMax) administrators")
    }
    guard administrators[new.key] == nil else {
      throw TrustError(.wrongState, "this administrator is in the log already")
    }
    administrators[new.key] = new
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

  private mutating func propose(_ unverified: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) {
    let card = try verified(unverified, at: time)
    let handle = card.content.handle
    if let known = peers[handle] {
      try checkRoot(of: card, is: known)
      guard known.state == .revoked else {
        throw TrustError(.wrongState, "\(handle) is known already and is \(known.state); \(known.state.advice)")
      }
    } else {
      guard peers.count < Limits.peersMax else {
        throw TrustError(.limit, "the registry holds \(Limits.peersMax) peers, which is its limit")
      }
    }
    try checkIsOthers(card)
    enter(Peer(card: card, state: .proposed, changedAt: time))
  }

  private mutating func update(_ unverified: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) {
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

  private mutating func take(_ step: PeerState.Step, _ handle: Handle, at time: Timestamp) throws(TrustError) {
    let peer = try known(handle)
    guard let next = peer.state.after(step) else {
      throw TrustError(.wrongState, "cannot \(step) \(handle): it is \(peer.state); \(peer.state.advice)")
    }
    peers[handle]?.state = next
    peers[handle]?.changedAt = time
  }

  private func known(_ handle: Handle) throws(TrustError) -> Peer {
    guard let peer = peers[handle] else { throw TrustError(.unknownPeer, "there is no peer \(handle) in the registry") }
    return peer
  }

  private func verified(_ card: Unverified<NodeCard>, at time: Timestamp) throws(TrustError) -> Signed<NodeCard> {
    do {
      let card = try card.verifiedBySelf()
      try card.checkInForce(at: time)
      return card
    } catch { throw TrustError(error) }
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

  /// Neither this node's own name and keys, nor another peer's, nor what looks like one.
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
    if let before = peers[peer.handle]?.card.content {
      for key in before.nodeKeys { handlesByNodeKey[key] = nil }
      handlesByRootKey[before.rootKey] = nil
    }
    peers[peer.handle] = peer
    for key in peer.card.content.nodeKeys { handlesByNodeKey[key] = peer.handle }
    handlesByRootKey[peer.card.content.rootKey] = peer.handle
    handlesBySkeleton[LookAlike.skeleton(peer.handle)] = peer.handle
  }
}
