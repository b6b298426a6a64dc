internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import TestKit

/// A node without its network: its core, over a store that outlives it.
final class SimulatedNode {
  let card: Signed<NodeCard>
  private let identity: NodeIdentity
  private var store: SQLiteNodeStore
  private var peers = PeerTable()
  private var core: NodeCore<SQLiteNodeStore>?
  /// Grows with each start.
  private(set) var incarnation = 0
  var plannedWake: Timestamp?
  var answer: AdministrationAnswer?

  init(_ handle: Handle, generator: inout SeededGenerator, now: Timestamp) throws {
    let root = try SigningKey<RootPurpose>(seed: generator.bytes(32))
    let key = try SigningKey<NodePurpose>(seed: generator.bytes(32))
    card = Signed(
      try NodeCard(
        handle: handle, country: "XA", name: "Simulated \(handle)", rootKey: root.publicKey,
        nodeKeys: [key.publicKey], endpoints: [], serial: 1, issuedAt: now,
        expiresAt: now.adding(milliseconds: 365 * 86_400_000)), by: root)
    identity = try NodeIdentity(card: card, key: key)
    store = try SQLiteNodeStore.inMemory()
  }

  var isUp: Bool { core != nil }
  var wakeAt: Timestamp? { core?.wakeAt }

  func befriend(_ cards: [Signed<NodeCard>]) {
    peers = PeerTable(cards.map { PeerTable.Peer(card: $0, standing: .active) })
  }

  func start() {
    guard core == nil else { return }
    incarnation += 1
    plannedWake = nil
    core = NodeCore(identity: identity, peers: peers, store: store)
  }

  func stop() { core = nil }

  /// What a backup of its disk holds.
  func backUp() throws -> SQLiteNodeStore { try store.copy() }

  /// Starts from this backup the next time. It may be used again.
  func restore(_ backup: SQLiteNodeStore) throws {
    stop()
    store = try backup.copy()
  }

  func process(_ inputs: [Input], now: Timestamp, generator: inout SeededGenerator) -> [Output] {
    core?.process(inputs, now: now, random: &generator) ?? []
  }
}
