public import TLSPresentation

/// The public part of a group's ratchet tree (RFC 9420 §7 and §12.4.3.3). One that was decoded has the right shape; that
/// it is a group's tree is known once a ``Group`` or a ``PublicGroup`` has taken it.
public struct RatchetTree: Sendable, Equatable, TLSCodable {
  /// More leaves than any group of this library has.
  package static let leafCountMax = 1 << 20

  /// As long as the full tree; nil stands for a blank node.
  package private(set) var nodes: ChunkedArray<Node?>
  /// Tree hashes that are still right, by node.
  package var hashes: ChunkedArray<[UInt8]?>
  /// The nodes that differ, or may differ, from those of the tree that this one was made of: of the present epoch's tree
  /// for one that is to follow it.
  package private(set) var changes: Set<NodeIndex> = []
  /// What ``nodes`` hold, counted.
  package private(set) var contents: TreeContents

  /// A tree of one leaf.
  package init(_ leaf: LeafNode) {
    self.init(nodes: [.leaf(leaf)])
  }

  private init(nodes: [Node?]) {
    self.nodes = ChunkedArray(nodes)
    hashes = ChunkedArray(repeating: nil, count: nodes.count)
    contents = TreeContents(nodes)
  }

  public static func == (a: Self, b: Self) -> Bool { a.nodes == b.nodes }

  package var shape: TreeShape { TreeShape(holding: (nodes.count + 1) / 2) }

  package var leafCount: Int { (nodes.count + 1) / 2 }

  // MARK: Nodes

  /// The leaf at an index, nil where it is blank or outside the tree.
  public subscript(leaf: LeafIndex) -> LeafNode? {
    guard Int(leaf.rawValue) < leafCount, case .leaf(let node)? = nodes[2 * Int(leaf.rawValue)] else { return nil }
    return node
  }

  /// nil where it is blank or outside the tree.
  package func node(_ index: NodeIndex) -> Node? {
    nodes.indices.contains(index.value) ? nodes[index.value] : nil
  }

  package func parent(_ node: NodeIndex) -> ParentNode? {
    guard node.value < nodes.count, case .parent(let parent)? = nodes[node.value] else { return nil }
    return parent
  }

  package func isBlank(_ node: NodeIndex) -> Bool { node.value >= nodes.count || nodes[node.value] == nil }

  package func encryptionKey(of node: NodeIndex) -> HPKEPublicKey? {
    guard node.value < nodes.count else { return nil }
    switch nodes[node.value] {
    case .leaf(let leaf): return leaf.encryptionKey
    case .parent(let parent): return parent.encryptionKey
    case nil: return nil
    }
  }

  /// The leaves that are not blank, from the left.
  public var leaves: [(index: LeafIndex, node: LeafNode)] {
    stride(from: 0, to: nodes.count, by: 2).compactMap { index in
      guard case .leaf(let leaf)? = nodes[index] else { return nil }
      return (LeafIndex(UInt32(truncatingIfNeeded: index / 2)), leaf)
    }
  }

  /// The number of leaves that are not blank.
  public var memberCount: Int {
    stride(from: 0, to: nodes.count, by: 2).count { nodes[$0] != nil }
  }

  /// Replaces a node within the tree, and forgets the hashes that depend on it.
  package mutating func set(_ node: NodeIndex, to value: Node?) {
    guard node.value < nodes.count else { return }
    contents.replace(nodes[node.value], by: value)
    nodes[node.value] = value
    changes.insert(node)
    invalidateHashes(from: node)
  }

  package mutating func forgetChanges() {
    changes = []
  }

  /// Where a node's hash is not remembered, none above it is.
  private mutating func invalidateHashes(from node: NodeIndex) {
    let shape = shape
    var node: NodeIndex? = node
    while let index = node, hashes[index.value] != nil {
      hashes[index.value] = nil
      node = shape.parent(of: index)
    }
  }

  package mutating func blankDirectPath(of leaf: LeafIndex) {
    for node in shape.directPath(of: NodeIndex(leaf)) where !isBlank(node) { set(node, to: nil) }
  }

  // MARK: Resolutions and paths

  /// RFC 9420 §4.1.1.
  package func resolution(of node: NodeIndex) -> [NodeIndex] {
    var result: [NodeIndex] = []
    appendResolution(of: node, to: &result)
    return result
  }

  private func appendResolution(of node: NodeIndex, to result: inout [NodeIndex]) {
    guard node.value < nodes.count else { return }
    switch nodes[node.value] {
    case .leaf: result.append(node)
    case .parent(let parent):
      result.append(node)
      result.append(contentsOf: parent.unmergedLeaves.map { NodeIndex($0) })
    case nil:
      guard let left = node.left, let right = node.right else { return }
      appendResolution(of: left, to: &result)
      appendResolution(of: right, to: &result)
    }
  }

  private func hasEmptyResolution(_ node: NodeIndex) -> Bool {
    guard isBlank(node) else { return false }
    guard let left = node.left, let right = node.right else { return true }
    return hasEmptyResolution(left) && hasEmptyResolution(right)
  }

  /// A node of a filtered direct path, with its child on the copath.
  package struct PathStep: Sendable, Equatable {
    package let node: NodeIndex
    package let copathChild: NodeIndex
  }

  /// The direct path of a leaf without the nodes whose copath child has an empty resolution (RFC 9420 §4.1.2).
  package func filteredDirectPath(of leaf: LeafIndex) -> [PathStep] {
    let node = NodeIndex(leaf)
    return zip(shape.directPath(of: node), shape.copath(of: node)).compactMap { step in
      hasEmptyResolution(step.1) ? nil : PathStep(node: step.0, copathChild: step.1)
    }
  }

  // MARK: Adding and removing leaves, RFC 9420 §7.7

  /// The leftmost blank leaf at or after `start`, extending the tree where there is none.
  package mutating func blankLeaf(from start: Int = 0) -> LeafIndex {
    for leaf in start..<max(start, leafCount) where nodes[2 * leaf] == nil {
      return LeafIndex(UInt32(truncatingIfNeeded: leaf))
    }
    let leaf = LeafIndex(UInt32(truncatingIfNeeded: leafCount))
    resize(to: 2 * nodes.count + 1)
    return leaf
  }

  /// Places a leaf as the application of an Add does (RFC 9420 §12.1.1).
  @discardableResult
  package mutating func add(_ leaf: LeafNode, from start: Int = 0) -> LeafIndex {
    let index = blankLeaf(from: start)
    set(NodeIndex(index), to: .leaf(leaf))
    for node in shape.directPath(of: NodeIndex(index)) {
      guard var parent = parent(node) else { continue }
      let place = parent.unmergedLeaves.firstIndex { $0 > index } ?? parent.unmergedLeaves.endIndex
      parent.unmergedLeaves.insert(index, at: place)
      set(node, to: .parent(parent))
    }
    return index
  }

  /// Replaces a leaf as the application of an Update does (RFC 9420 §12.1.2).
  package mutating func update(_ index: LeafIndex, to leaf: LeafNode) {
    set(NodeIndex(index), to: .leaf(leaf))
    blankDirectPath(of: index)
  }

  /// Blanks a leaf and its direct path; ``truncate()`` completes the application of Removes (RFC 9420 §12.1.3).
  package mutating func blank(_ index: LeafIndex) {
    set(NodeIndex(index), to: nil)
    blankDirectPath(of: index)
  }

  /// Halves the tree while its right half holds no leaf.
  package mutating func truncate() {
    let leaves = stride(from: nodes.count - 1, through: 0, by: -2)
    guard let last = leaves.first(where: { nodes[$0] != nil }) else { return }
    let count = TreeShape(holding: last / 2 + 1).nodeCount
    if count < nodes.count { resize(to: count) }
  }

  private mutating func resize(to count: Int) {
    for node in nodes.indices.dropFirst(count) where nodes[node] != nil {
      contents.replace(nodes[node], by: nil)
      changes.insert(NodeIndex(node))
    }
    nodes.resize(to: count, filling: nil)
    hashes.resize(to: count, filling: nil)
  }

  // MARK: Storing

  /// A tree that was stored node by node. It is checked by its hash.
  package init(nodeCount: Int, nodes stored: some Sequence<(index: NodeIndex, node: Node)>) throws(TLSPresentationError)
  {
    try Self.check(nodeCount: nodeCount)
    var nodes = [Node?](repeating: nil, count: nodeCount)
    for (index, node) in stored {
      try Self.checkPlace(of: node, at: index, nodeCount)
      nodes[index.value] = node
    }
    self.init(nodes: nodes)
  }

  /// This tree with the nodes that a stored commit changes.
  package func changed(
    nodeCount: Int, nodes: [(index: NodeIndex, node: Node?)]
  ) throws(TLSPresentationError) -> RatchetTree {
    try Self.check(nodeCount: nodeCount)
    var tree = self
    tree.resize(to: nodeCount)
    tree.hashes[tree.shape.root.value] = nil
    for (index, node) in nodes {
      try Self.checkPlace(of: node, at: index, nodeCount)
      tree.set(index, to: node)
    }
    return tree
  }

  private static func check(nodeCount: Int) throws(TLSPresentationError) {
    guard (1..<2 * leafCountMax).contains(nodeCount), (nodeCount + 1) & nodeCount == 0 else {
      throw .invalid("the size of a stored tree")
    }
  }

  private static func checkPlace(of node: Node?, at index: NodeIndex, _ nodeCount: Int) throws(TLSPresentationError) {
    switch node {
    case .leaf where !index.isLeaf, .parent where index.isLeaf: throw .invalid("a stored node is out of place")
    default: break
    }
    guard (0..<nodeCount).contains(index.value) else { throw .invalid("a stored node is outside its tree") }
  }

  // MARK: Encoding, RFC 9420 §12.4.3.3

  public func encode(to encoder: inout TLSEncoder) {
    let end = (nodes.lastIndex { $0 != nil } ?? -1) + 1
    encoder.writeVector { encoder in
      for node in nodes[..<end] { encoder.write(optional: node) }
    }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    var content = try decoder.readVectorContent()
    var nodes: [Node?] = []
    while !content.isAtEnd {
      let node = try content.readOptional(Node.self)
      switch node {
      case .leaf where nodes.count & 1 == 1: throw .invalid("a leaf stands in a parent's place")
      case .parent where nodes.count & 1 == 0: throw .invalid("a parent stands in a leaf's place")
      default: nodes.append(node)
      }
      guard nodes.count < 2 * Self.leafCountMax else { throw .tooLong(bound: Self.leafCountMax) }
    }
    // RFC 9420 §12.4.3.3.
    guard let last = nodes.last, last != nil else { throw .invalid("the ratchet tree does not end in a node") }
    let shape = TreeShape(holding: (nodes.count + 2) / 2)
    nodes.append(contentsOf: repeatElement(nil, count: shape.nodeCount - nodes.count))
    self.init(nodes: nodes)
  }
}
