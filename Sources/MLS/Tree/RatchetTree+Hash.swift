internal import TLSPresentation

extension RatchetTree {
  /// The tree hash of the root (RFC 9420 §7.8), remembering those of all nodes.
  package mutating func rootHash(_ suite: Suite) -> [UInt8] {
    rememberHash(of: shape.root, suite)
  }

  @discardableResult
  mutating func rememberHash(of node: NodeIndex, _ suite: Suite) -> [UInt8] {
    if let hash = hashes[node.value] { return hash }
    let hash: [UInt8]
    if let left = node.left, let right = node.right {
      let (leftHash, rightHash) = (rememberHash(of: left, suite), rememberHash(of: right, suite))
      hash = Self.hash(suite, parent: parent(node), left: leftHash, right: rightHash)
    } else {
      hash = Self.hash(suite, leaf: node.leaf, self[node.leaf])
    }
    hashes[node.value] = hash
    return hash
  }

  /// The tree hash of a node in this tree without some leaves: they are blank, and no list of unmerged leaves has them.
  /// `excluded` is in increasing order.
  package func hash(of node: NodeIndex, _ suite: Suite, excluding excluded: [LeafIndex] = []) -> [UInt8] {
    let below = node.leaves
    let excluded = excluded.filter { below.contains($0.rawValue) }
    if excluded.isEmpty, let hash = hashes[node.value] { return hash }
    guard let left = node.left, let right = node.right else {
      return Self.hash(suite, leaf: node.leaf, excluded.isEmpty ? self[node.leaf] : nil)
    }
    var parent = parent(node)
    parent?.unmergedLeaves.removeAll { excluded.contains($0) }
    return Self.hash(
      suite, parent: parent, left: hash(of: left, suite, excluding: excluded),
      right: hash(of: right, suite, excluding: excluded))
  }

  /// `TreeHashInput` of a leaf.
  private static func hash(_ suite: Suite, leaf index: LeafIndex, _ leaf: LeafNode?) -> [UInt8] {
    var input = TLSEncoder(reservingCapacity: 512)
    input.write(UInt8(1))
    input.write(index)
    input.write(optional: leaf)
    return suite.hash(input.bytes)
  }

  /// `TreeHashInput` of a parent.
  private static func hash(_ suite: Suite, parent: ParentNode?, left: [UInt8], right: [UInt8]) -> [UInt8] {
    var input = TLSEncoder(reservingCapacity: 256)
    input.write(UInt8(2))
    input.write(optional: parent)
    input.write(opaque: left)
    input.write(opaque: right)
    return suite.hash(input.bytes)
  }
}
