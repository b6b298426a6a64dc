import MLS
import MLSTestKit
import Testing

@Suite("The leaves of a large tree")
struct LeafValidationTests {
  private static let suite = try! Suite(.x25519AES128GCMSHA256Ed25519)

  /// Signs a leaf of a key package, with this encryption key or a good one.
  private static func leaf(_ name: String, encryptionKey: HPKEPublicKey? = nil) throws -> LeafNode {
    let client = try Client(name, suite.cipherSuite)
    let leaf = try client.bundle().keyPackage.leafNode
    guard let encryptionKey else { return leaf }
    return try LeafNode(
      leaf.contents, encryptionKey: encryptionKey, source: leaf.source, position: nil,
      signatureKey: client.signatureKey)
  }

  private static let leaves = (0..<200).map { try! leaf("member \($0)") }

  /// Validates a tree where the leaves at `forged` have a signature that is not theirs, and those at `unusable` a key that
  /// nothing can be encrypted to.
  private func validate(forged: Set<Int> = [], unusable: Set<Int> = []) throws {
    let leaves = try Self.leaves.enumerated().map { number, leaf in
      if unusable.contains(number) {
        let key = HPKEPublicKey(bytes: Array("not a key: \(number)".utf8))
        return try Self.leaf("member \(number)", encryptionKey: key)
      }
      var bytes = leaf.tlsEncoded
      if forged.contains(number) { bytes[bytes.count - 1] ^= 1 }
      return try LeafNode(tlsEncoded: bytes)
    }
    var tree = RatchetTree(leaves[0])
    for leaf in leaves.dropFirst() { tree.add(leaf) }
    let context = GroupContext(
      cipherSuite: Self.suite.cipherSuite, groupID: [1], epoch: 0, treeHash: tree.rootHash(Self.suite),
      confirmedTranscriptHash: [], extensions: [])
    try tree.validate(Self.suite, context: context, maximumLifetime: .max, authentication: AcceptAll())
  }

  @Test("are all checked, whichever thread has them") func each() throws {
    try validate()
    for number in [0, 63, 64, 127, 199] {
      #expect(throws: MLSError.invalid(.leafNodeSignature), "leaf \(number)") { try validate(forged: [number]) }
    }
  }

  @Test("are refused for what is wrong with the leftmost") func leftmost() throws {
    #expect(throws: MLSError.invalid(.leafNodeSignature)) { try validate(forged: [190, 70], unusable: [130, 180]) }
    #expect(throws: MLSError.invalid(.leafNodeKey)) { try validate(forged: [131, 190], unusable: [130]) }
  }
}
