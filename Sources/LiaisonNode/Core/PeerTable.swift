package import LiaisonModel
package import LiaisonTrust

/// What the core needs to know of the registry: each known peer's card and standing.
package struct PeerTable: Sendable, Equatable {
  /// A peer's state, as far as delivery cares (ARCHITECTURE.md §6).
  package enum Standing: Sendable {
    /// Proposed or verified: known, and not yet trusted with anything.
    case known
    case active
    case suspended
    case revoked
  }

  /// One peer.
  package struct Peer: Sendable, Equatable {
    package var card: Signed<NodeCard>
    package var standing: Standing
    /// What it may do while it is active.
    package var policy: PeerPolicy

    /// A peer by the card that the registry holds for it.
    package init(card: Signed<NodeCard>, standing: Standing, policy: PeerPolicy = .initial) {
      self.card = card
      self.standing = standing
      self.policy = policy
    }
  }

  package private(set) var peers: [Handle: Peer]

  /// The peers of a registry, keyed by the handles of their cards.
  package init(_ peers: [Peer] = []) {
    self.peers = Dictionary(peers.map { ($0.card.content.handle, $0) }, uniquingKeysWith: { $1 })
  }

  /// The peers of the trust log's registry; an active one whose card is not in force at `now` counts as suspended.
  package init(_ registry: Registry, at now: Timestamp) {
    self.init(
      registry.peers.values.map { peer in
        let standing: Standing =
          switch peer.state {
          case .proposed, .verified: .known
          case .active: peer.isAccepted(at: now) ? .active : .suspended
          case .suspended: .suspended
          case .revoked: .revoked
          }
        return Peer(card: peer.card, standing: standing, policy: peer.policy)
      })
  }

  /// The peer of this handle, in whatever standing.
  package subscript(_ handle: Handle) -> Peer? { peers[handle] }

  /// Whether its link and its messages are taken.
  package func isActive(_ handle: Handle) -> Bool { peers[handle]?.standing == .active }

  /// Whether a link with it is made and taken.
  package func takesLinks(of handle: Handle) -> Bool { isActive(handle) && peers[handle]?.policy.way == .link }

  /// The active peers, lowest handle first.
  package var active: [Handle] { peers.filter { $0.value.standing == .active }.keys.sorted() }

  /// Cards of those whose members may enter rooms now.
  package var activeCards: [Handle: Signed<NodeCard>] {
    peers.filter { $0.value.standing == .active }.mapValues(\.card)
  }

  /// Cards of all that were ever trusted: members that are in rooms already are still followed by these.
  package var trustedOnceCards: [Handle: Signed<NodeCard>] {
    peers.filter { $0.value.standing != .known }.mapValues(\.card)
  }
}
