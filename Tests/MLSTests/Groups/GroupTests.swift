import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("A group's life")
struct GroupTests {
  @Test("members added at once, with and without the tree in the Welcome, agree", arguments: testedSuites)
  func adding(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem", "dia", "eva"], suite)
    #expect(try room.agree())
    try room.add(["fay", "gil"], by: "cem", welcomeWithTree: true)
    #expect(try room.agree())
    #expect(room["gil"].members.count == 7)
    #expect(room["gil"].epoch == 2)
    let exported = try room["ana"].export(label: "x", context: [1], length: 32)
    #expect(try room["gil"].export(label: "x", context: [1], length: 32) == exported)
    #expect(try room["gil"].export(label: "x", context: [2], length: 32) != exported)
    #expect(throws: MLSError.invalidArgument(.length)) { try room["gil"].export(label: "x", context: [], length: 0) }
  }

  @Test("every member commits in turn, and the tree fills up", arguments: testedSuites)
  func commits(_ suite: CipherSuite) throws {
    let names = ["ana", "ben", "cem", "dia", "eva", "fay"]
    var room = try Room(names, suite)
    for name in names { try room.commit(by: name) }
    #expect(try room.agree())
    #expect(room["ana"].epoch == 7)
  }

  @Test("an add without a path", arguments: testedSuites) func withoutPath(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben"], suite)
    let cem = try Client("cem", suite)
    let bundle = try cem.bundle()
    let output = try room["ben"].commit(
      adding: [bundle.keyPackage], updatingPath: false, authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ben")
    room.clients["cem"] = cem
    room["cem"] = try cem.join(output.welcome, bundle, tree: room["ben"].ratchetTree)
    #expect(try room.agree())
    try room.commit(by: "cem")
    try room.commit(by: "ana", removing: ["ben"])
    #expect(try room.agree())
  }

  @Test("a removed member reads nothing more, and sends nothing", arguments: testedSuites)
  func removing(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem", "dia"], suite)
    let late = try room["ana"].encrypt(Array("before".utf8))
    let output = try room["ana"].commit(removing: [room.leaf("cem")], authentication: AcceptAll(), now: now)
    let staged = try room["cem"].stage(output.commit)
    #expect(staged.removesSelf)
    #expect(staged.removed.map(\.credential) == [room.clients["cem"]?.credential])
    try room.deliver(output, by: "ana")
    let cem = room["cem"]
    #expect(!cem.isActive)
    #expect(room["ana"].members.count == 3)
    #expect(try room.agree())

    #expect(try room["cem"].read(late).plaintext == Array("before".utf8))
    let message = try room["ana"].encrypt([1, 2, 3])
    #expect(throws: MLSError.wrongEpoch(current: 1, message: 2)) { try room["cem"].read(message) }
    #expect(throws: MLSError.groupNotActive) { try room["cem"].encrypt([1]) }
    #expect(throws: MLSError.groupNotActive) { try room["cem"].export(label: "x", context: [], length: 8) }
    #expect(throws: MLSError.groupNotActive) {
      try room["cem"].commit(authentication: AcceptAll(), now: now)
    }
    let next = try room["ben"].commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.groupNotActive) { try room["cem"].stage(next.commit) }
    // Not even with the secrets of the epoch before can the removed member follow the commit that removed it.
    var restored = try room["cem"].storedAndLoaded()
    #expect(!restored.isActive)
    #expect(throws: MLSError.groupNotActive) { try restored.stage(output.commit) }
  }

  @Test("proposals of others are committed by reference", arguments: testedSuites, [false, true])
  func byReference(_ suite: CipherSuite, encrypted: Bool) throws {
    var configuration = GroupConfiguration()
    configuration.encryptsHandshake = encrypted
    var room = try Room(["ana", "ben", "cem", "dia"], suite, configuration: configuration)
    let eva = try Client("eva", suite)
    let bundle = try eva.bundle()
    let add = try room["ben"].propose(adding: bundle.keyPackage, authentication: AcceptAll(), now: now)
    try room.deliver(proposal: add, by: "ben")
    let update = try room["cem"].proposeUpdate(authentication: AcceptAll(), now: now)
    try room.deliver(proposal: update, by: "cem")
    let remove = try room["dia"].propose(removing: room.leaf("dia"), authentication: AcceptAll(), now: now)
    try room.deliver(proposal: remove, by: "dia")
    #expect(room["ana"].pendingProposals.count == 3)
    #expect(throws: MLSError.proposalsPending) { try room["ana"].encrypt([1]) }

    let oldKey = room["cem"].ownLeafNode?.encryptionKey
    let output = try room["ana"].commit(authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    room.clients["eva"] = eva
    room["eva"] = try eva.join(output.welcome, bundle, tree: room["ana"].ratchetTree)
    #expect(!room["dia"].isActive)
    #expect(room["cem"].ownLeafNode?.encryptionKey != oldKey)
    #expect(room["ana"].pendingProposals.isEmpty)
    #expect(try room.agree())
    try room.commit(by: "cem")
    #expect(try room.agree())
  }

  @Test("a commit may change the committer's signature key and credential", arguments: testedSuites)
  func newSignatureKey(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let renamed = try Client("ana 2", suite)
    let change = LeafNodeChange(credential: renamed.credential, signatureKey: renamed.signatureKey)
    let output = try room["ana"].commit(leafNode: change, authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    room.clients["ana"] = renamed
    #expect(room["ben"].member(at: room.leaf("ana"))?.signatureKey == renamed.signatureKey.publicKey)
    #expect(try room.agree())
    try room.commit(by: "ana")
    #expect(try room.agree())
  }

  @Test("of two commits in one epoch, the first that is merged wins, and forks do not understand each other")
  func forks() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    let first = try room["ana"].commit(authentication: AcceptAll(), now: now)
    let second = try room["ben"].commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.commitPending) { try room["ben"].commit(authentication: AcceptAll(), now: now) }

    var fork = room["ben"]
    try fork.mergePendingCommit(now: now)
    try room.deliver(first, by: "ana")
    #expect(!room["ben"].hasPendingCommit)
    #expect(throws: MLSError.noCommitPending) { try room["ben"].mergePendingCommit(now: now) }
    #expect(throws: MLSError.wrongEpoch(current: 2, message: 1)) { try room["cem"].stage(second.commit) }
    #expect(fork.epochAuthenticator != room["ana"].epochAuthenticator)
    let message = try fork.encrypt([1])
    #expect(throws: MLSError.decryptionFailed) { try room["ana"].read(message) }
    let commit = try fork.commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.invalid(.membershipTag)) { try room["ana"].stage(commit.commit) }
    #expect(try room.agree())
  }

  @Test("a staged commit is of no use once the group has moved on") func stale() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    let first = try room["ana"].commit(authentication: AcceptAll(), now: now)
    let second = try room["ben"].commit(authentication: AcceptAll(), now: now)
    let stagedFirst = try room["cem"].stage(first.commit)
    let stagedSecond = try room["cem"].stage(second.commit)
    try room["cem"].merge(stagedFirst)
    #expect(throws: MLSError.staleCommit) { try room["cem"].merge(stagedSecond) }
    #expect(room["cem"].epoch == 2)
  }

  @Test("a pending commit can be dropped, and does not touch the epoch") func clearing() throws {
    var room = try Room(["ana", "ben"], .default)
    _ = try room["ana"].commit(authentication: AcceptAll(), now: now)
    #expect(room["ana"].hasPendingCommit)
    #expect(throws: MLSError.commitPending) { try room["ana"].encrypt([1]) }
    #expect(throws: MLSError.commitPending) {
      try room["ana"].proposeUpdate(authentication: AcceptAll(), now: now)
    }
    #expect(throws: MLSError.commitPending) { try room["ana"].commit(authentication: AcceptAll(), now: now) }
    let message = try room["ben"].encrypt([1])
    #expect(try room["ana"].read(message).plaintext == [1])
    room["ana"].configuration.allowsApplicationDataWhilePending = true
    #expect(try room.agree())
    room["ana"].clearPendingCommit()
    #expect(!room["ana"].hasPendingCommit)
    try room.commit(by: "ben")
    #expect(try room.agree())
  }

  @Test("one's own messages are told apart") func own() throws {
    var room = try Room(["ana", "ben"], .default)
    let message = try room["ana"].encrypt([1])
    #expect(throws: MLSError.ownMessage) { try room["ana"].read(message) }
    let output = try room["ana"].commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.ownMessage) { try room["ana"].stage(output.commit) }
  }

  @Test("messages of another group are refused") func otherGroup() throws {
    var room = try Room(["ana", "ben"], .default)
    let stranger = try Client("zoe", .default)
    var other = try Group.create(
      groupID: [7], cipherSuite: .default, credential: stranger.credential, signatureKey: stranger.signatureKey,
      lifetime: Client.lifetime, now: now)
    let message = try other.encrypt([1])
    #expect(throws: MLSError.wrongGroup) { try room["ana"].read(message) }
    let output = try other.commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.wrongGroup) { try room["ana"].stage(output.commit) }
  }

  @Test("removals shrink the tree, and later additions fill its gaps", arguments: testedSuites)
  func shrinking(_ suite: CipherSuite) throws {
    var room = try Room(["a", "b", "c", "d", "e", "f", "g", "h", "i"], suite)
    for name in ["b", "f", "c"] { try room.commit(by: name) }
    try room.commit(by: "a", removing: ["i", "h", "g", "e"])
    #expect(try room.agree())
    #expect(room["a"].members.count == 5)
    for name in ["i", "h", "g", "e"] { room.groups[name] = nil }
    try room.commit(by: "d", removing: ["b"])
    room.groups["b"] = nil
    try room.add(["j", "k"], by: "f")
    #expect(room.leaf("j") == 1)
    #expect(room.leaf("k") == 4)
    #expect(try room.agree())
    for name in ["j", "k", "c"] { try room.commit(by: name) }
    #expect(try room.agree())
  }
}
