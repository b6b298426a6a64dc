import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("Validation rules")
struct RuleTests {
  let suite: Suite
  var room: Room

  init() throws {
    suite = try Suite(.x25519AES128GCMSHA256Ed25519)
    room = try Room(["ana", "ben", "cem"], .x25519AES128GCMSHA256Ed25519)
  }

  private func expect(
    _ rule: ValidationRule, location: SourceLocation = #_sourceLocation, _ body: () throws -> Void
  ) {
    #expect(throws: MLSError.invalid(rule), sourceLocation: location) { try body() }
  }

  private var policy: ValidationPolicy {
    ValidationPolicy(now: now, leafLifetimeMax: .max, authentication: AcceptAll())
  }

  // MARK: §6, framing

  @Test("§6.1: who may send what") mutating func senders() throws {
    let service = try Client("service", suite.cipherSuite)
    let senders = ExternalSenders([
      ExternalSender(signatureKey: service.signatureKey.publicKey, credential: service.credential)
    ])
    let output = try room["ana"].commit(
      proposals: [.groupContextExtensions([senders.asExtension])], authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    let (groupID, epoch) = (room["ana"].groupID, room["ana"].epoch)

    func outside(_ sender: Sender, _ body: FramedContent.Body, key: SignaturePrivateKey) throws -> MLSMessage {
      let content = FramedContent(groupID: groupID, epoch: epoch, sender: sender, authenticatedData: [], body: body)
      var signed = try AuthenticatedContent(
        signing: content, wireFormat: .publicMessage, context: room["ana"].groupContext, with: key)
      if body.type == .commit { signed.auth.confirmationTag = [1] }
      return try reencoded(.publicMessage(PublicMessage(fromOutside: signed)))
    }
    func refused(_ rule: ValidationRule, _ message: MLSMessage) {
      var ben = room["ben"]
      expect(rule) { _ = try ben.receive(message) }
    }
    let remove = Proposal.remove(room.leaf("cem"))
    refused(
      .externalSenderUnknown,
      try ExternalProposal.propose(
        remove, to: groupID, epoch: epoch, sender: 1, signatureKey: service.signatureKey, now: now))
    refused(
      .contentSignature,
      try ExternalProposal.propose(
        remove, to: groupID, epoch: epoch, sender: 0, signatureKey: room["ana"].signatureKey, now: now))
    let update = FramedContent.Body.proposal(.update(try #require(room["ana"].ownLeafNode)))
    refused(.externalSenderContent, try outside(.external(0), update, key: service.signatureKey))
    let empty = FramedContent.Body.commit(Commit(proposals: [], path: nil))
    refused(.externalSenderContent, try outside(.external(0), empty, key: service.signatureKey))
    refused(.newMemberCommitContent, try outside(.newMemberCommit, empty, key: service.signatureKey))
    refused(.newMemberCommitContent, try outside(.newMemberCommit, update, key: service.signatureKey))
    refused(.newMemberProposalContent, try outside(.newMemberProposal, update, key: service.signatureKey))
    refused(.newMemberProposalContent, try outside(.newMemberProposal, empty, key: service.signatureKey))
    expect(.externalSenderContent) {
      _ = try ExternalProposal.propose(
        .externalInit(kemOutput: []), to: groupID, epoch: epoch, sender: 0, signatureKey: service.signatureKey,
        now: now)
    }

    // What they may send is taken, and committed.
    let dia = try Client("dia", suite.cipherSuite)
    let bundle = try dia.bundle()
    let late = Client.lifetime.notAfter + 1
    expect(.leafNodeLifetime) {
      _ = try ExternalProposal.add(
        bundle.keyPackage, to: groupID, epoch: epoch, signatureKey: dia.signatureKey, now: late)
    }
    expect(.leafNodeLifetime) {
      _ = try ExternalProposal.propose(
        .add(bundle.keyPackage), to: groupID, epoch: epoch, sender: 0, signatureKey: service.signatureKey, now: late)
    }
    let good = try [
      ExternalProposal.propose(
        remove, to: groupID, epoch: epoch, sender: 0, signatureKey: service.signatureKey, now: now),
      ExternalProposal.add(bundle.keyPackage, to: groupID, epoch: epoch, signatureKey: dia.signatureKey, now: now),
    ]
    for message in good { try room.deliver(proposal: message, by: "nobody") }
    let second = try room["ben"].commit(authentication: AcceptAll(), now: now)
    try room.deliver(second, by: "ben")
    #expect(!room["cem"].isActive)
    room.clients["dia"] = dia
    room["dia"] = try dia.join(second.welcome, bundle, tree: room["ana"].ratchetTree)
    #expect(try room.agree())
  }

  @Test("§6.3.2: the sender must be a member") mutating func blankSender() throws {
    let ben = room["ben"]
    let content = FramedContent(
      groupID: ben.groupID, epoch: ben.epoch, sender: .member(3), authenticatedData: [], body: .application([1]))
    let signed = try AuthenticatedContent(
      signing: content, wireFormat: .privateMessage, context: ben.groupContext, with: ben.signatureKey)
    var tree = ben.state.secretTree
    let message = try PrivateMessage(
      protecting: signed, suite, senderDataSecret: ben.state.secrets.senderData, secretTree: &tree, padding: .none,
      random: .system)
    var ana = room["ana"]
    expect(.senderBlank) { _ = try ana.receive(.privateMessage(message)) }
  }

  // MARK: §7.3, leaves

  @Test("§7.3: a leaf by itself") func leaf() throws {
    let ana = room["ana"]
    let here = LeafNode.Position(groupID: ana.groupID, leafIndex: ana.ownLeafIndex)
    func validate(_ leaf: LeafNode, _ place: LeafNode.Place, max: UInt64 = .max) throws {
      try leaf.validate(suite, place, now: now, maximumLifetime: max)
    }
    let update = try ana.leaf(source: .update)
    try validate(update, .update(here))
    expect(.leafNodeSignature) {
      try validate(update, .update(LeafNode.Position(groupID: ana.groupID, leafIndex: 1)))
    }
    expect(.leafNodeSignature) { try validate(update, .update(LeafNode.Position(groupID: [1], leafIndex: 0))) }
    expect(.leafNodeSource) { try validate(update, .commit(here)) }
    expect(.leafNodeSource) { try validate(update, .keyPackage) }
    expect(.leafNodeSource) { try validate(ana.leaf(source: .commit(parentHash: [])), .update(here)) }
    expect(.leafNodeLifetime) {
      try validate(ana.leaf(source: .keyPackage(Lifetime(notBefore: 0, notAfter: 1))), .keyPackage)
    }
    expect(.leafNodeLifetimeTooLong) {
      try validate(ana.leaf(source: .keyPackage(Lifetime(notBefore: 0, notAfter: now))), .keyPackage, max: 10)
    }
    expect(.leafNodeLifetimeTooLong) {
      try validate(ana.leaf(source: .keyPackage(Lifetime(notBefore: 0, notAfter: now))), .tree(here), max: 10)
    }
    expect(.leafNodeExtensionNotInCapabilities) {
      let foreign = Extension(type: ExtensionType(rawValue: 0xBEEF), data: [])
      try validate(ana.leaf(source: .update) { $0.extensions = [foreign] }, .update(here))
    }
    expect(.duplicateExtension) {
      let element = Extension(type: .applicationID, data: [])
      try validate(ana.leaf(source: .update) { $0.extensions = [element, element] }, .update(here))
    }
    expect(.leafNodeCredentialNotInCapabilities) {
      try validate(ana.leaf(source: .update) { $0.capabilities.credentials = [] }, .update(here))
    }
    expect(.leafNodeCapabilities) {
      try validate(ana.leaf(source: .update) { $0.capabilities.cipherSuites = [.default] }, .update(here))
    }
    expect(.leafNodeCapabilities) {
      try validate(ana.leaf(source: .update) { $0.capabilities.versions = [] }, .update(here))
    }
    expect(.leafNodeKey) {
      try validate(ana.leaf(encryptionKey: HPKEPublicKey(bytes: [1]), source: .update), .update(here))
    }
  }

  @Test("§7.3 and §13.4: a leaf and its group's extensions") func leafAndGroup() throws {
    let leaf = try #require(room["ana"].ownLeafNode)
    let beef = ExtensionType(rawValue: 0xBEEF)
    expect(.leafNodeGroupExtensionUnsupported) { try leaf.validate(against: [Extension(type: beef, data: [])]) }
    for required in [
      RequiredCapabilities(extensions: [beef]), RequiredCapabilities(proposals: [ProposalType(rawValue: 0xBEEF)]),
      RequiredCapabilities(credentials: [.x509]),
    ] { expect(.leafNodeRequiredCapabilities) { try leaf.validate(against: [required.asExtension]) } }
    try leaf.validate(against: [RequiredCapabilities(extensions: [.applicationID], proposals: [.add]).asExtension])
  }

  @Test("§7.3: leaves among each other") mutating func leavesTogether() throws {
    let zoe = try Client("zoe", suite.cipherSuite)
    func bundle(_ credential: Credential, _ credentials: [CredentialType]) throws -> KeyPackage {
      try KeyPackageBundle.generate(
        cipherSuite: suite.cipherSuite, credential: credential, signatureKey: zoe.signatureKey,
        capabilities: Capabilities(credentials: credentials), lifetime: Client.lifetime
      ).keyPackage
    }
    let x509 = Credential.x509([[1]])
    var ana = room["ana"]
    expect(.leafNodeCredentialUnsupportedByMember) {
      _ = try ana.commit(adding: [bundle(x509, [.basic])], authentication: AcceptAll(), now: now)
    }
    var both = try zoe.createGroup(capabilities: Capabilities(credentials: [.basic, .x509]))
    let yan = try Client("yan", suite.cipherSuite)
    let narrow = try KeyPackageBundle.generate(
      cipherSuite: suite.cipherSuite, credential: x509, signatureKey: yan.signatureKey,
      capabilities: Capabilities(credentials: [.x509]), lifetime: Client.lifetime)
    expect(.leafNodeDoesNotSupportCredentialInUse) {
      _ = try both.commit(adding: [narrow.keyPackage], authentication: AcceptAll(), now: now)
    }
    var tree = both.ratchetTree
    tree.add(narrow.keyPackage.leafNode)
    expect(.leafNodeCredentialUnsupportedByMember) { try tree.validateLeavesTogether() }

    let old = room["ana"].ratchetTree
    let ben = try #require(room["ben"].ownLeafNode)
    var twice = old
    let added = twice.add(ben)
    expect(.leafNodeSignatureKeyNotUnique) { try twice.validateLeavesTogether() }
    expect(.leafNodeSignatureKeyNotUnique) { try twice.validateNewLeaves([added]) }
    var sameKey = old
    let other = try both.leaf(encryptionKey: ben.encryptionKey, source: .update)
    let place = sameKey.add(other)
    expect(.leafNodeEncryptionKeyNotUnique) { try sameKey.validateLeavesTogether() }
    expect(.leafNodeEncryptionKeyNotUnique) { try sameKey.validateNewLeaves([place]) }
    try old.validateLeavesTogether()
  }

  // MARK: §7.6 and §7.9, paths

  @Test("§7.6, §7.9 and §12.4.2: paths of a malicious member") mutating func paths() throws {
    let ana = room["ana"]
    var ben = room["ben"]
    func refused(_ rule: ValidationRule, _ path: UpdatePath) {
      expect(rule) { _ = try ben.stage(ana.forgedCommit(path: path)) }
    }
    let (path, made, tree, context) = try ana.goodPath()
    #expect(path.nodes.count == 2)
    refused(.updatePathLength, UpdatePath(leafNode: path.leafNode, nodes: [path.nodes[0]]))
    let short = UpdatePathNode(encryptionKey: path.nodes[0].encryptionKey, encryptedPathSecret: [])
    refused(.updatePathCiphertextCount, UpdatePath(leafNode: path.leafNode, nodes: [short, path.nodes[1]]))
    refused(.parentHashOfLeaf, UpdatePath(leafNode: try ana.leaf(source: .commit(parentHash: [1])), nodes: path.nodes))
    refused(.leafNodeSource, UpdatePath(leafNode: try ana.leaf(source: .update), nodes: path.nodes))
    let own = try #require(ana.ownLeafNode)
    refused(
      .committerEncryptionKeyUnchanged,
      UpdatePath(
        leafNode: try ana.leaf(encryptionKey: own.encryptionKey, source: .commit(parentHash: [])), nodes: path.nodes))
    let taken = try #require(ben.ownLeafNode).encryptionKey
    refused(
      .pathKeyAlreadyInTree,
      UpdatePath(leafNode: try ana.leaf(encryptionKey: taken, source: .commit(parentHash: [])), nodes: path.nodes))
    let repeated = UpdatePathNode(encryptionKey: path.nodes[0].encryptionKey, encryptedPathSecret: [])
    refused(.pathKeyAlreadyInTree, UpdatePath(leafNode: path.leafNode, nodes: [path.nodes[0], repeated]))

    // A path secret that does not give the node's key.
    let wrong = try suite.encryptWithLabel(
      taken, "UpdatePathNode", context: context.tlsEncoded, [UInt8](repeating: 1, count: suite.hashLength))
    let lying = UpdatePathNode(encryptionKey: path.nodes[0].encryptionKey, encryptedPathSecret: [wrong])
    refused(.updatePathPublicKeyMismatch, UpdatePath(leafNode: path.leafNode, nodes: [lying, path.nodes[1]]))
    // The path itself is sound: only the confirmation tag is not.
    refused(.confirmationTag, path)
    _ = made
    var nobody = PrivateTree(leafIndex: ben.ownLeafIndex, keys: [:])
    expect(.updatePathNotForThisMember) {
      _ = try nobody.decrypt(
        path, from: ana.ownLeafIndex, tree: tree, added: [], context: context.tlsEncoded, suite)
    }
    expect(.pathMissing) { _ = try ben.stage(ana.forgedCommit()) }
    expect(.pathMissing) { _ = try ben.stage(ana.forgedCommit([.remove(room.leaf("cem"))])) }
    expect(.removeOfCommitter) { _ = try ben.stage(ana.forgedCommit([.remove(ana.ownLeafIndex)], path: path)) }
  }

  // MARK: §10.1, key packages

  @Test("§10.1: key packages") func keyPackages() throws {
    let zoe = try Client("zoe", suite.cipherSuite)
    let good = try zoe.bundle().keyPackage
    func validate(_ keyPackage: KeyPackage) throws { try keyPackage.validate(now: now, maximumLifetime: .max) }
    try validate(good)
    expect(.keyPackageInitKey) {
      try validate(
        KeyPackage(
          cipherSuite: suite.cipherSuite, initKey: good.leafNode.encryptionKey, leafNode: good.leafNode,
          extensions: [], signatureKey: zoe.signatureKey))
    }
    expect(.keyPackageExtensionNotInCapabilities) {
      try validate(
        KeyPackage(
          cipherSuite: suite.cipherSuite, initKey: good.initKey, leafNode: good.leafNode,
          extensions: [Extension(type: .lastResort, data: [])], signatureKey: zoe.signatureKey))
    }
    expect(.keyPackageSignature) {
      try validate(
        KeyPackage(
          cipherSuite: suite.cipherSuite, initKey: good.initKey, leafNode: good.leafNode, extensions: [],
          signatureKey: .generate(suite.cipherSuite)))
    }
  }

  // MARK: §12.1 and §12.2, proposals

  @Test("§12.1: proposals by themselves") mutating func proposals() throws {
    let state = room["ana"].state.shared
    func validate(_ proposal: Proposal, from sender: Sender) throws {
      try state.validate(
        ReceivedProposal(proposal: proposal, sender: sender, reference: nil), extensions: [], policy)
    }
    let own = try #require(room["ana"].ownLeafNode)
    expect(.updateSender) { try validate(.update(own), from: .external(0)) }
    expect(.updateSender) { try validate(.update(own), from: .member(3)) }
    expect(.reInitVersion) {
      let bytes: [UInt8] = [0, 5] + [1, 7] + [0, 0] + [0, 1] + [0]
      try validate(Proposal(tlsEncoded: bytes), from: .member(0))
    }
    expect(.groupContextExtensions) {
      try validate(.groupContextExtensions([Extension(type: .ratchetTree, data: [])]), from: .member(0))
    }
    expect(.groupContextExtensions) {
      let reInit = ReInit(
        groupID: [1], cipherSuite: suite.cipherSuite, extensions: [Extension(type: .externalPub, data: [])])
      try validate(.reInit(reInit), from: .member(0))
    }
    expect(.groupContextExtensions) {
      _ = try Client("zoe", suite.cipherSuite).createGroup(extensions: [Extension(type: .applicationID, data: [])])
    }
    // An Update that does not change the key, by a member that signs it well.
    let ana = room["ana"]
    let unchanged = try ana.leaf(encryptionKey: own.encryptionKey, source: .update)
    let message = try ana.forged(.proposal(.update(unchanged)))
    var ben = room["ben"]
    expect(.leafNodeEncryptionKeyUnchanged) { _ = try ben.receive(message) }
    #expect(ben.pendingProposals.isEmpty)
  }

  @Test("§12.2: what an external commit may hold") func externalLists() throws {
    let state = room["ana"].state.shared
    let zoe = try Client("zoe", suite.cipherSuite)
    func apply(_ proposals: [Proposal], reference: ProposalRef? = nil) throws {
      let list = proposals.map { ReceivedProposal(proposal: $0, sender: .newMemberCommit, reference: reference) }
      _ = try state.apply(list, by: .external, policy)
    }
    let externalInit = Proposal.externalInit(kemOutput: [1])
    try apply([externalInit, .remove(1)])
    expect(.externalCommitExternalInit) { try apply([]) }
    expect(.externalCommitExternalInit) { try apply([externalInit, externalInit]) }
    expect(.externalCommitRemove) { try apply([externalInit, .remove(1), .remove(2)]) }
    expect(.externalCommitOther) { try apply([externalInit, .add(zoe.bundle().keyPackage)]) }
    expect(.externalCommitOther) { try apply([externalInit, .groupContextExtensions([])]) }
    expect(.externalCommitReference) { try apply([externalInit], reference: HashReference(bytes: [1])) }
  }

  // MARK: §12.4.3, joining

  @Test("§12.4.3: trees and group infos") mutating func trees() throws {
    try room.commit(by: "ben")
    try room.commit(by: "cem")
    var group = room["ana"]
    let info = try group.groupInfo(withTree: false)
    func begin(_ info: GroupInfo, _ tree: RatchetTree) throws {
      _ = try PublicGroup(groupInfo: info, ratchetTree: tree, authentication: AcceptAll(), now: now)
    }
    func signed(signer: LeafIndex, key: SignaturePrivateKey, extensions: [Extension] = []) throws -> GroupInfo {
      try GroupInfo(
        groupContext: group.groupContext, extensions: extensions, confirmationTag: info.confirmationTag,
        signer: signer, signatureKey: key)
    }
    try begin(info, group.ratchetTree)
    expect(.groupInfoSigner) { try begin(signed(signer: 3, key: group.signatureKey), group.ratchetTree) }
    expect(.groupInfoSignature) { try begin(signed(signer: 1, key: group.signatureKey), group.ratchetTree) }

    let root = group.ratchetTree.shape.root
    var parent = try #require(group.ratchetTree.parent(root))
    for unmerged: [LeafIndex] in [[3], [77]] {
      var tree = group.ratchetTree
      parent.unmergedLeaves = unmerged
      tree.set(root, to: .parent(parent))
      expect(.unmergedLeaves) { try tree.validateUnmergedLeaves() }
    }
    // Unmerged at the root, and not at the node between.
    parent.unmergedLeaves = [0]
    var tree = group.ratchetTree
    tree.set(root, to: .parent(parent))
    #expect(tree.parent(NodeIndex(1)) != nil)
    expect(.unmergedLeaves) { try tree.validateUnmergedLeaves() }

    tree = group.ratchetTree
    parent = try #require(tree.parent(root))
    parent.encryptionKey = try #require(group.ownLeafNode).encryptionKey
    tree.set(root, to: .parent(parent))
    expect(.parentKeyNotUnique) { try tree.validateLeavesTogether() }
    _ = try group.encrypt([1])
  }

  @Test("§12.4.3.1: Welcomes of a malicious member") mutating func welcomes() throws {
    let zoe = try Client("zoe", suite.cipherSuite)
    let bundle = try zoe.bundle()
    var ana = room["ana"]
    _ = try ana.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    let state = try #require(ana.pendingCommit).next
    let joinerSecret = Secret([UInt8](repeating: 7, count: suite.hashLength))

    func join(
      _ context: GroupContext? = nil, for joiner: KeyPackage? = nil, tag: [UInt8]? = nil, pathSecret: Secret? = nil,
      psks: [PreSharedKeyID] = [], tree: RatchetTree? = nil, signer: SignaturePrivateKey? = nil, origin: Group? = nil
    ) throws {
      let context = context ?? state.shared.context
      var available = PreSharedKeys()
      for id in psks { available[id.source] = Secret([1]) }
      let schedule = KeySchedule(
        suite, joinerSecret: joinerSecret, pskSecret: try available.pskSecret(suite, psks), context: context)
      let info = try GroupInfo(
        groupContext: context, extensions: [],
        confirmationTag: tag
          ?? schedule.secrets.confirmationTag(suite, confirmedTranscriptHash: context.confirmedTranscriptHash),
        signer: ana.ownLeafIndex, signatureKey: signer ?? ana.signatureKey)
      let welcome = try Welcome(
        suite, groupInfo: info, schedule: schedule, preSharedKeys: psks,
        newMembers: [(joiner ?? bundle.keyPackage, pathSecret)])
      _ = try Group.join(
        welcome, bundle: bundle, signatureKey: zoe.signatureKey, ratchetTree: tree ?? state.shared.tree,
        preSharedKeys: available, origin: origin, authentication: AcceptAll(), now: now)
    }
    try join()
    expect(.groupInfoConfirmationTag) { try join(tag: [1]) }
    expect(.groupInfoSignature) { try join(signer: .generate(suite.cipherSuite)) }
    expect(.pathSecretMismatch) { try join(pathSecret: joinerSecret) }
    var without = room["ana"].ratchetTree
    var context = state.shared.context
    context.treeHash = without.rootHash(suite)
    expect(.ownLeafMissing) { try join(context, tree: without) }

    let nonce = [UInt8](repeating: 1, count: suite.hashLength)
    func link(_ usage: ResumptionPSKUsage, _ epoch: UInt64 = 1) -> PreSharedKeyID {
      PreSharedKeyID(kind: .resumption(usage: usage, groupID: room["ana"].groupID, epoch: epoch), nonce: nonce)
    }
    expect(.welcomePSKs) { try join(psks: [link(.reinit), link(.branch)]) }
    expect(.pskNonceLength) { try join(psks: [PreSharedKeyID(kind: .external(id: [1]), nonce: [1])]) }
    // The group that the Welcome leads to is in epoch 2.
    expect(.resumptionEpoch) { try join(psks: [link(.branch)]) }

    let other = try Client("zoe", .default).bundle()
    let output = try ana.pendingCommit.map { _ in
      ana.clearPendingCommit()
      return try ana.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    }
    guard case .welcome(let welcome)? = output?.welcome else { throw MLSError.unexpectedMessage }
    expect(.welcomeCipherSuite) {
      _ = try Group.join(
        welcome, bundle: other, signatureKey: zoe.signatureKey, authentication: AcceptAll(), now: now)
    }
  }

  @Test("indices that name nothing in the tree are answered, not trapped on") func outside() throws {
    var tree = room["ana"].ratchetTree
    for index: LeafIndex in [4, 77, LeafIndex(.max)] {
      #expect(tree[index] == nil)
      #expect(tree.filteredDirectPath(of: index).isEmpty)
      #expect(tree.resolution(of: NodeIndex(index)).isEmpty)
      tree.blank(index)
      #expect(room["ana"].member(at: index) == nil)
    }
    #expect(tree == room["ana"].ratchetTree)
    var parent = try #require(tree.parent(NodeIndex(1)))
    parent.unmergedLeaves = [77]
    tree.set(NodeIndex(1), to: .parent(parent))
    _ = tree.rootHash(suite)
    expect(.unmergedLeaves) { try tree.validateUnmergedLeaves() }
    expect(.parentHashChain) { try tree.validateParentHashes(suite) }
    var ana = room["ana"]
    #expect(throws: MLSError.unknownMember(77)) {
      try ana.propose(removing: 77, authentication: AcceptAll(), now: now)
    }
  }
}
