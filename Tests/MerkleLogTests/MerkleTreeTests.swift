import MerkleLog
import Testing

@Suite("Merkle tree")
struct MerkleTreeTests {
  private static let sizeMax = 70
  private let entries = (0..<sizeMax).map { Array("entry \($0)".utf8) }
  private let tree: MerkleTree

  init() { tree = MerkleTree(leafHashes: entries.map { MerkleHash.leaf($0) }) }

  /// The definition of RFC 9162 §2.1.1, word for word, to hold the tree against.
  private func definition(_ entries: ArraySlice<[UInt8]>) -> MerkleHash {
    if entries.isEmpty { return .emptyTree }
    if entries.count == 1 { return .leaf(entries[entries.startIndex]) }
    var k = 1
    while k * 2 < entries.count { k *= 2 }
    return .node(definition(entries.prefix(k)), definition(entries.dropFirst(k)))
  }

  @Test("Roots of every size agree with the definition")
  func roots() throws {
    for size in 0...Self.sizeMax {
      let expected = definition(entries[..<size])
      #expect(try tree.root(size: size) == expected)
      #expect(MerkleTree.root(ofLeaves: entries[..<size]) == expected)
    }
    #expect(tree.root == definition(entries[...]))
    #expect(MerkleTree().root == .emptyTree)
  }

  @Test("The root with one more leaf is known before it is appended")
  func rootAppending() {
    var tree = MerkleTree()
    for entry in entries {
      let expected = tree.root(appending: .leaf(entry))
      #expect(tree.root != expected)
      tree.append(.leaf(entry))
      #expect(tree.root == expected)
    }
  }

  @Test("Appending gives indexes in order")
  func appending() throws {
    var tree = MerkleTree()
    for index in 0..<10 { #expect(tree.append(.leaf([UInt8(index)])) == index) }
    #expect(tree.size == 10)
    #expect(try tree.leafHash(at: 9) == .leaf([9]))
  }

  @Test("Every leaf is proven in every size, and no other leaf by that proof")
  func inclusion() throws {
    for size in 1...Self.sizeMax {
      let root = try tree.root(size: size)
      for index in 0..<size {
        let proof = try tree.inclusionProof(index: index, size: size)
        try MerkleProof.verifyInclusion(
          leafHash: tree.leafHash(at: index), index: UInt64(index), size: UInt64(size), proof: proof, root: root)
        #expect(throws: MerkleLogError.rootMismatch) {
          try MerkleProof.verifyInclusion(
            leafHash: .leaf(Array("forged".utf8)), index: UInt64(index), size: UInt64(size), proof: proof, root: root)
        }
        #expect(throws: MerkleLogError.proofLength) {
          try MerkleProof.verifyInclusion(
            leafHash: tree.leafHash(at: index), index: UInt64(index), size: UInt64(size), proof: proof + [root],
            root: root)
        }
      }
    }
  }

  @Test("Every size is consistent with every later one, and with no other history")
  func consistency() throws {
    for second in 1...Self.sizeMax {
      let secondRoot = try tree.root(size: second)
      for first in 1...second {
        let firstRoot = try tree.root(size: first)
        let proof = try tree.consistencyProof(from: first, to: second)
        try MerkleProof.verifyConsistency(
          firstSize: UInt64(first), secondSize: UInt64(second), proof: proof, firstRoot: firstRoot,
          secondRoot: secondRoot)
        #expect(throws: MerkleLogError.rootMismatch) {
          try MerkleProof.verifyConsistency(
            firstSize: UInt64(first), secondSize: UInt64(second), proof: proof, firstRoot: .leaf([1]),
            secondRoot: secondRoot)
        }
        #expect(throws: MerkleLogError.proofLength) {
          try MerkleProof.verifyConsistency(
            firstSize: UInt64(first), secondSize: UInt64(second), proof: proof + [firstRoot], firstRoot: firstRoot,
            secondRoot: secondRoot)
        }
      }
    }
  }

  @Test("What is outside the tree has no root and no proof")
  func bounds() {
    #expect(throws: MerkleLogError.outOfRange) { try tree.root(size: -1) }
    #expect(throws: MerkleLogError.outOfRange) { try tree.root(size: Self.sizeMax + 1) }
    #expect(throws: MerkleLogError.outOfRange) { try tree.leafHash(at: Self.sizeMax) }
    for (index, size) in [(-1, 5), (5, 5), (0, 0), (0, Self.sizeMax + 1)] {
      #expect(throws: MerkleLogError.outOfRange) { try tree.inclusionProof(index: index, size: size) }
    }
    for (first, second) in [(0, 5), (-1, 5), (6, 5), (1, Self.sizeMax + 1)] {
      #expect(throws: MerkleLogError.outOfRange) { try tree.consistencyProof(from: first, to: second) }
    }
    #expect(throws: MerkleLogError.outOfRange) {
      try MerkleProof.verifyInclusion(leafHash: tree.root, index: 1, size: 1, proof: [], root: tree.root)
    }
  }

  @Test("Sizes of 64 bits and long proofs end soon")
  func hugeSizes() {
    let hash = MerkleHash.leaf([])
    let proof = [MerkleHash](repeating: hash, count: 10_000)
    #expect(throws: MerkleLogError.proofLength) {
      try MerkleProof.verifyInclusion(leafHash: hash, index: .max - 1, size: .max, proof: proof, root: hash)
    }
    #expect(throws: MerkleLogError.proofLength) {
      try MerkleProof.verifyConsistency(
        firstSize: .max - 1, secondSize: .max, proof: proof, firstRoot: hash, secondRoot: hash)
    }
  }

  @Test("A hash has 32 bytes")
  func hashLength() {
    #expect(MerkleHash([UInt8](repeating: 0, count: 31)) == nil)
    #expect(MerkleHash([UInt8](repeating: 0, count: 33)) == nil)
    #expect(MerkleHash.emptyTree.bytes.count == 32)
    #expect(MerkleHash(MerkleHash.emptyTree.bytes) == .emptyTree)
    #expect(
      MerkleHash.emptyTree.description == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }
}
