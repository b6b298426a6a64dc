import MerkleLog
import Testing

@Suite("A Merkle tree's right edge")
struct MerkleFrontierTests {
  @Test("has the root of the whole tree, at every size")
  func roots() {
    var (tree, frontier) = (MerkleTree(), MerkleFrontier())
    #expect(frontier.root == .emptyTree)
    for number in 0..<300 {
      let leaf = MerkleHash.leaf([UInt8(number & 255), UInt8(number >> 8)])
      tree.append(leaf)
      frontier.append(leaf)
      #expect(frontier.root == tree.root)
      #expect(frontier.size == UInt64(tree.size))
      #expect(frontier.peaks.count == tree.size.nonzeroBitCount)
    }
  }

  @Test("goes on from what was kept of it, and from nothing else")
  func kept() throws {
    var frontier = MerkleFrontier()
    for number in 0..<11 { frontier.append(.leaf([UInt8(number)])) }
    var again = try #require(MerkleFrontier(size: frontier.size, peaks: frontier.peaks))
    again.append(.leaf([11]))
    frontier.append(.leaf([11]))
    #expect(again.root == frontier.root)
    #expect(MerkleFrontier(size: 12, peaks: Array(frontier.peaks.dropLast())) == nil)
    #expect(MerkleFrontier(size: 0, peaks: frontier.peaks) == nil)
  }
}
