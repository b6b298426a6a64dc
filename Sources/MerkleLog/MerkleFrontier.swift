/// A Merkle tree of which only the right edge is kept: enough to append, and for the root. At most 64 hashes, whatever
/// its size.
public struct MerkleFrontier: Sendable {
  /// The number of leaves.
  public private(set) var size: UInt64
  /// The roots of the complete subtrees that the tree is made of, the largest first: one for each bit set in ``size``.
  public private(set) var peaks: [MerkleHash]

  /// A tree without leaves.
  public init() {
    size = 0
    peaks = []
  }

  /// A tree of which ``size`` and ``peaks`` were kept; nil where they do not fit one another.
  public init?(size: UInt64, peaks: [MerkleHash]) {
    guard peaks.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.peaks = peaks
  }

  /// Appends the hash of an entry.
  public mutating func append(_ leafHash: MerkleHash) {
    var hash = leafHash
    // Each subtree of the same size that ends here is complete with this one.
    for _ in 0..<(~size).trailingZeroBitCount {
      guard let left = peaks.popLast() else { break }
      hash = .node(left, hash)
    }
    peaks.append(hash)
    size += 1
  }

  /// The root over all leaves (RFC 9162 §2.1.1).
  public var root: MerkleHash {
    guard let last = peaks.last else { return .emptyTree }
    return peaks.dropLast().reversed().reduce(last) { .node($1, $0) }
  }
}
