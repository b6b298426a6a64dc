import MLS
import MLSTestKit
import Testing

@Suite("Past epochs")
struct PastEpochTests {
  @Test("are kept without their rosters, which are found again whatever became of the members")
  func rosters() throws {
    var room = try Room(["ana", "ben", "cem", "dia"], .x25519AES128GCMSHA256Ed25519)
    let (ben, cem) = (room["ben"], room["cem"])
    var late: [(message: MLSMessage, sender: String, credential: Credential)] = []
    func write(_ names: [String]) throws {
      for name in names {
        let credential = try #require(room[name].ownLeafNode?.credential)
        late.append((try room[name].encrypt(Array(name.utf8)), name, credential))
      }
    }
    try write(["ben", "cem", "dia"])
    // Ben goes, and somebody else takes his leaf.
    try room.commit(by: "dia", removing: ["ben"])
    try write(["cem", "dia"])
    try room.add(["eva"], by: "dia")
    #expect(room.leaf("eva") == ben.ownLeafIndex)
    try write(["cem", "eva"])
    // Cem changes his name and key, and the room grows.
    var change = LeafNodeChange()
    change.credential = .basic(identity: Array("cem, renamed".utf8))
    change.signatureKey = try .generate(.x25519AES128GCMSHA256Ed25519)
    let output = try room["cem"].commit(leafNode: change, authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "cem")
    #expect(room["cem"].ownLeafNode?.credential != cem.ownLeafNode?.credential)
    try write(["cem", "eva"])
    try room.add((0..<5).map { "new \($0)" }, by: "ana")
    try write(["cem", "new 4"])
    try room.commit(by: "dia", removing: (0..<5).map { "new \($0)" })
    try write(["cem"])

    var reader = try room["ana"].storedAndLoaded()
    let stored = try reader.stored.values.filter { $0.key.kind == .pastEpoch }
    #expect(stored.count == 5)
    // Nothing of those who stayed as they were.
    #expect(stored.values.allSatisfy { !$0.contains(Array("dia".utf8)) })
    for (message, sender, credential) in late.reversed() {
      let read = try reader.read(message)
      #expect(read.plaintext == Array(sender.utf8))
      #expect(read.senderCredential == credential)
      reader = try reader.storedAndLoaded()
    }
    // Eva was not in the first epoch, though her leaf was in use.
    let forged = try room["eva"].forgedMessage(in: ben)
    #expect(throws: MLSError.invalid(.contentSignature)) { try reader.read(forged) }
  }

  @Test("are kept for a configured time and no longer, in memory and in records") func time() throws {
    var configuration = GroupConfiguration()
    configuration.pastEpochSecondsMax = 100
    var room = try Room(["ana", "ben"], .default, configuration: configuration)
    let messages = try (0..<2).map { try room["ana"].encrypt([UInt8($0)]) }
    try room.commit(by: "ana")
    var ben = room["ben"]
    func read(_ message: MLSMessage, at time: UInt64) throws -> Processed {
      try ben.process(message, authentication: AcceptAll(), now: time)
    }
    _ = try read(messages[0], at: now + 100)
    let kept = ben
    #expect(throws: MLSError.wrongEpoch(current: 2, message: 1)) { try read(messages[1], at: now + 101) }
    #expect(ben.pastEpochs.isEmpty)
    #expect(try ben.stored.values.keys.allSatisfy { $0.epoch == 0 || $0.epoch == 2 })
    // A clock that goes back brings nothing back, and forgets nothing.
    #expect(throws: MLSError.wrongEpoch(current: 2, message: 1)) { try read(messages[1], at: now) }
    ben = kept
    _ = try read(messages[1], at: 0)
    ben.forgetPastEpochs(now: now + 101)
    #expect(ben.pastEpochs.isEmpty)
  }

  @Test("end when a commit is merged, not when it was made") func ownCommit() throws {
    var configuration = GroupConfiguration()
    configuration.pastEpochSecondsMax = 100
    var room = try Room(["ana", "ben"], .default, configuration: configuration)
    let message = try room["ben"].encrypt([1])
    _ = try room["ana"].commit(authentication: AcceptAll(), now: now)
    try room["ana"].mergePendingCommit(now: now + 5000)
    let read = try room["ana"].process(message, authentication: AcceptAll(), now: now + 5100)
    guard case .application(let application) = read else { throw MLSError.unexpectedMessage }
    #expect(application.plaintext == [1])
  }
}

extension Group {
  /// A message in another member's name and epoch, signed with this member's key.
  fileprivate func forgedMessage(in victim: Group) throws -> MLSMessage {
    let content = FramedContent(
      groupID: victim.groupID, epoch: victim.epoch, sender: .member(victim.ownLeafIndex), authenticatedData: [],
      body: .application([1]))
    let signed = try AuthenticatedContent(
      signing: content, wireFormat: .privateMessage, context: victim.groupContext, with: signatureKey)
    var tree = victim.state.secretTree
    // Beyond what the victim has sent.
    for _ in 0..<5 { _ = try tree.next(victim.ownLeafIndex, .application, suite) }
    return .privateMessage(
      try PrivateMessage(
        protecting: signed, suite, senderDataSecret: victim.state.secrets.senderData, secretTree: &tree,
        padding: .none, random: .system))
  }
}
