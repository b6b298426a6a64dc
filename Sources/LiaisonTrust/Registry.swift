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
    /// Why it was revoked, or by whose notice it was suspended.
    package var reason: String?
    /// What it may do while it is active.
    package var policy = PeerPolicy.initial

    /// The peer's name in the network.
    package var handle: Handle { card.content.handle }
    /// What administrators compare.
    package var fingerprint: Fingerprint { card.content.fingerprint }
  }

  /// The people who decide, by key.
  package internal(set) var administrators: [AdministratorKey: Administrator] = [:]
  /// Keys that are never an administrator's again.
  package internal(set) var removedAdministrators: Set<AdministratorKey> = []
  /// How many of them sign what.
  package internal(set) var policy = Policy.initial
  /// What waits for signatures, by its place in the log; what has expired may still be among it.
  package internal(set) var proposals: [UInt64: Proposal] = [:]
  /// Heads of this log that were signed until then may speak of entries that are lost.
  package internal(set) var lostUntil = Timestamp(milliseconds: 0)
  /// The place of the decision that said so, where there is one.
  package internal(set) var lostBy: UInt64?
  /// This node's own card.
  package internal(set) var ownCard: Signed<NodeCard>?
  /// Every node key that a card of this node ever named: peers may have what it signed. Without those that the root key
  /// took off the card because they were stolen.
  package internal(set) var ownNodeKeys: Set<NodeKey> = []
  /// Every peer ever proposed, by handle.
  package internal(set) var peers: [Handle: Peer] = [:]
  /// Root keys that are never taken again.
  package internal(set) var revokedRoots: Set<RootKey> = []
  /// What peers are told of one another, by root key.
  package internal(set) var verdicts: [RootKey: Verdict] = [:]
  /// What peers gave notice of: the latest of each issuer about each root key.
  package internal(set) var notices: [RootKey: [Handle: KeptNotice]] = [:]

  /// The charter of the network that this node's administrators adopted.
  package internal(set) var adoptedCharter: AdoptedCharter?

  var handlesByNodeKey: [NodeKey: Handle] = [:]
  var handlesByRootKey: [RootKey: Handle] = [:]
  var handlesBySkeleton: [String: Handle] = [:]

  init() {}
}

// MARK: Lookups

extension Registry {
  /// A head of this node's own log, signed by any key that it ever had; nil for anything else.
  package func ownHead(_ head: Unverified<LogHead>) -> LogHead? {
    guard let content = try? head.verified(byOneOf: ownNodeKeys).content, content.handle == ownCard?.content.handle
    else { return nil }
    return content
  }

  /// What waits for signatures and has not expired at `now`, the oldest first.
  package func openProposals(at now: Timestamp) -> [Proposal] {
    proposals.values.filter { now < $0.expiresAt }.sorted { $0.sequence < $1.sequence }
  }

  /// The administrator of that name, in whatever case it is written.
  package func administrator(named name: String) -> Administrator? {
    administrators.values.first { $0.name.lowercased() == name.lowercased() }
  }

  /// The peer of that handle, whatever its state.
  package func peer(_ handle: Handle) -> Peer? { peers[handle] }

  /// The peer whose newest card names that node key, whatever its state.
  package func peer(nodeKey: NodeKey) -> Peer? { handlesByNodeKey[nodeKey].flatMap { peers[$0] } }

  /// The verified, active or suspended peer whose newest card has that root key.
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
