/// The Merkle tree of an append-only log (RFC 9162 §2.1). It keeps the hash of every complete subtree, about two hashes
/// for each leaf, and makes roots and proofs for its present and every earlier size in logarithmic time.
public struct MerkleTree: Sendable {
  /// `levels[k][i]` is the hash over leaves `i << k ..< (i + 1) << k`, all of which exist.
  private var levels: [[MerkleHash]] = []

  /// A tree without leaves.
  public init() {}

  /// A tree over the hashes of its entries, in order.
  public init(leafHashes: some Sequence<MerkleHash>) {
    for hash in leafHashes { append(hash) }
  }

  /// The number of leaves.
  public var size: Int { levels.first?.count ?? 0 }

  /// The root over all leaves.
  public var root: MerkleHash { hash(from: 0, to: size) }

  /// What ``root`` would be with one more leaf, without a copy of the tree.
  public func root(appending leafHash: MerkleHash) -> MerkleHash {
    parts(from: 0, to: size).reversed().reduce(leafHash) { .node($1, $0) }
  }

  /// The root over entries, hashed as leaves.
  public static func root(ofLeaves entries: some Sequence<[UInt8]>) -> MerkleHash {
    MerkleTree(leafHashes: entries.lazy.map { MerkleHash.leaf($0) }).root
  }

  /// Appends the hash of an entry and returns its index.
  @discardableResult
  public mutating func append(_ leafHash: MerkleHash) -> Int {
    var hash = leafHash
    var level = 0
    while true {
      if level == levels.count { levels.append([]) }
      levels[level].append(hash)
      let count = levels[level].count
      guard count.isMultiple(of: 2) else { return size - 1 }
      hash = .node(levels[level][count - 2], hash)
      level += 1
    }
  }

  /// The hash of the leaf at `index`. Throws ``MerkleLogError/outOfRange``.
  public func leafHash(at index: Int) throws(MerkleLogError) -> MerkleHash {
    guard index >= 0, index < size else { throw .outOfRange }
    return levels[0][index]
  }

  /// The root when the log had `size` leaves. Throws ``MerkleLogError/outOfRange``.
  public func root(size: Int) throws(MerkleLogError) -> MerkleHash {
    guard size >= 0, size <= self.size else { throw .outOfRange }
    return hash(from: 0, to: size)
  }

  /// The hashes that lead from the leaf at `index` to the root over `size` leaves (RFC 9162 §2.1.3.1), lowest first.
  /// Throws ``MerkleLogError/outOfRange``.
  public func inclusionProof(index: Int, size: Int) throws(MerkleLogError) -> [MerkleHash] {
    guard index >= 0, index < size, size <= self.size else { throw .outOfRange }
    var proof: [MerkleHash] = []
    var (start, end) = (0, size)
    while end - start > 1 {
      let middle = start + Self.split(end - start)
      if index < middle {
        proof.append(hash(from: middle, to: end))
        end = middle
      } else {
        proof.append(hash(from: start, to: middle))
        start = middle
      }
    }
    return proof.reversed()
  }

  /// The hashes that show that the tree of `second` leaves begins with the tree of `first` (RFC 9162 §2.1.4.1), lowest
  /// first; none where the sizes are equal. Throws ``MerkleLogError/outOfRange``.
  public func consistencyProof(from first: Int, to second: Int) throws(MerkleLogError) -> [MerkleHash] {
    guard first > 0, first <= second, second <= size else { throw .outOfRange }
    var proof: [MerkleHash] = []
    var (start, end) = (0, second)
    // Whether the old tree's part here is the whole old tree, whose root the verifier has.
    var isWholeOldTree = true
    while first != end {
      let middle = start + Self.split(end - start)
      if first <= middle {
        proof.append(hash(from: middle, to: end))
        end = middle
      } else {
        proof.append(hash(from: start, to: middle))
        start = middle
        isWholeOldTree = false
      }
    }
    if !isWholeOldTree { proof.append(hash(from: start, to: end)) }
    return proof.reversed()
  }

  /// The hash over leaves `start ..< end`, where `start` is where a subtree of that size can begin.
  private func hash(from start: Int, to end: Int) -> MerkleHash {
    let parts = parts(from: start, to: end)
    guard let last = parts.last else { return .emptyTree }
    return parts.dropLast().reversed().reduce(last) { .node($1, $0) }
  }

  /// The complete subtrees of which those leaves are made, from left to right.
  private func parts(from start: Int, to end: Int) -> [MerkleHash] {
    var parts: [MerkleHash] = []
    var position = start
    while position < end {
      let level = (end - position).bitWidth - 1 - (end - position).leadingZeroBitCount
      parts.append(levels[level][position >> level])
      position += 1 << level
    }
    return parts
  }

  /// The greatest power of two below `count`, which is 2 or more.
  private static func split(_ count: Int) -> Int {
    1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
  }
}
