package import TLSPresentation

/// Which of a sender's two ratchets (RFC 9420 §9).
package enum RatchetKind: Sendable {
  case handshake, application

  package init(_ contentType: ContentType) {
    self = contentType == .application ? .application : .handshake
  }
}

/// The secret tree of an epoch (RFC 9420 §9). Secrets are derived when they are first needed, and are gone as soon as
/// what follows from them has been derived (§9.2).
package struct SecretTree: Sendable, Equatable {
  private struct Leaf: Sendable, Equatable {
    package var handshake: HashRatchet
    package var application: HashRatchet
  }

  package let leafCount: Int
  /// Secrets of nodes that have not been consumed: together they cover every leaf that has no ratchets yet.
  private var nodes: [NodeIndex: Secret]
  private var leaves: [LeafIndex: Leaf] = [:]

  package init(encryptionSecret: Secret, leafCount: Int) {
    self.leafCount = leafCount
    nodes = [TreeShape(holding: leafCount).root: encryptionSecret]
  }

  /// The next key of a sender's ratchet.
  package mutating func next(
    _ leaf: LeafIndex, _ kind: RatchetKind, _ suite: Suite
  ) throws(MLSError) -> (generation: UInt32, key: MessageKey) {
    try expand(to: leaf, suite)
    guard var ratchets = leaves.removeValue(forKey: leaf) else { throw .keyConsumed }
    defer { leaves[leaf] = ratchets }
    switch kind {
    case .handshake: return try ratchets.handshake.next(suite)
    case .application: return try ratchets.application.next(suite)
    }
  }

  /// The key of the message of a sender that has this generation.
  package mutating func take(
    _ leaf: LeafIndex, _ kind: RatchetKind, generation: UInt32, _ suite: Suite, _ limits: RatchetLimits
  ) throws(MLSError) -> MessageKey {
    try expand(to: leaf, suite)
    guard var ratchets = leaves.removeValue(forKey: leaf) else { throw .keyConsumed }
    defer { leaves[leaf] = ratchets }
    switch kind {
    case .handshake: return try ratchets.handshake.take(generation, suite, limits)
    case .application: return try ratchets.application.take(generation, suite, limits)
    }
  }

  /// Undoes ``take(_:_:generation:_:_:)`` for a message that turned out not to be genuine.
  package mutating func restore(_ leaf: LeafIndex, _ kind: RatchetKind, generation: UInt32, _ key: MessageKey) {
    switch kind {
    case .handshake: leaves[leaf]?.handshake.restore(generation, key)
    case .application: leaves[leaf]?.application.restore(generation, key)
    }
  }

  /// Whether anything is left of which this message's key could be had.
  package func canDerive(_ leaf: LeafIndex, _ kind: RatchetKind, generation: UInt32) -> Bool {
    if let ratchets = leaves[leaf] {
      return (kind == .handshake ? ratchets.handshake : ratchets.application).canDerive(generation)
    }
    return nodes.keys.contains { $0.isAncestor(of: leaf) }
  }

  /// Derives a leaf's ratchets, and the secrets of the siblings of all nodes on the way; those of the way are deleted.
  private mutating func expand(to leaf: LeafIndex, _ suite: Suite) throws(MLSError) {
    guard leaves[leaf] == nil else { return }
    guard Int(leaf.rawValue) < leafCount else { throw .unknownMember(leaf) }
    let target = NodeIndex(leaf)
    let path = [target] + TreeShape(holding: leafCount).directPath(of: target)
    guard let start = path.firstIndex(where: { nodes[$0] != nil }) else { throw .keyConsumed }
    for node in path[...start].reversed() {
      guard let secret = nodes.removeValue(forKey: node) else { throw .keyConsumed }
      guard let left = node.left, let right = node.right else {
        leaves[leaf] = Leaf(
          handshake: HashRatchet(secret: suite.deriveSecret(secret, "handshake")),
          application: HashRatchet(secret: suite.deriveSecret(secret, "application")))
        return
      }
      let length = suite.hashLength
      nodes[left] = suite.expandWithLabel(secret, "tree", context: Array("left".utf8), length: length)
      nodes[right] = suite.expandWithLabel(secret, "tree", context: Array("right".utf8), length: length)
    }
  }
}

extension SecretTree: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt32(truncatingIfNeeded: leafCount))
    encoder.writeVector { encoder in
      for (node, secret) in nodes.sorted(by: { $0.key < $1.key }) {
        encoder.write(UInt32(truncatingIfNeeded: node.value))
        encoder.write(sealing: secret)
      }
    }
    encoder.writeVector { encoder in
      for (leaf, ratchets) in leaves.sorted(by: { $0.key < $1.key }) {
        encoder.write(leaf)
        encoder.write(ratchets.handshake)
        encoder.write(ratchets.application)
      }
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    leafCount = Int(try decoder.read(UInt32.self))
    guard (1...RatchetTree.leafCountMax).contains(leafCount) else { throw .invalid("a secret tree's size") }
    nodes = [:]
    var content = try decoder.readVectorContent()
    while !content.isAtEnd {
      let node = NodeIndex(Int(try content.read(UInt32.self)))
      nodes[node] = try content.readSecret()
    }
    content = try decoder.readVectorContent()
    while !content.isAtEnd {
      let leaf: LeafIndex = try content.read()
      leaves[leaf] = Leaf(handshake: try content.read(), application: try content.read())
    }
  }
}
