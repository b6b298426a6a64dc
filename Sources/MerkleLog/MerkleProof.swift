/// Verification by somebody who has no tree. All arguments may come from strangers; work and memory are bounded by the
/// sizes' 64 bits, whatever the proof holds.
public enum MerkleProof {
  /// Verifies that the leaf at `index` is in the tree of `size` leaves under `root` (RFC 9162 §2.1.3.2). Throws
  /// ``MerkleLogError``.
  public static func verifyInclusion(
    leafHash: MerkleHash, index: UInt64, size: UInt64, proof: [MerkleHash], root: MerkleHash
  ) throws(MerkleLogError) {
    guard index < size else { throw .outOfRange }
    var position = Position(first: index, second: size - 1)
    var hash = leafHash
    for part in proof {
      guard position.second != 0 else { throw .proofLength }
      if position.isRight {
        hash = .node(part, hash)
        position.skipLevelsWithoutSibling()
      } else {
        hash = .node(hash, part)
      }
      position.ascend()
    }
    guard position.second == 0 else { throw .proofLength }
    guard hash == root else { throw .rootMismatch }
  }

  /// Verifies that the tree of `secondSize` leaves begins with that of `firstSize`, 1 or more (RFC 9162 §2.1.4.2).
  /// Throws ``MerkleLogError``.
  public static func verifyConsistency(
    firstSize: UInt64, secondSize: UInt64, proof: [MerkleHash], firstRoot: MerkleHash, secondRoot: MerkleHash
  ) throws(MerkleLogError) {
    guard firstSize > 0, firstSize <= secondSize else { throw .outOfRange }
    guard firstSize < secondSize else {
      guard proof.isEmpty else { throw .proofLength }
      guard firstRoot == secondRoot else { throw .rootMismatch }
      return
    }
    // A first size that is a power of two is a whole subtree, and its root is the path's first hash.
    var path = proof[...]
    let start: MerkleHash
    if firstSize & (firstSize - 1) == 0 {
      start = firstRoot
    } else {
      guard let hash = path.popFirst() else { throw .proofLength }
      start = hash
    }
    var position = Position(first: firstSize - 1, second: secondSize - 1)
    while position.first & 1 == 1 { position.ascend() }
    var (first, second) = (start, start)
    for part in path {
      guard position.second != 0 else { throw .proofLength }
      if position.isRight {
        first = .node(part, first)
        second = .node(part, second)
        position.skipLevelsWithoutSibling()
      } else {
        second = .node(second, part)
      }
      position.ascend()
    }
    guard position.second == 0 else { throw .proofLength }
    guard first == firstRoot, second == secondRoot else { throw .rootMismatch }
  }

  /// `fn` and `sn` of the RFC: the node reached and the last node, both on the same level.
  private struct Position {
    var first: UInt64
    var second: UInt64

    var isRight: Bool { first & 1 == 1 || first == second }

    mutating func ascend() {
      first >>= 1
      second >>= 1
    }

    /// A last node that is a left child has no sibling and stands for its parents as well.
    mutating func skipLevelsWithoutSibling() {
      while first & 1 == 0 && first != 0 { ascend() }
    }
  }
}
