internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// What this device knows of a country's node. The root key of the first card stays the only one that counts.
struct NodeRecord: TLSCodable {
  let rootKey: RootKey
  var card: Unverified<NodeCard>
  var isActive: Bool
  /// A card under another root key, which was refused.
  var refused: Unverified<NodeCard>?

  init(_ card: Signed<NodeCard>, isActive: Bool) {
    rootKey = card.content.rootKey
    self.card = card.unverified
    self.isActive = isActive
  }

  /// The card, which the pinned root key signed.
  var verified: Signed<NodeCard>? { try? card.verified(by: rootKey) }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a node's record has an unknown format") }
    rootKey = try decoder.read()
    card = try decoder.read()
    isActive = try decoder.read(UInt8.self) == 1
    refused = try decoder.readOptional()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(rootKey)
    encoder.write(card)
    encoder.write(UInt8(isActive ? 1 : 0))
    encoder.write(optional: refused)
  }
}

extension ProfileTransaction {
  func node(_ handle: Handle) throws -> NodeRecord? {
    try db.value(Data.self, sql: "SELECT value FROM nodes WHERE node = ?", arguments: [Data(index(handle))])
      .map { try open($0, "nodes", index(handle)) }
  }

  func nodes() throws -> [NodeRecord] {
    if let nodes = cache[\.nodes] { return nodes }
    let nodes: [NodeRecord] = try db.rows(sql: "SELECT node, value FROM nodes").map { row in
      try open(row["value"], "nodes", Array(row["node"] as Data))
    }
    cache[\.nodes] = nodes
    return nodes
  }

  func save(_ node: NodeRecord, _ handle: Handle) throws {
    let row = index(handle)
    try db.run(
      sql: "INSERT INTO nodes (node, value) VALUES (?, ?) ON CONFLICT (node) DO UPDATE SET value = excluded.value",
      arguments: [Data(row), seal(node, "nodes", row)])
    cache[\.nodes] = nil
  }

  /// The nodes' cards that their pinned root keys signed: what leaves of rooms are checked against.
  func nodeCards(where isWanted: (NodeRecord) -> Bool = { _ in true }) throws -> [Handle: Signed<NodeCard>] {
    var cards: [Handle: Signed<NodeCard>] = [:]
    for node in try nodes() where isWanted(node) {
      guard let card = node.verified else { continue }
      cards[card.content.handle] = card
    }
    return cards
  }

  /// Takes a card that the own node handed over. The first one of a handle pins its root; a later one counts only from
  /// that root and with a higher serial. One from another root is kept aside, to be shown.
  func take(_ unverified: Unverified<NodeCard>, isActive: Bool) throws {
    guard let card = try? unverified.verifiedBySelf() else { return }
    let handle = card.content.handle
    guard var node = try node(handle) else { return try save(NodeRecord(card, isActive: isActive), handle) }
    if node.rootKey != card.content.rootKey {
      guard node.refused != unverified else { return }
      node.refused = unverified
      return try save(node, handle)
    }
    let isNewer = card.content.serial > node.verified?.content.serial ?? 0
    guard isNewer || node.isActive != isActive else { return }
    if isNewer { node.card = unverified }
    node.isActive = isActive
    try save(node, handle)
  }
}
