/// Which of a sender's two ratchets (RFC 9420 §9).
package enum RatchetKind: Sendable {
  case handshake, application

  package init(_ contentType: ContentType) {
    self = contentType == .application ? .application : .handshake
  }
}

/// One of the two ratchets of a leaf.
package struct RatchetID: Hashable, Sendable {
  package let leaf: LeafIndex
  package let kind: RatchetKind

  package init(leaf: LeafIndex, kind: RatchetKind) {
    self.leaf = leaf
    self.kind = kind
  }
}

/// The secret tree of an epoch (RFC 9420 §9). Secrets are derived when they are first needed, and are gone as soon as
/// what follows from them has been derived (§9.2).
package struct SecretTree: Sendable {
  package let leafCount: Int
  /// Secrets of nodes that have not been consumed: together they cover every leaf that has no ratchets yet.
  package private(set) var nodes: [NodeIndex: Secret]
  /// Both of a leaf, or none.
  package private(set) var ratchets: [RatchetID: HashRatchet]
  /// Which of ``nodes`` have come or gone since they were stored.
  package private(set) var nodeChanges = SetChanges<NodeIndex>()
  /// The ratchets that have changed since they were stored.
  package private(set) var changedRatchets: Set<RatchetID> = []

  package init(encryptionSecret: Secret, leafCount: Int) {
    let root = TreeShape(holding: leafCount).root
    self.init(leafCount: leafCount, nodes: [root: encryptionSecret], ratchets: [:])
    nodeChanges.insert(root)
  }

  /// One that was stored.
  package init(leafCount: Int, nodes: [NodeIndex: Secret], ratchets: [RatchetID: HashRatchet]) {
    self.leafCount = leafCount
    self.nodes = nodes
    self.ratchets = ratchets
  }

  /// The next key of a sender's ratchet.
  package mutating func next(
    _ leaf: LeafIndex, _ kind: RatchetKind, _ suite: Suite
  ) throws(MLSError) -> (generation: UInt32, key: MessageKey) {
    try expand(to: leaf, suite)
    let id = RatchetID(leaf: leaf, kind: kind)
    changedRatchets.insert(id)
    guard let next = try ratchets[id]?.next(suite) else { throw .keyConsumed }
    return next
  }

  /// The key of the message of a sender that has this generation.
  package mutating func take(
    _ leaf: LeafIndex, _ kind: RatchetKind, generation: UInt32, _ suite: Suite, _ limits: RatchetLimits
  ) throws(MLSError) -> MessageKey {
    try expand(to: leaf, suite)
    let id = RatchetID(leaf: leaf, kind: kind)
    changedRatchets.insert(id)
    guard let key = try ratchets[id]?.take(generation, suite, limits) else { throw .keyConsumed }
    return key
  }

  /// A sender's ratchet as it is, for ``restore(_:_:_:)``.
  package mutating func ratchet(_ leaf: LeafIndex, _ kind: RatchetKind, _ suite: Suite) throws(MLSError) -> HashRatchet
  {
    try expand(to: leaf, suite)
    guard let ratchet = ratchets[RatchetID(leaf: leaf, kind: kind)] else { throw .keyConsumed }
    return ratchet
  }

  /// Puts a ratchet back that a message advanced which turned out not to be genuine: it could otherwise cost the keys of
  /// messages that are.
  package mutating func restore(_ leaf: LeafIndex, _ kind: RatchetKind, _ ratchet: HashRatchet) {
    ratchets[RatchetID(leaf: leaf, kind: kind)] = ratchet
  }

  /// Whether anything is left of which this message's key could be had.
  package func canDerive(_ leaf: LeafIndex, _ kind: RatchetKind, generation: UInt32) -> Bool {
    if let ratchet = ratchets[RatchetID(leaf: leaf, kind: kind)] { return ratchet.canDerive(generation) }
    return nodes.keys.contains { $0.isAncestor(of: leaf) }
  }

  /// Derives a leaf's ratchets, and the secrets of the siblings of all nodes on the way; those of the way are deleted.
  private mutating func expand(to leaf: LeafIndex, _ suite: Suite) throws(MLSError) {
    guard ratchets[RatchetID(leaf: leaf, kind: .application)] == nil else { return }
    guard Int(leaf.rawValue) < leafCount else { throw .unknownMember(leaf) }
    let target = NodeIndex(leaf)
    let path = [target] + TreeShape(holding: leafCount).directPath(of: target)
    guard let start = path.firstIndex(where: { nodes[$0] != nil }) else { throw .keyConsumed }
    for node in path[...start].reversed() {
      guard let secret = nodes.removeValue(forKey: node) else { throw .keyConsumed }
      nodeChanges.remove(node)
      guard let left = node.left, let right = node.right else {
        for (kind, label) in [(RatchetKind.handshake, "handshake"), (.application, "application")] {
          let id = RatchetID(leaf: leaf, kind: kind)
          ratchets[id] = HashRatchet(secret: suite.deriveSecret(secret, label))
          changedRatchets.insert(id)
        }
        return
      }
      for (child, label) in [(left, "left"), (right, "right")] {
        nodes[child] = suite.expandWithLabel(secret, "tree", context: Array(label.utf8), length: suite.hashLength)
        nodeChanges.insert(child)
      }
    }
  }

  package mutating func forgetChanges() {
    nodeChanges = SetChanges()
    for id in changedRatchets { ratchets[id]?.forgetChanges() }
    changedRatchets = []
  }

  /// Has every secret written again when it is next stored.
  package mutating func markAllChanged() {
    forgetChanges()
    for node in nodes.keys { nodeChanges.insert(node) }
    for id in ratchets.keys {
      changedRatchets.insert(id)
      ratchets[id]?.markAllChanged()
    }
  }
}
