import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("A public group")
struct PublicGroupTests {
  private func follow(_ group: Group) throws -> PublicGroup {
    try PublicGroup(
      groupInfo: group.groupInfo(withTree: false), ratchetTree: group.ratchetTree, authentication: AcceptAll(),
      now: now)
  }

  private func groupInfo(_ output: CommitOutput) throws -> GroupInfo {
    guard case .groupInfo(let groupInfo) = try reencoded(output.groupInfo) else { throw MLSError.unexpectedMessage }
    return groupInfo
  }

  @Test("follows a group by its commits and proposals alone", arguments: testedSuites)
  func following(_ suite: CipherSuite) throws {
    var room = try Room(["ana"], suite)
    var follower = try follow(room["ana"])
    #expect(follower.members.count == 1)

    let bundles = try ["ben", "cem", "dia"].map { name in
      room.clients[name] = try Client(name, suite)
      return try room.clients[name]!.bundle()
    }
    var output = try room["ana"].commit(adding: bundles.map(\.keyPackage), authentication: AcceptAll(), now: now)
    var staged = try follower.stage(reencoded(output.commit), authentication: AcceptAll(), now: now)
    #expect(staged.sender == .member(0))
    #expect(staged.newEpoch == 1)
    #expect(staged.added.map(\.leafIndex) == [1, 2, 3])
    try follower.merge(staged, groupInfo: groupInfo(output))
    try room.deliver(output, by: "ana")
    // The joiners take the tree from the follower, as they do in the network.
    for (name, bundle) in zip(["ben", "cem", "dia"], bundles) {
      room[name] = try room.clients[name]!.join(output.welcome, bundle, tree: follower.ratchetTree)
    }
    #expect(try room.agree())

    let update = try room["ben"].proposeUpdate(authentication: AcceptAll(), now: now)
    _ = try follower.receive(proposal: reencoded(update), authentication: AcceptAll(), now: now)
    try room.deliver(proposal: update, by: "ben")
    #expect(follower.pendingProposals.count == 1)
    output = try room["cem"].commit(removing: [room.leaf("dia")], authentication: AcceptAll(), now: now)
    var restored = try PublicGroup(serialized: follower.serialized)
    staged = try restored.stage(reencoded(output.commit), authentication: AcceptAll(), now: now)
    #expect(staged.removed.map(\.leafIndex) == [3])
    #expect(Set(staged.updated.map(\.leafIndex)) == [1, 2])
    #expect(staged.members.count == 3)
    try restored.merge(staged)
    #expect(restored.groupInfo == nil)
    try room.deliver(output, by: "cem")
    #expect(restored.groupContext == room["ana"].groupContext)
    #expect(restored.ratchetTree == room["ana"].ratchetTree)
    #expect(restored.epoch == 2)
    #expect(try room.agree())
  }

  @Test("refuses a commit that is altered, forged, or of the past", arguments: testedSuites)
  func refusing(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben"], suite)
    var follower = try follow(room["ana"])
    let output = try room["ana"].commit(authentication: AcceptAll(), now: now)
    let bytes = output.commit.tlsEncoded
    // The last two fields are tags that only members can check: the confirmation and the membership tag.
    let tags = 2 * (1 + (try Suite(suite)).hashLength)
    for index in stride(from: 0, to: bytes.count - tags, by: bytes.count > 3000 ? 5 : 1) {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") {
        try follower.stage(MLSMessage(altered), authentication: AcceptAll(), now: now)
      }
    }

    // One who is not a member, with a group of the same name.
    let zoe = try Client("zoe", suite)
    var impostor = try zoe.createGroup()
    let first = try impostor.commit(authentication: AcceptAll(), now: now)
    try impostor.mergePendingCommit(now: now)
    let second = try impostor.commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.wrongEpoch(current: 1, message: 0)) {
      try follower.stage(first.commit, authentication: AcceptAll(), now: now)
    }
    #expect(throws: MLSError.invalid(.contentSignature)) {
      try follower.stage(second.commit, authentication: AcceptAll(), now: now)
    }

    let wrongInfo = try groupInfo(second)
    let staged = try follower.stage(output.commit, authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.invalid(.groupInfoContext)) { try follower.merge(staged, groupInfo: wrongInfo) }
    try follower.merge(staged, groupInfo: groupInfo(output))
    #expect(throws: MLSError.staleCommit) { try follower.merge(staged) }
    #expect(throws: MLSError.wrongEpoch(current: 2, message: 1)) {
      try follower.stage(output.commit, authentication: AcceptAll(), now: now)
    }
    let secret = try room["ben"].encrypt([1])
    #expect(throws: MLSError.unexpectedMessage) { try follower.stage(secret, authentication: AcceptAll(), now: now) }
  }

  @Test("refuses what its members would refuse: an expired key package, a refused credential")
  func policies() throws {
    var room = try Room(["ana", "ben"], .default)
    let follower = try follow(room["ana"])
    let cem = try Client("cem", .default)
    let output = try room["ana"].commit(adding: [cem.bundle().keyPackage], authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.invalid(.leafNodeLifetime)) {
      try follower.stage(output.commit, authentication: AcceptAll(), now: Client.lifetime.notAfter + 1)
    }
    #expect(throws: MLSError.credentialRefused) {
      try follower.stage(
        output.commit, authentication: Refusing(identities: [Array("cem".utf8)]), now: now)
    }
    #expect(try follower.stage(output.commit, authentication: AcceptAll(), now: now).added.count == 1)
  }

  @Test("does not begin with a tree or a group info that is not the group's", arguments: testedSuites)
  func beginning(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let before = room["ana"].ratchetTree
    try room.commit(by: "ben")
    let info = try room["ana"].groupInfo(withTree: false)
    #expect(throws: MLSError.invalid(.treeMissing)) {
      try PublicGroup(groupInfo: info, authentication: AcceptAll(), now: now)
    }
    #expect(throws: (any Error).self) {
      try PublicGroup(groupInfo: info, ratchetTree: before, authentication: AcceptAll(), now: now)
    }
    let bytes = info.tlsEncoded
    for index in stride(from: 0, to: bytes.count, by: 3) {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") {
        try PublicGroup(
          groupInfo: GroupInfo(tlsEncoded: altered), ratchetTree: room["ana"].ratchetTree,
          authentication: AcceptAll(), now: now)
      }
    }
    let withTree = try room["ana"].groupInfo(withTree: true)
    #expect(try PublicGroup(groupInfo: withTree, authentication: AcceptAll(), now: now).members.count == 3)
  }
}
