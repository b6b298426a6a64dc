internal import TLSPresentation

extension SecretTree {
  /// Writes what has changed.
  package mutating func save(_ epoch: UInt64, _ binding: RecordBinding, to storage: inout some GroupStorage) throws {
    for node in nodeChanges.removed { try storage.remove(.secretNode(epoch, node)) }
    for node in nodeChanges.added {
      guard let secret = nodes[node] else { continue }
      let key = RecordKey.secretNode(epoch, node)
      try storage.write(wiping: binding.record(key) { $0.write(sealing: secret) }, for: key)
    }
    for id in changedRatchets {
      guard let ratchet = ratchets[id] else { continue }
      let key = RecordKey.ratchet(epoch, id)
      try storage.write(wiping: binding.record(key) { ratchet.encode(to: &$0) }, for: key)
      for generation in ratchet.skippedChanges.removed { try storage.remove(.messageKey(epoch, id, generation)) }
      for generation in ratchet.skippedChanges.added {
        guard let messageKey = ratchet.skipped[generation] else { continue }
        let key = RecordKey.messageKey(epoch, id, generation)
        try storage.write(wiping: binding.record(key) { messageKey.encode(to: &$0) }, for: key)
      }
    }
    forgetChanges()
  }

  /// Reads the whole tree of an epoch.
  package static func load(
    _ epoch: UInt64, _ binding: RecordBinding, leafCount: Int, from storage: some GroupStorage
  ) throws -> SecretTree {
    var nodes: [NodeIndex: Secret] = [:]
    for record in try storage.records(in: RecordKey.all(.secretNode, of: epoch...epoch)) {
      nodes[try record.nodeIndex] = try binding.read(record) { (decoder) throws(TLSPresentationError) in
        try decoder.readSecret()
      }
    }
    var skipped: [RatchetID: [UInt32: MessageKey]] = [:]
    for record in try storage.records(in: RecordKey.all(.messageKey, of: epoch...epoch)) {
      let (id, generation, key) = try messageKey(record, binding)
      skipped[id, default: [:]][generation] = key
    }
    var ratchets: [RatchetID: HashRatchet] = [:]
    for record in try storage.records(in: RecordKey.all(.ratchet, of: epoch...epoch)) {
      let id = try ratchetID(record.key.item)
      ratchets[id] = try ratchet(record, binding, skipped: skipped.removeValue(forKey: id) ?? [:])
    }
    guard skipped.isEmpty else { throw TLSPresentationError.invalid("a message key without its ratchet") }
    let tree = SecretTree(leafCount: leafCount, nodes: nodes, ratchets: ratchets)
    guard tree.coversEachLeafOnce else { throw TLSPresentationError.invalid("a secret tree with a gap") }
    return tree
  }

  /// Reads what is needed for one sender's messages. The result can store its changes, and is of no other use.
  package static func load(
    _ leaf: LeafIndex, _ epoch: UInt64, _ binding: RecordBinding, leafCount: Int, from storage: some GroupStorage
  ) throws -> SecretTree {
    var ratchets: [RatchetID: HashRatchet] = [:]
    for kind in [RatchetKind.handshake, .application] {
      let id = RatchetID(leaf: leaf, kind: kind)
      let key = RecordKey.ratchet(epoch, id)
      guard let value = try storage.record(key) else { continue }
      var skipped: [UInt32: MessageKey] = [:]
      for record in try storage.records(in: RecordKey.messageKeys(epoch, id)) {
        skipped[try messageKey(record, binding).generation] = try messageKey(record, binding).key
      }
      ratchets[id] = try ratchet(StoredRecord(key: key, value: value), binding, skipped: skipped)
    }
    var nodes: [NodeIndex: Secret] = [:]
    if ratchets.isEmpty, Int(leaf.rawValue) < leafCount {
      let node = NodeIndex(leaf)
      for node in [node] + TreeShape(holding: leafCount).directPath(of: node) {
        let key = RecordKey.secretNode(epoch, node)
        guard let value = try storage.record(key) else { continue }
        nodes[node] = try binding.read(StoredRecord(key: key, value: value)) {
          (decoder) throws(TLSPresentationError) in try decoder.readSecret()
        }
      }
    }
    guard ratchets.count == 2 ? nodes.isEmpty : ratchets.isEmpty && nodes.count == 1 else {
      throw TLSPresentationError.invalid("a secret tree with a gap")
    }
    return SecretTree(leafCount: leafCount, nodes: nodes, ratchets: ratchets)
  }

  private static func ratchetID(_ item: UInt64) throws(TLSPresentationError) -> RatchetID {
    guard let id = RatchetID(item: item) else { throw .invalid("the key of a stored ratchet") }
    return id
  }

  private static func ratchet(
    _ record: StoredRecord, _ binding: RecordBinding, skipped: [UInt32: MessageKey]
  ) throws(TLSPresentationError) -> HashRatchet {
    try binding.read(record) { (decoder) throws(TLSPresentationError) in
      try HashRatchet(from: &decoder, skipped: skipped)
    }
  }

  private static func messageKey(
    _ record: StoredRecord, _ binding: RecordBinding
  ) throws(TLSPresentationError) -> (id: RatchetID, generation: UInt32, key: MessageKey) {
    let key = try binding.read(record) { (decoder) throws(TLSPresentationError) in try MessageKey(from: &decoder) }
    return (try ratchetID(record.key.item >> 32), UInt32(truncatingIfNeeded: record.key.item), key)
  }

  /// Whether each leaf's secrets are held in one place: as its two ratchets, or below one node.
  private var coversEachLeafOnce: Bool {
    let shape = TreeShape(holding: leafCount)
    var covered = nodes.keys.map(\.leaves)
    for id in ratchets.keys where id.kind == .application {
      guard ratchets[RatchetID(leaf: id.leaf, kind: .handshake)] != nil else { return false }
      covered.append(id.leaf.rawValue...id.leaf.rawValue)
    }
    guard ratchets.count % 2 == 0, ratchets.count / 2 + nodes.count == covered.count else { return false }
    covered.sort { $0.lowerBound < $1.lowerBound }
    var next = 0
    for leaves in covered {
      guard Int(leaves.lowerBound) == next else { return false }
      next = Int(leaves.upperBound) + 1
    }
    return next == shape.leafCount
  }
}

extension HashRatchet {
  /// Without the keys that wait, which are stored apart.
  fileprivate func encode(to encoder: inout TLSEncoder) {
    encoder.write(generation)
    encoder.write(UInt8(secret == nil ? 0 : 1))
    if let secret { encoder.write(sealing: secret) }
  }

  fileprivate init(
    from decoder: inout TLSDecoder, skipped: [UInt32: MessageKey]
  ) throws(TLSPresentationError) {
    let generation: UInt32 = try decoder.read()
    self.init(
      generation: generation, secret: try decoder.read(UInt8.self) == 1 ? try decoder.readSecret() : nil,
      skipped: skipped)
  }
}

extension MessageKey {
  fileprivate func encode(to encoder: inout TLSEncoder) {
    encoder.write(sealing: key)
    encoder.write(sealing: nonce)
  }

  fileprivate init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    self.init(key: try decoder.readSecret(), nonce: try decoder.readSecret())
  }
}
