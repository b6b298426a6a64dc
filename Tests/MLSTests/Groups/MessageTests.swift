import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("Application messages")
struct MessageTests {
  @Test("are read in any order, once each", arguments: testedSuites) func outOfOrder(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben"], suite)
    let messages = try (0..<20).map { try room["ana"].encrypt([UInt8($0)]) }
    for index in [19, 3, 0, 7, 18, 1] {
      #expect(try room["ben"].read(messages[index]).plaintext == [UInt8(index)])
      #expect(throws: MLSError.keyConsumed) { try room["ben"].read(messages[index]) }
    }
    for index in Set(0..<20).subtracting([19, 3, 0, 7, 18, 1]) {
      #expect(try room["ben"].read(messages[index]).plaintext == [UInt8(index)])
    }
  }

  @Test("their keys are gone once they are read or sent") func deletion() throws {
    var room = try Room(["ana", "ben"], .default)
    let (ana, suite) = (room.leaf("ana"), try Suite(.default))
    #expect(room["ben"].state.secretTree.canDerive(ana, .application, generation: 1))
    let messages = try (0..<3).map { try room["ana"].encrypt([UInt8($0)]) }
    for generation in 0..<3 as Range<UInt32> {
      #expect(!room["ana"].state.secretTree.canDerive(ana, .application, generation: generation))
    }
    _ = try room["ben"].read(messages[1])
    #expect(!room["ben"].state.secretTree.canDerive(ana, .application, generation: 1))
    #expect(room["ben"].state.secretTree.canDerive(ana, .application, generation: 0))
    #expect(room["ben"].state.secretTree.canDerive(ana, .application, generation: 2))
    // Nor can it be had from the state as it is stored.
    var restored = try room["ben"].storedAndLoaded()
    #expect(throws: MLSError.keyConsumed) { try restored.read(messages[1]) }
    var tree = restored.state.secretTree
    #expect(throws: MLSError.keyConsumed) {
      try tree.take(
        ana, .application, generation: 1, suite, RatchetLimits(outOfOrderMax: 10, forwardDistanceMax: 10))
    }
  }

  @Test("of past epochs are read as long as the epochs are kept") func pastEpochs() throws {
    var configuration = GroupConfiguration()
    configuration.pastEpochCountMax = 2
    var room = try Room(["ana", "ben"], .default, configuration: configuration)
    var late: [MLSMessage] = []
    for number in 0..<3 as Range<UInt8> {
      late.append(try room["ana"].encrypt([number]))
      try room.commit(by: "ana")
    }
    #expect(throws: MLSError.wrongEpoch(current: 4, message: 1)) { try room["ben"].read(late[0]) }
    #expect(try room["ben"].read(late[1]).epoch == 2)
    #expect(throws: MLSError.keyConsumed) { try room["ben"].read(late[1]) }
    room["ben"].forgetPastEpochs(before: 4)
    #expect(throws: MLSError.wrongEpoch(current: 4, message: 3)) { try room["ben"].read(late[2]) }
    let future = try room["ana"].commit(authentication: AcceptAll(), now: now)
    try room["ana"].mergePendingCommit(now: now)
    let ahead = try room["ana"].encrypt([1])
    #expect(throws: MLSError.wrongEpoch(current: 4, message: 5)) { try room["ben"].read(ahead) }
    let staged = try room["ben"].stage(future.commit)
    try room["ben"].merge(staged)
    #expect(try room["ben"].read(ahead).plaintext == [1])
  }

  @Test("far ahead are refused, and no more keys are kept than the bound") func bounds() throws {
    var configuration = GroupConfiguration()
    configuration.forwardDistanceMax = 10
    configuration.outOfOrderMax = 3
    var room = try Room(["ana", "ben"], .default, configuration: configuration)
    let messages = try (0..<13).map { try room["ana"].encrypt([UInt8($0)]) }
    #expect(throws: MLSError.generationTooFarAhead) { try room["ben"].read(messages[11]) }
    #expect(try room["ben"].read(messages[10]).plaintext == [10])
    #expect(throws: MLSError.keyConsumed) { try room["ben"].read(messages[6]) }
    for index in [7, 8, 9, 12, 11] { #expect(try room["ben"].read(messages[index]).plaintext == [UInt8(index)]) }
  }

  @Test("altered in any byte are refused, and the genuine one is still read", arguments: testedSuites)
  func tampering(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let message = try room["ana"].encrypt(Array("hello".utf8), authenticatedData: [1, 2], padding: .toMultiple(of: 32))
    let bytes = message.tlsEncoded
    for index in bytes.indices {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") { try room["ben"].receive(MLSMessage(altered)) }
    }
    #expect(try room["ben"].read(message).plaintext == Array("hello".utf8))
  }

  @Test("of one member cannot be made by another") func forgedSender() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    // Ben encrypts with Ana's keys, which every member can derive, and signs with his own.
    let ben = room["ben"]
    let content = FramedContent(
      groupID: ben.groupID, epoch: ben.epoch, sender: .member(room.leaf("ana")), authenticatedData: [],
      body: .application([6]))
    let signed = try AuthenticatedContent(
      signing: content, wireFormat: .privateMessage, context: ben.groupContext, with: ben.signatureKey)
    var tree = ben.state.secretTree
    let forged = try PrivateMessage(
      protecting: signed, ben.suite, senderDataSecret: ben.state.secrets.senderData, secretTree: &tree, padding: .none,
      random: .system)
    #expect(throws: MLSError.invalid(.contentSignature)) { try room["cem"].read(.privateMessage(forged)) }
    // The forgery has not used up the key of Ana's genuine message.
    let genuine = try room["ana"].encrypt([5])
    #expect(try room["cem"].read(genuine).plaintext == [5])
  }

  @Test("that a member forges far ahead in another's name do not cost the other's messages") func forgedAhead() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    let genuine = try room["ana"].encrypt([5])
    let ben = room["ben"]
    let content = FramedContent(
      groupID: ben.groupID, epoch: ben.epoch, sender: .member(room.leaf("ana")), authenticatedData: [],
      body: .application([6]))
    let signed = try AuthenticatedContent(
      signing: content, wireFormat: .privateMessage, context: ben.groupContext, with: ben.signatureKey)
    var tree = ben.state.secretTree
    let distance = ben.configuration.outOfOrderMax + 100
    for _ in 0..<distance { _ = try tree.next(room.leaf("ana"), .application, ben.suite) }
    let forged = try PrivateMessage(
      protecting: signed, ben.suite, senderDataSecret: ben.state.secrets.senderData, secretTree: &tree, padding: .none,
      random: .system)
    #expect(throws: MLSError.invalid(.contentSignature)) { try room["cem"].read(.privateMessage(forged)) }
    #expect(try room["cem"].read(genuine).plaintext == [5])
  }

  @Test("padding hides their length, and must be zero") func padding() throws {
    #expect(PaddingPolicy.toMultiple(of: 16).padding(for: 17) == 15)
    #expect(PaddingPolicy.toMultiple(of: 16).padding(for: 16) == 0)
    #expect(PaddingPolicy.toMultiple(of: 0).padding(for: 5) == 0)
    #expect(PaddingPolicy.none.padding(for: 5) == 0)
    for length in [0, 1, 2, 3, 9, 100, 1000, 70_000] {
      let padded = length + PaddingPolicy.padme.padding(for: length)
      #expect(padded >= length && padded * 100 <= length * 112)
    }
    var room = try Room(["ana", "ben"], .default)
    let ana = room["ana"]
    let signed = try ana.sign(.application([1]), [], .privateMessage)
    var plaintext = TLSEncoder()
    signed.content.body.encode(to: &plaintext)
    signed.auth.encode(to: &plaintext, type: .application)
    var tree = ana.state.secretTree
    let message = try PrivateMessage(
      sealing: plaintext.bytes + [0, 0, 1], of: signed.content, ana.suite,
      senderDataSecret: ana.state.secrets.senderData, secretTree: &tree, random: .system)
    #expect(throws: MLSError.invalid(.paddingNotZero)) { try room["ben"].read(.privateMessage(message)) }
  }
}
