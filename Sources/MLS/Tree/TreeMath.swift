public import TLSPresentation

/// A leaf's place in the tree, counted from the left; it names a member within one epoch.
public struct LeafIndex: RawRepresentable, Hashable, Comparable, Sendable, TLSCodable, ExpressibleByIntegerLiteral,
  CustomStringConvertible
{
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public init(_ rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public init(integerLiteral value: UInt32) {
    rawValue = value
  }

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(rawValue)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    rawValue = try decoder.read()
  }

  public var description: String { String(rawValue) }
}

/// A node's place in the array of RFC 9420 appendix C: leaves are even.
package struct NodeIndex: Hashable, Comparable, Sendable {
  package let value: Int

  package init(_ value: Int) {
    self.value = value
  }

  package init(_ leaf: LeafIndex) {
    value = 2 * Int(leaf.rawValue)
  }

  package static func < (a: Self, b: Self) -> Bool { a.value < b.value }

  package var isLeaf: Bool { value & 1 == 0 }

  /// Leaves are of level 0, their parents of level 1, and so on.
  package var level: Int { (~value).trailingZeroBitCount }

  /// The leaf at this node; for leaves only.
  package var leaf: LeafIndex { LeafIndex(UInt32(truncatingIfNeeded: value >> 1)) }

  /// The left child, or nil for a leaf.
  package var left: NodeIndex? { isLeaf ? nil : NodeIndex(value ^ (1 << (level - 1))) }

  /// The right child, or nil for a leaf.
  package var right: NodeIndex? { isLeaf ? nil : NodeIndex(value ^ (3 << (level - 1))) }

  /// The parent in a tree that is large enough to have one.
  package var parentUnbounded: NodeIndex {
    let level = level
    return NodeIndex((value | (1 << level)) & ~(1 << (level + 1)))
  }

  /// The leaves below this node, this node included if it is one.
  package var leaves: ClosedRange<UInt32> {
    let reach = (1 << level) - 1
    return UInt32(truncatingIfNeeded: (value - reach) >> 1)...UInt32(truncatingIfNeeded: (value + reach) >> 1)
  }

  package func isAncestor(of leaf: LeafIndex) -> Bool { leaves.contains(leaf.rawValue) }
}

/// The shape of a full tree: the number of leaves is a power of two (RFC 9420 §4.1, appendix C).
package struct TreeShape: Hashable, Sendable {
  package let leafCount: Int

  /// The smallest full tree with at least this many leaves.
  package init(holding leaves: Int) {
    var count = 1
    while count < leaves { count <<= 1 }
    leafCount = count
  }

  package var nodeCount: Int { 2 * leafCount - 1 }

  package var root: NodeIndex { NodeIndex(leafCount - 1) }

  package func parent(of node: NodeIndex) -> NodeIndex? {
    // A node outside the tree has no parent in it; without this its path would have no end.
    node == root || node.value >= nodeCount ? nil : node.parentUnbounded
  }

  package func sibling(of node: NodeIndex) -> NodeIndex? {
    guard let parent = parent(of: node) else { return nil }
    return node < parent ? parent.right : parent.left
  }

  /// From the node's parent to the root.
  package func directPath(of node: NodeIndex) -> [NodeIndex] {
    var path: [NodeIndex] = []
    var node = node
    while let parent = parent(of: node) {
      path.append(parent)
      node = parent
    }
    return path
  }

  /// The siblings of the node and of its direct path without the root, in that order.
  package func copath(of node: NodeIndex) -> [NodeIndex] {
    var copath: [NodeIndex] = []
    var node = node
    while let sibling = sibling(of: node) {
      copath.append(sibling)
      node = node.parentUnbounded
    }
    return copath
  }

  /// The lowest node above two different leaves.
  package static func commonAncestor(_ a: LeafIndex, _ b: LeafIndex) -> NodeIndex {
    var node = NodeIndex(a)
    while !node.isAncestor(of: b) { node = node.parentUnbounded }
    return node
  }
}
