import MLS
import MLSTestKit
import Testing

@Suite("A tree's contents")
struct TreeContentsTests {
  @Test("are counted right after any change") func counts() throws {
    var room = try Room(["ana", "ben"], .x25519AES128GCMSHA256Ed25519)
    var gone: [HPKEPublicKey] = []
    func check() throws {
      let tree = room["ana"].ratchetTree
      let anew = TreeContents(tree.nodes)
      #expect(tree.contents.credentialTypes == anew.credentialTypes)
      #expect(anew.credentialTypes == [.basic: tree.memberCount])
      for node in tree.nodes {
        switch node {
        case .leaf(let leaf):
          #expect(tree.contents.count(of: leaf.encryptionKey) == 1)
          #expect(tree.contents.count(of: leaf.signatureKey) == 1)
        case .parent(let parent): #expect(tree.contents.count(of: parent.encryptionKey) == 1)
        case nil: break
        }
      }
      // Of the member that went, or of the path that was replaced, nothing is left.
      for key in gone { #expect(tree.contents.count(of: key) == 0) }
      #expect(try Group.load(from: room["ana"].stored)?.ratchetTree == tree)
    }
    try check()
    try room.add((0..<7).map { "new \($0)" }, by: "ben")
    try check()
    let before = room["ana"].ratchetTree
    gone = before.nodes.indices.compactMap { before.encryptionKey(of: NodeIndex($0)) }
    // Everybody's leaf and path are made anew.
    for name in room.groups.keys.sorted() { try room.commit(by: name) }
    try check()
    try room.commit(by: "ben", removing: (1..<7).map { "new \($0)" })
    #expect(room["ana"].ratchetTree.nodes.count == 7)
    try check()
    try room.add(["late"], by: "ana")
    try check()
  }

  @Test("leave keys apart that only end alike") func endings() throws {
    let suite = try Suite(.x25519AES128GCMSHA256Ed25519)
    func leaf(_ name: String, _ encryptionKey: [UInt8]) throws -> LeafNode {
      let client = try Client(name, suite.cipherSuite)
      return try LeafNode(
        client.bundle().keyPackage.leafNode.contents, encryptionKey: HPKEPublicKey(bytes: encryptionKey),
        source: .update, position: nil, signatureKey: client.signatureKey)
    }
    let key = [UInt8](repeating: 7, count: 32)
    var tree = RatchetTree(try leaf("ana", key))
    tree.add(try leaf("ben", [8] + key.dropFirst()))
    #expect(tree.contents.count(of: HPKEPublicKey(bytes: key)) == 2)
    try tree.validateNewLeaves([1])
    try tree.validateLeavesTogether()
    #expect(!tree.contains(anyOf: [HPKEPublicKey(bytes: [9] + key.dropFirst())]))
    #expect(tree.contains(anyOf: [HPKEPublicKey(bytes: key)]))
    tree.add(try leaf("cem", key))
    let error = MLSError.invalid(.leafNodeEncryptionKeyNotUnique)
    #expect(throws: error) { try tree.validateNewLeaves([2]) }
    #expect(throws: error) { try tree.validateLeavesTogether() }
  }
}
