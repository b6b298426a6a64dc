import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("External commits and groups that follow others")
struct JoiningTests {
  private func joinExternally(
    _ client: Client, _ group: Group, replacing: LeafIndex? = nil, proofs: [PreSharedKeyID] = [],
    preSharedKeys: PreSharedKeys = PreSharedKeys()
  ) throws -> ExternalJoin {
    try Group.joinExternally(
      group.groupInfo(withTree: false), ratchetTree: group.ratchetTree, credential: client.credential,
      signatureKey: client.signatureKey, replacing: replacing, proofs: proofs, preSharedKeys: preSharedKeys,
      authentication: AcceptAll(), now: now)
  }

  @Test("a new member joins by an external commit, which a public group follows", arguments: testedSuites)
  func external(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    var follower = try PublicGroup(
      groupInfo: room["ana"].groupInfo(withTree: true), authentication: AcceptAll(), now: now)
    for name in ["dia", "eva"] {
      let client = try Client(name, suite)
      let join = try joinExternally(client, room["ben"])
      let staged = try follower.stage(reencoded(join.commit), authentication: AcceptAll(), now: now)
      #expect(staged.sender == .newMemberCommit)
      #expect(staged.added.map(\.credential) == [client.credential])
      guard case .groupInfo(let groupInfo) = try reencoded(join.groupInfo) else { throw MLSError.unexpectedMessage }
      try follower.merge(staged, groupInfo: groupInfo)
      for old in room.groups.keys {
        let staged = try room[old].stage(join.commit)
        #expect(staged.added.map(\.leafIndex) == [join.group.ownLeafIndex])
        try room[old].merge(staged)
      }
      room.clients[name] = client
      room[name] = join.group
      #expect(try room.agree())
      #expect(follower.groupContext == room["ana"].groupContext)
    }
    try room.commit(by: "eva")
    try room.commit(by: "ana", removing: ["dia"])
    #expect(try room.agree())
    #expect(room["ana"].members.count == 4)
  }

  @Test("a member that lost its state takes its own place again", arguments: testedSuites)
  func resync(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let proof = PreSharedKeyID(
      kind: .resumption(usage: .application, groupID: room["ben"].groupID, epoch: 1),
      nonce: [UInt8](repeating: 1, count: try Suite(suite).hashLength))
    var secrets = PreSharedKeys()
    secrets[proof.source] = try room["ben"].resumptionPSK()
    let join = try joinExternally(
      room.clients["ben"]!, room["ana"], replacing: room.leaf("ben"), proofs: [proof], preSharedKeys: secrets)
    var lost = room["ben"]
    #expect(try lost.stage(join.commit).removesSelf)
    for name in ["ana", "cem"] {
      let staged = try room[name].stage(join.commit)
      #expect(staged.removed.count == 1 && staged.added.count == 1)
      try room[name].merge(staged)
    }
    room["ben"] = join.group
    #expect(try room.agree())
    #expect(room["ana"].members.count == 3)
    // A stranger cannot do so in the name of one whose credential the application guards.
    let zoe = try Client("zoe", suite)
    let stranger = try joinExternally(zoe, room["ana"], replacing: room.leaf("ben"))
    var ana = room["ana"]
    #expect(throws: MLSError.credentialRefused) {
      try ana.process(stranger.commit, authentication: Refusing(refusesSuccessors: true), now: now)
    }
    // Nor twice under one key.
    #expect(throws: MLSError.invalid(.leafNodeSignatureKeyNotUnique)) {
      try joinExternally(room.clients["ben"]!, room["ana"])
    }
  }

  @Test("an external commit needs an external key, and is refused once altered", arguments: testedSuites)
  func refused(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben"], suite)
    let dia = try Client("dia", suite)
    #expect(throws: MLSError.invalid(.externalPubMissing)) {
      try Group.joinExternally(
        room["ana"].groupInfo(withTree: true, withExternalPub: false), credential: dia.credential,
        signatureKey: dia.signatureKey, authentication: AcceptAll(), now: now)
    }
    #expect(throws: MLSError.invalid(.groupIDNotUnique)) {
      try Group.joinExternally(
        room["ana"].groupInfo(withTree: true), credential: dia.credential, signatureKey: dia.signatureKey,
        knownGroupIDs: [room["ana"].groupID], authentication: AcceptAll(), now: now)
    }
    let join = try joinExternally(dia, room["ana"])
    let bytes = join.commit.tlsEncoded
    for index in stride(from: 0, to: bytes.count, by: bytes.count > 3000 ? 13 : 1) {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") { try room["ben"].stage(MLSMessage(altered)) }
    }
    try room.commit(by: "ana")
    #expect(throws: MLSError.wrongEpoch(current: 2, message: 1)) { try room["ben"].stage(join.commit) }
  }

  @Test("whoever joins asks about the group's external senders too") func externalSenders() throws {
    let suite = CipherSuite.x25519AES128GCMSHA256Ed25519
    let service = try Client("service", suite)
    let senders = ExternalSenders([
      ExternalSender(signatureKey: service.signatureKey.publicKey, credential: service.credential)
    ])
    var group = try Client("ana", suite).createGroup(extensions: [senders.asExtension])
    let ben = try Client("ben", suite)
    let bundle = try ben.bundle()
    let output = try group.commit(
      adding: [bundle.keyPackage], welcomeWithTree: true, authentication: AcceptAll(), now: now)
    try group.mergePendingCommit(now: now)
    guard case .welcome(let welcome)? = output.welcome else { throw MLSError.unexpectedMessage }
    let info = try group.groupInfo(withTree: true)
    func join(_ authentication: some AuthenticationService) throws {
      _ = try Group.join(
        welcome, bundle: bundle, signatureKey: ben.signatureKey, authentication: authentication, now: now)
    }
    func joinExternally(_ authentication: some AuthenticationService) throws {
      let cem = try Client("cem", suite)
      _ = try Group.joinExternally(
        info, credential: cem.credential, signatureKey: cem.signatureKey, authentication: authentication, now: now)
    }
    func follow(_ authentication: some AuthenticationService) throws {
      _ = try PublicGroup(groupInfo: info, authentication: authentication, now: now)
    }
    let refusing = Refusing(identities: [Array("service".utf8)])
    #expect(throws: MLSError.credentialRefused) { try join(refusing) }
    #expect(throws: MLSError.credentialRefused) { try joinExternally(refusing) }
    #expect(throws: MLSError.credentialRefused) { try follow(refusing) }
    try join(AcceptAll())
    try joinExternally(AcceptAll())
    try follow(AcceptAll())
  }

  /// The first commit of a group that follows `origin`, made without a look at its members.
  private func commitFirst(
    _ group: inout Group, inviting keyPackages: [KeyPackage], of origin: Group, _ usage: ResumptionPSKUsage
  ) throws -> CommitOutput {
    let id = try PreSharedKeyID(
      .resumption(usage: usage, groupID: origin.groupID, epoch: origin.epoch), for: group.cipherSuite)
    var secrets = PreSharedKeys()
    secrets[id.source] = try origin.resumptionPSK()
    let own = Sender.member(group.ownLeafIndex)
    let list = ([.preSharedKey(id)] + keyPackages.map { .add($0) })
      .map { ReceivedProposal(proposal: $0, sender: own, reference: nil) }
    let output = try group.commit(
      list, updatingPath: true, change: LeafNodeChange(), [], secrets, welcomeWithTree: false,
      group.policy(AcceptAll(), now: now), pskUsage: usage)
    try group.mergePendingCommit(now: now)
    return output
  }

  @Test("a group is reinitialized with another suite by one of its members") func reInit() throws {
    var room = try Room(["ana", "ben", "cem"], .x25519AES128GCMSHA256Ed25519)
    let reInit = ReInit(groupID: Array("next".utf8), cipherSuite: .default, extensions: [])
    let proposal = try room["cem"].propose(.reInit(reInit), authentication: AcceptAll(), now: now)
    try room.deliver(proposal: proposal, by: "cem")
    let output = try room["ana"].commit(authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    #expect(room["ben"].reInit == reInit)

    let clients = try ["ana", "ben", "cem"].map { try Client($0, .default) }
    let bundles = try clients.map { try $0.bundle() }
    func make(_ invited: [KeyPackageBundle]) throws -> (group: Group, output: CommitOutput) {
      try room["ana"].reInitialize(
        inviting: invited.map(\.keyPackage), credential: clients[0].credential, signatureKey: clients[0].signatureKey,
        lifetime: Client.lifetime, authentication: AcceptAll(), now: now)
    }
    func join(_ index: Int, _ made: (group: Group, output: CommitOutput), origin: Group?) throws -> Group {
      guard case .welcome(let welcome)? = made.output.welcome else { throw MLSError.unexpectedMessage }
      return try Group.join(
        welcome, bundle: bundles[index], signatureKey: clients[index].signatureKey,
        ratchetTree: made.group.ratchetTree, origin: origin, authentication: AcceptAll(), now: now)
    }
    let good = try make([bundles[1], bundles[2]])
    let joined = try join(1, good, origin: room["ben"])
    #expect(joined.epochAuthenticator == good.group.epochAuthenticator)
    #expect(joined.cipherSuite == .default)
    #expect(throws: MLSError.self) { try join(1, good, origin: nil) }
    // One member was left out.
    #expect(throws: MLSError.invalid(.reInitMismatch)) { try make([bundles[1]]) }
    var partial = try Group.create(
      groupID: reInit.groupID, cipherSuite: .default, credential: clients[0].credential,
      signatureKey: clients[0].signatureKey, lifetime: Client.lifetime, now: now)
    let invitation = try commitFirst(&partial, inviting: [bundles[1].keyPackage], of: room["ana"], .reinit)
    #expect(throws: MLSError.invalid(.reInitMismatch)) { try join(1, (partial, invitation), origin: room["ben"]) }
    // A group of that name which is not tied to the old one.
    var loose = try Group.create(
      groupID: reInit.groupID, cipherSuite: .default, credential: clients[0].credential,
      signatureKey: clients[0].signatureKey, lifetime: Client.lifetime, now: now)
    let untied = try loose.commit(
      adding: bundles.dropFirst().map(\.keyPackage), authentication: AcceptAll(), now: now)
    try loose.mergePendingCommit(now: now)
    #expect(throws: MLSError.invalid(.reInitMismatch)) { try join(1, (loose, untied), origin: room["ben"]) }
    #expect(throws: MLSError.groupNotActive) {
      try joined.reInitialize(
        inviting: [], credential: clients[1].credential, signatureKey: clients[1].signatureKey,
        lifetime: Client.lifetime, authentication: AcceptAll(), now: now)
    }
  }

  @Test("some members branch off into a group of their own") func branch() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    let ben = room.clients["ben"]!
    let bundle = try ben.bundle()
    let stranger = try Client("zoe", .default)
    func make(_ keyPackages: [KeyPackage]) throws -> (group: Group, output: CommitOutput) {
      try room["ana"].branch(
        groupID: [5], inviting: keyPackages, lifetime: Client.lifetime, authentication: AcceptAll(), now: now)
    }
    func join(_ made: (group: Group, output: CommitOutput)) throws -> Group {
      guard case .welcome(let welcome)? = made.output.welcome else { throw MLSError.unexpectedMessage }
      return try Group.join(
        welcome, bundle: bundle, signatureKey: ben.signatureKey, ratchetTree: made.group.ratchetTree,
        origin: room["ben"], authentication: AcceptAll(), now: now)
    }
    var good = try make([bundle.keyPackage])
    var joined = try join(good)
    let message = try good.group.encrypt([1])
    #expect(try joined.read(message).plaintext == [1])
    let tooMany = try [bundle.keyPackage, stranger.bundle().keyPackage]
    #expect(throws: MLSError.invalid(.branchMismatch)) { try make(tooMany) }
    var wide = try Group.create(
      groupID: [5], cipherSuite: .default, credential: room.clients["ana"]!.credential,
      signatureKey: room.clients["ana"]!.signatureKey, lifetime: Client.lifetime, now: now)
    let invitation = try commitFirst(&wide, inviting: tooMany, of: room["ana"], .branch)
    #expect(throws: MLSError.invalid(.branchMismatch)) { try join((wide, invitation)) }
    try room.commit(by: "ana")
    #expect(throws: MLSError.self, "the origin has moved on") { try join(good) }
  }
}
