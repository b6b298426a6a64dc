import MLS
import MLSTestKit
import TLSPresentation
import Testing

/// Refuses what it is told to refuse.
struct Refusing: AuthenticationService {
  var identities: Set<[UInt8]> = []
  var refusesSuccessors = false

  func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError) {
    if case .basic(let identity) = credential, identities.contains(identity) { throw .credentialRefused }
  }

  func validateSuccessor(old: Credential, new: Credential) throws(MLSError) {
    if refusesSuccessors { throw .credentialRefused }
  }

  func client(of credential: Credential) -> [UInt8]? {
    if case .basic(let identity) = credential { identity } else { nil }
  }
}

@Suite("Handshake messages")
struct HandshakeTests {
  @Test("a commit that is altered in any byte is refused by members", arguments: testedSuites)
  func alteredCommit(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let dia = try Client("dia", suite).bundle()
    let output = try room["ana"].commit(
      adding: [dia.keyPackage], removing: [room.leaf("cem")], authentication: AcceptAll(), now: now)
    let bytes = output.commit.tlsEncoded
    // Every byte of what is not a long key or ciphertext, and one in seven of a large message.
    for index in stride(from: 0, to: bytes.count, by: bytes.count > 3000 ? 7 : 1) {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") {
        guard case .commit = try room["ben"].receive(MLSMessage(altered)) else { throw MLSError.unexpectedMessage }
      }
    }
    try room["ben"].merge(room["ben"].stage(output.commit))
    #expect(room["ben"].epoch == 2)
  }

  @Test("a Welcome that is altered in any byte is refused", arguments: testedSuites)
  func alteredWelcome(_ suite: CipherSuite) throws {
    let ben = try Client("ben", suite)
    let bundle = try ben.bundle()
    var group = try Client("ana", suite).createGroup()
    let output = try group.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    try group.mergePendingCommit(now: now)
    let bytes = try #require(output.welcome).tlsEncoded
    let tree = group.ratchetTree
    for index in stride(from: 0, to: bytes.count, by: bytes.count > 1500 ? 5 : 1) {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") { try ben.join(MLSMessage(altered), bundle, tree: tree) }
    }
    #expect(try ben.join(output.welcome, bundle, tree: tree).epoch == 1)
  }

  @Test("a joiner checks the tree that it is given", arguments: testedSuites)
  func joining(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    let dia = try Client("dia", suite)
    let bundle = try dia.bundle()
    let before = room["ana"].ratchetTree
    let output = try room["ana"].commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    let tree = room["ana"].ratchetTree
    #expect(throws: MLSError.invalid(.treeMissing)) { try dia.join(output.welcome, bundle, tree: nil) }
    #expect(throws: MLSError.invalid(.treeHash)) { try dia.join(output.welcome, bundle, tree: before) }
    var forged = tree
    forged.set(NodeIndex(LeafIndex(1)), to: nil)
    #expect(throws: MLSError.invalid(.treeHash)) { try dia.join(output.welcome, bundle, tree: forged) }
    #expect(throws: MLSError.invalid(.welcomeNotForKeyPackage)) {
      try dia.join(output.welcome, dia.bundle(), tree: tree)
    }
    guard case .welcome(let welcome)? = output.welcome else { throw MLSError.unexpectedMessage }
    #expect(throws: MLSError.invalidKey) {
      try Group.join(
        welcome, bundle: bundle, signatureKey: .generate(suite), ratchetTree: tree, authentication: AcceptAll(),
        now: now)
    }
    #expect(throws: MLSError.credentialRefused) {
      try Group.join(
        welcome, bundle: bundle, signatureKey: dia.signatureKey, ratchetTree: tree,
        authentication: Refusing(identities: [Array("cem".utf8)]), now: now)
    }
    var brief = GroupConfiguration()
    brief.leafLifetimeMax = 86_400
    #expect(throws: MLSError.invalid(.leafNodeLifetimeTooLong)) {
      try Group.join(
        welcome, bundle: bundle, signatureKey: dia.signatureKey, ratchetTree: tree, configuration: brief,
        authentication: AcceptAll(), now: now)
    }
    #expect(throws: MLSError.invalid(.branchMismatch), "the Welcome is not of a group that branches off this one") {
      try Group.join(
        welcome, bundle: bundle, signatureKey: dia.signatureKey, ratchetTree: tree, origin: room["ben"],
        authentication: AcceptAll(), now: now)
    }
    #expect(throws: MLSError.invalid(.groupIDNotUnique)) {
      try Group.join(
        welcome, bundle: bundle, signatureKey: dia.signatureKey, ratchetTree: tree,
        knownGroupIDs: [room["ana"].groupID], authentication: AcceptAll(), now: now)
    }
    #expect(try dia.join(output.welcome, bundle, tree: tree).epochAuthenticator == room["ana"].epochAuthenticator)
  }

  @Test("a key package must be valid for the group, now", arguments: testedSuites)
  func keyPackages(_ suite: CipherSuite) throws {
    var group = try Client("ana", suite).createGroup()
    let ben = try Client("ben", suite)
    func add(_ keyPackage: KeyPackage, at time: UInt64 = now) throws {
      _ = try group.commit(adding: [keyPackage], authentication: AcceptAll(), now: time)
    }
    let good = try ben.bundle().keyPackage
    #expect(throws: MLSError.invalid(.leafNodeLifetime)) { try add(good, at: Client.lifetime.notAfter + 1) }
    #expect(throws: MLSError.invalid(.leafNodeLifetime)) { try add(good, at: Client.lifetime.notBefore - 1) }
    let long = Lifetime(notBefore: now - 1, notAfter: now + 100 * 86_400)
    #expect(throws: MLSError.invalid(.leafNodeLifetimeTooLong)) { try add(ben.bundle(lifetime: long).keyPackage) }
    let other = try Client("zoe", suite == .default ? .x25519AES128GCMSHA256Ed25519 : .default)
    #expect(throws: MLSError.invalid(.keyPackageVersionOrCipherSuite)) { try add(other.bundle().keyPackage) }
    let bytes = good.tlsEncoded
    for index in stride(from: 0, to: bytes.count, by: 3) {
      var altered = bytes
      altered[index] ^= 1 << (index % 8)
      #expect(throws: (any Error).self, "byte \(index)") { try add(KeyPackage(tlsEncoded: altered)) }
    }
    #expect(throws: MLSError.invalid(.addsOfSameClient)) {
      try group.commit(
        adding: [good, ben.bundle().keyPackage], authentication: AcceptAll(), now: now)
    }
    #expect(throws: MLSError.credentialRefused) {
      try group.commit(adding: [good], authentication: Refusing(identities: [Array("ben".utf8)]), now: now)
    }
    #expect(!group.hasPendingCommit)
    try add(good)
    try group.mergePendingCommit(now: now)
    #expect(throws: MLSError.invalid(.addOfMember)) { try add(ben.bundle().keyPackage) }
    let twin = try Client("ben", suite).bundle().keyPackage
    #expect(throws: MLSError.invalid(.addOfMember)) {
      try group.commit(adding: [twin], authentication: Refusing(), now: now)
    }
    #expect(try ben.bundle(lastResort: true).keyPackage.isLastResort)
    #expect(!good.isLastResort)
  }

  @Test("lists of proposals that RFC 9420 §12.2 forbids are refused") func lists() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    func commit(_ proposals: [Proposal]) throws {
      _ = try room["ana"].commit(proposals: proposals, authentication: AcceptAll(), now: now)
    }
    let (ana, ben) = (room.leaf("ana"), room.leaf("ben"))
    #expect(throws: MLSError.invalid(.removeOfCommitter)) { try commit([.remove(ana)]) }
    #expect(throws: MLSError.invalid(.multipleForSameLeaf)) { try commit([.remove(ben), .remove(ben)]) }
    #expect(throws: MLSError.invalid(.removedNotMember)) { try commit([.remove(77)]) }
    #expect(throws: MLSError.invalid(.updateByCommitter)) {
      try commit([.update(#require(room["ana"].ownLeafNode))])
    }
    #expect(throws: MLSError.invalid(.multipleGroupContextExtensions)) {
      try commit([.groupContextExtensions([]), .groupContextExtensions([])])
    }
    #expect(throws: MLSError.invalid(.duplicateExtension)) {
      let element = RequiredCapabilities().asExtension
      try commit([.groupContextExtensions([element, element])])
    }
    #expect(throws: MLSError.invalid(.requiredCapabilitiesUnsupported)) {
      try commit([
        .groupContextExtensions([
          RequiredCapabilities(extensions: [ExtensionType(rawValue: 0xBEEF)]).asExtension
        ])
      ])
    }
    let reInit = ReInit(groupID: [9], cipherSuite: .default, extensions: [])
    #expect(throws: MLSError.invalid(.reInitWithOthers)) { try commit([.reInit(reInit), .remove(ben)]) }
    #expect(throws: MLSError.invalid(.externalInitInRegularCommit)) { try commit([.externalInit(kemOutput: [1])]) }
    #expect(throws: MLSError.invalid(.proposalTypeUnsupported)) {
      try commit([.unknown(ProposalType(rawValue: 0xBEEF), [1])])
    }
    let nonce = [UInt8](repeating: 1, count: 48)
    let psk = PreSharedKeyID(kind: .external(id: [1]), nonce: nonce)
    #expect(throws: MLSError.invalid(.samePSKTwice)) { try commit([.preSharedKey(psk), .preSharedKey(psk)]) }
    #expect(throws: MLSError.invalid(.pskNonceLength)) {
      try commit([.preSharedKey(PreSharedKeyID(kind: .external(id: [1]), nonce: [1]))])
    }
    for usage in [ResumptionPSKUsage.reinit, .branch] {
      #expect(throws: MLSError.invalid(.pskUsage)) {
        try commit([
          .preSharedKey(PreSharedKeyID(kind: .resumption(usage: usage, groupID: [1], epoch: 1), nonce: nonce))
        ])
      }
    }
    #expect(throws: MLSError.missingPreSharedKey(psk)) { try commit([.preSharedKey(psk)]) }
    #expect(!room["ana"].hasPendingCommit)
    #expect(try room.agree())
  }

  @Test("a member that refuses a credential refuses the commit that brings it") func refused() throws {
    var room = try Room(["ana", "ben"], .default)
    let cem = try Client("cem", .default)
    let output = try room["ana"].commit(adding: [cem.bundle().keyPackage], authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.credentialRefused) {
      try room["ben"].process(
        output.commit, authentication: Refusing(identities: [Array("cem".utf8)]), now: now)
    }
    room["ana"].clearPendingCommit()
    let renamed = try Client("ana 2", .default)
    let change = LeafNodeChange(credential: renamed.credential)
    let second = try room["ana"].commit(leafNode: change, authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.credentialRefused) {
      try room["ben"].process(second.commit, authentication: Refusing(refusesSuccessors: true), now: now)
    }
    #expect(room["ben"].epoch == 1)
    _ = try room["ben"].stage(second.commit)
  }

  @Test("a commit that refers to a proposal that was not received is refused until it is") func unknown() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    let remove = try room["cem"].propose(removing: room.leaf("cem"), authentication: AcceptAll(), now: now)
    _ = try room["ana"].receive(remove)
    let output = try room["ana"].commit(authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.unknownProposal) { try room["ben"].stage(output.commit) }
    _ = try room["ben"].receive(remove)
    #expect(try room["ben"].stage(output.commit).removed.map(\.leafIndex) == [room.leaf("cem")])
  }

  @Test("a proposal that cannot be committed keeps nobody from committing the others") func uncommittable() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    let unsupported = RequiredCapabilities(extensions: [ExtensionType(rawValue: 0xBEEF)]).asExtension
    let psk = try PreSharedKeyID(.external(id: [4]), for: .default)
    let brief = Lifetime(notBefore: now - 1, notAfter: now)
    let dia = try Client("dia", .default)
    let eva = try Client("eva", .default).bundle()
    let expired = try dia.bundle(lifetime: brief)
    let proposals: [Proposal] = [
      .groupContextExtensions([unsupported]), .preSharedKey(psk), .add(expired.keyPackage), .add(eva.keyPackage),
      .remove(room.leaf("cem")),
    ]
    for proposal in proposals {
      let message = try room["cem"].propose(proposal, authentication: AcceptAll(), now: now)
      try room.deliver(proposal: message, by: "cem")
    }
    let output = try room["ana"].commit(authentication: AcceptAll(), now: now + 1)
    let staged = try room["ben"].stage(output.commit)
    #expect(staged.removed.map(\.leafIndex) == [room.leaf("cem")])
    #expect(staged.added.map(\.credential) == [eva.keyPackage.leafNode.credential])
    #expect(staged.groupContextExtensions.isEmpty)
    // What the committer itself wants and cannot have is an error still.
    room["ana"].clearPendingCommit()
    #expect(throws: MLSError.invalid(.requiredCapabilitiesUnsupported)) {
      try room["ana"].commit(proposals: [proposals[0]], authentication: AcceptAll(), now: now)
    }
    #expect(!room["ana"].hasPendingCommit)
  }

  @Test(
    "every use of a PSK has a nonce of its own, of the length that the suite asks", arguments: CipherSuite.supported)
  func nonces(_ cipherSuite: CipherSuite) throws {
    let ids = try (0..<3).map { _ in try PreSharedKeyID(.external(id: [4]), for: cipherSuite) }
    #expect(Set(ids).count == 3)
    #expect(try ids.allSatisfy { try $0.nonce.count == Suite(cipherSuite).hashLength })
  }

  @Test("external PSKs enter the epoch, and those without them cannot follow") func externalPSK() throws {
    var room = try Room(["ana", "ben", "cem"], .default)
    var psks = PreSharedKeys()
    psks[.external(id: [4])] = Secret([1, 2, 3])
    let id = PreSharedKeyID(kind: .external(id: [4]), nonce: [UInt8](repeating: 3, count: 48))
    let output = try room["ana"].commit(
      proposals: [.preSharedKey(id)], updatingPath: false, preSharedKeys: psks, authentication: AcceptAll(), now: now)
    #expect(throws: MLSError.missingPreSharedKey(id)) { try room["ben"].stage(output.commit) }
    var wrong = PreSharedKeys()
    wrong[.external(id: [4])] = Secret([9])
    #expect(throws: MLSError.invalid(.confirmationTag)) {
      try room["ben"].process(output.commit, preSharedKeys: wrong, authentication: AcceptAll(), now: now)
    }
    for name in ["ben", "cem"] {
      let processed = try room[name].process(
        output.commit, preSharedKeys: psks, authentication: AcceptAll(), now: now)
      guard case .commit(let staged) = processed else { throw MLSError.unexpectedMessage }
      try room[name].merge(staged)
    }
    try room["ana"].mergePendingCommit(now: now)
    #expect(try room.agree())
    let resumption = PreSharedKeyID(
      kind: .resumption(usage: .application, groupID: room["ana"].groupID, epoch: 1),
      nonce: [UInt8](repeating: 5, count: 48))
    let second = try room["cem"].commit(
      proposals: [.preSharedKey(resumption)], updatingPath: false, authentication: AcceptAll(), now: now)
    try room.deliver(second, by: "cem")
    #expect(try room.agree())
  }

  @Test("the group context's extensions can be changed") func groupContextExtensions() throws {
    var room = try Room(["ana", "ben"], .default)
    let required = RequiredCapabilities(credentials: [.basic]).asExtension
    let output = try room["ana"].commit(
      proposals: [.groupContextExtensions([required])], authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    #expect(room["ben"].groupContextExtensions == [required])
    #expect(try room.agree())
  }

  @Test("a ReInit shuts the group down") func reInit() throws {
    var room = try Room(["ana", "ben"], .default)
    let reInit = ReInit(groupID: [9], cipherSuite: .default, extensions: [])
    let output = try room["ana"].commit(
      proposals: [.reInit(reInit)], updatingPath: false, authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    for name in ["ana", "ben"] {
      #expect(!room[name].isActive)
      #expect(room[name].reInit == reInit)
      #expect(throws: MLSError.groupNotActive) { try room[name].encrypt([1]) }
    }
  }
}
