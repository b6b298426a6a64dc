import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("State and encodings")
struct SerializationTests {
  @Test("a group that is stored and read at every step goes on as if it had not been", arguments: testedSuites)
  func roundTrip(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    func restart() throws {
      for (name, group) in room.groups {
        let restored = try group.storedAndLoaded()
        #expect(try restored.stored == group.stored)
        room.groups[name] = restored
      }
    }
    let messages = try (0..<4).map { try room["ana"].encrypt([UInt8($0)]) }
    _ = try room["ben"].read(messages[2])
    try restart()
    #expect(try room["ben"].read(messages[0]).plaintext == [0])
    #expect(throws: MLSError.keyConsumed) { try room["ben"].read(messages[2]) }

    let update = try room["cem"].proposeUpdate(authentication: AcceptAll(), now: now)
    try room.deliver(proposal: update, by: "cem")
    try restart()
    let output = try room["ben"].commit(authentication: AcceptAll(), now: now)
    try restart()
    #expect(room["ben"].hasPendingCommit)
    try room.deliver(output, by: "ben")
    try restart()
    #expect(try room["ben"].read(messages[1]).plaintext == [1])
    #expect(try room["cem"].read(messages[3]).plaintext == [3])
    #expect(try room.agree())
    try restart()
    try room.commit(by: "cem", removing: ["ana"])
    try restart()
    #expect(!room["ana"].isActive)
    #expect(try room.agree())
  }

  @Test("a copy of a group is a snapshot") func snapshot() throws {
    var room = try Room(["ana", "ben"], .default)
    let before = room["ben"]
    let message = try room["ana"].encrypt([1])
    _ = try room["ben"].read(message)
    #expect(try room["ben"].stored != before.stored)
    room["ben"] = before
    #expect(try room["ben"].read(message).plaintext == [1])
  }

  @Test("a key package bundle can be stored") func bundle() throws {
    let ben = try Client("ben", .default)
    let bundle = try ben.bundle()
    let restored = try KeyPackageBundle(serialized: bundle.serialized)
    #expect(restored.keyPackage == bundle.keyPackage)
    #expect(restored.reference == bundle.reference)
    var group = try Client("ana", .default).createGroup()
    let output = try group.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    try group.mergePendingCommit(now: now)
    #expect(try ben.join(output.welcome, restored, tree: group.ratchetTree).epoch == 1)
    #expect(throws: MLSError.unreadableState) { try KeyPackageBundle(serialized: bundle.serialized.dropLast()) }
  }

  @Test("a followed group's state that is cut short is refused, at every length") func cutState() throws {
    let room = try Room(["ana", "ben"], .x25519AES128GCMSHA256Ed25519)
    let follower = try PublicGroup(
      groupInfo: room["ben"].groupInfo(withTree: true), authentication: AcceptAll(), now: now
    ).serialized
    for length in 0..<follower.count {
      #expect(throws: MLSError.unreadableState) { try PublicGroup(serialized: Array(follower.prefix(length))) }
    }
    #expect(throws: MLSError.unreadableState) { try PublicGroup(serialized: follower + [0]) }
  }

  @Test("every kind of message survives its encoding, and is refused cut short at any byte", arguments: testedSuites)
  func messages(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let bundle = try Client("dia", suite).bundle()
    let application = try room["ana"].encrypt([1, 2, 3], authenticatedData: [4])
    let proposal = try room["ana"].propose(removing: room.leaf("cem"), authentication: AcceptAll(), now: now)
    let output = try room["ana"].commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    let welcome = try #require(output.welcome)
    let info = MLSMessage.groupInfo(try room["ana"].groupInfo(withTree: true))
    for message in [application, proposal, output.commit, welcome, info, .keyPackage(bundle.keyPackage)] {
      let bytes = message.tlsEncoded
      #expect(try MLSMessage(bytes) == message)
      for length in stride(from: 0, to: bytes.count, by: bytes.count > 5000 ? 11 : 1) {
        #expect(throws: MLSError.self) { try MLSMessage(Array(bytes.prefix(length))) }
      }
      #expect(throws: MLSError.malformed(.trailingBytes(count: 1))) { try MLSMessage(bytes + [0]) }
    }
    #expect(application.groupID == room["ana"].groupID)
    #expect(application.epoch == 1)
    #expect(application.contentType == .application)
    #expect(proposal.contentType == .proposal)
    #expect(output.commit.contentType == .commit)
    #expect(output.commit.epoch == 1)
    #expect(info.epoch == 1)
    #expect(welcome.groupID == nil)
    let tree = room["ana"].ratchetTree
    #expect(try RatchetTree(tlsEncoded: tree.tlsEncoded) == tree)
  }

  @Test("bytes that are no message do not trap") func noise() throws {
    var generator = SystemRandomNumberGenerator()
    for length in 0..<2000 {
      let bytes = (0..<length % 200).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(throws: MLSError.self) { try MLSMessage([0, 1, 0, UInt8(1 + length % 6)] + bytes) }
      #expect(throws: MLSError.self) { try MLSMessage(bytes) }
    }
  }

  @Test("a tree must end in a node, with leaves and parents in their places") func treeShape() throws {
    let tree = try Room(["ana", "ben"], .default)["ana"].ratchetTree
    var encoder = TLSEncoder()
    encoder.writeVector { encoder in
      for node in tree.nodes { encoder.write(optional: node) }
      encoder.write(UInt8(0))
    }
    #expect(throws: TLSPresentationError.self) { try RatchetTree(tlsEncoded: encoder.bytes) }
    encoder = TLSEncoder()
    encoder.writeVector { encoder in
      for node in tree.nodes.reversed().dropFirst() { encoder.write(optional: node) }
    }
    #expect(throws: TLSPresentationError.self) { try RatchetTree(tlsEncoded: encoder.bytes) }
    #expect(throws: TLSPresentationError.self) { try RatchetTree(tlsEncoded: [0]) }
  }

  @Test("secrets do not print") func redaction() throws {
    let secret = Secret([1, 2, 3])
    #expect("\(secret)" == "<redacted>")
    #expect(String(reflecting: secret) == "<redacted>")
    var dumped = ""
    dump(secret, to: &dumped)
    #expect(!dumped.contains("1"))
    #expect(Secret([1, 2, 3]) == secret)
    #expect(Secret([1, 2, 4]) != secret)
    #expect(Secret([1, 2]) != secret)
    #expect(secret.count == 3)
  }
}
