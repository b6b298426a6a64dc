import MLS
import MLSTestKit
import TLSPresentation
import Testing

@Suite("GREASE and what is unknown")
struct GreaseTests {
  private let suite = CipherSuite.x25519AES128GCMSHA256Ed25519

  private func isGrease(_ value: some CodePoint) -> Bool { Grease.values.contains(value.rawValue) }

  @Test("the values are those of RFC 9420 §13.5") func values() {
    #expect(Grease.values.count == 15)
    #expect(Grease.values.first == 0x0A0A)
    #expect(Grease.values[7] == 0x7A7A)
    #expect(Grease.values.last == 0xEAEA)
  }

  @Test("every field that RFC 9420 §13.5 names carries one, drawn from the random source") func sent() throws {
    let client = try Client("ana", suite, random: .seeded("grease"))
    let keyPackage = try client.bundle().keyPackage
    let leaf = keyPackage.leafNode
    #expect(leaf.capabilities.cipherSuites.contains { isGrease($0) })
    #expect(leaf.capabilities.extensions.contains { isGrease($0) })
    #expect(leaf.capabilities.proposals.contains { isGrease($0) })
    #expect(leaf.capabilities.credentials.contains { isGrease($0) })
    #expect(leaf.extensions.contains { isGrease($0.type) })
    #expect(keyPackage.extensions.contains { isGrease($0.type) })
    #expect(leaf.capabilities.versions == [.mls10])
    try keyPackage.validate(now: now, maximumLifetime: .max)
    let again = try Client("ana", suite, random: .seeded("grease")).bundle().keyPackage
    #expect(again == keyPackage)
    let types = try (0..<8).map { try Client("ana", suite, random: .seeded("\($0)")).bundle().keyPackage.extensions }
    #expect(Set(types).count > 1)

    var room = try Room(["ana", "ben"], suite)
    #expect(try room["ana"].groupInfo(withTree: false).extensions.contains { isGrease($0.type) })
    #expect(!room["ana"].groupContextExtensions.contains { isGrease($0.type) })
    // A path keeps what the leaf has; new capabilities get theirs anew.
    let change = LeafNodeChange(capabilities: Capabilities(credentials: [.basic, .x509]), extensions: [])
    let output = try room["ana"].commit(leafNode: change, authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    let changed = try #require(room["ben"].member(at: 0)).leafNode
    #expect(changed.capabilities.proposals.contains { isGrease($0) })
    #expect(changed.extensions.count == 1 && changed.extensions.allSatisfy { isGrease($0.type) })
    #expect(try room.agree())
  }

  @Test("default types are never listed, whatever the caller says") func defaults() throws {
    let capabilities = Capabilities(
      extensions: [.applicationID, .externalSenders, ExtensionType(rawValue: 0xF001)], proposals: [.add, .reInit])
    let leaf = try Client("ana", suite).bundle(capabilities: capabilities).keyPackage.leafNode
    #expect(!leaf.capabilities.extensions.contains { $0.isDefault })
    #expect(!leaf.capabilities.proposals.contains { $0.isDefault })
    #expect(leaf.capabilities.extensions.contains(ExtensionType(rawValue: 0xF001)))
  }

  @Test("unknown extensions of key packages, leaves and group infos are carried and ignored") func carried() throws {
    let unknown = Extension(type: ExtensionType(rawValue: 0xF0F0), data: [1, 2, 3])
    var room = try Room(["ana", "ben"], suite)
    let cem = try Client("cem", suite)
    let bundle = try KeyPackageBundle.generate(
      cipherSuite: suite, credential: cem.credential, signatureKey: cem.signatureKey, lifetime: Client.lifetime,
      leafExtensions: [unknown], extensions: [unknown])
    let output = try room["ana"].commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    try room.deliver(output, by: "ana")
    room.clients["cem"] = cem
    room["cem"] = try cem.join(output.welcome, bundle, tree: room["ana"].ratchetTree)
    #expect(room["ben"].member(at: 2)?.leafNode.extensions.contains(unknown) == true)
    #expect(try room.agree())
    let info = try room["ana"].groupInfo(withTree: true, extensions: [unknown])
    guard case .groupInfo(let decoded) = try reencoded(.groupInfo(info)) else { throw MLSError.unexpectedMessage }
    #expect(decoded.extensions.contains(unknown))
    _ = try PublicGroup(groupInfo: decoded, authentication: AcceptAll(), now: now)
  }

  @Test("unknown proposals are carried where all support them, and a GREASE value is no exception") func proposals()
    throws
  {
    let type = ProposalType(rawValue: 0xF00D)
    let proposal = Proposal.unknown(type, [1, 2])
    var narrow = try Room(["ana", "ben"], suite)
    #expect(throws: MLSError.invalid(.proposalTypeUnsupported)) {
      try narrow["ana"].commit(proposals: [proposal], authentication: AcceptAll(), now: now)
    }
    let (ana, ben) = (try Client("ana", suite), try Client("ben", suite))
    var first = try ana.createGroup(capabilities: Capabilities(proposals: [type]))
    let bundle = try ben.bundle(capabilities: Capabilities(proposals: [type]))
    let invitation = try first.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    try first.mergePendingCommit(now: now)
    var second = try ben.join(invitation.welcome, bundle, tree: first.ratchetTree)
    let output = try first.commit(proposals: [proposal], authentication: AcceptAll(), now: now)
    try second.merge(second.stage(output.commit))
    try first.mergePendingCommit(now: now)
    #expect(first.epochAuthenticator == second.epochAuthenticator)
    #expect(throws: MLSError.invalid(.proposalTypeUnsupported)) {
      let unlisted = Grease.values.first {
        !second.members[0].leafNode.capabilities.supports(ProposalType(rawValue: $0))
      }
      _ = try first.commit(
        proposals: [.unknown(ProposalType(rawValue: #require(unlisted)), [])], authentication: AcceptAll(), now: now)
    }
  }

  @Test("no GREASE value is sent where it would have a meaning") func notSent() throws {
    let grease = Extension(type: ExtensionType(rawValue: 0x3A3A), data: [])
    let ana = try Client("ana", suite)
    var group = try ana.createGroup(
      capabilities: Capabilities(
        extensions: [grease.type], proposals: [ProposalType(rawValue: 0x3A3A)], credentials: [.basic]))
    let reInit = ReInit(groupID: [1], cipherSuite: suite, extensions: [grease])
    for proposal in [
      Proposal.unknown(ProposalType(rawValue: 0x3A3A), []), .groupContextExtensions([grease]), .reInit(reInit),
    ] {
      #expect(throws: MLSError.invalidArgument(.codePoint), "\(proposal.type)") {
        try group.propose(proposal, authentication: AcceptAll(), now: now)
      }
      #expect(throws: MLSError.invalidArgument(.codePoint), "\(proposal.type)") {
        try group.commit(proposals: [proposal], authentication: AcceptAll(), now: now)
      }
    }
    #expect(throws: MLSError.invalidArgument(.codePoint)) {
      try ExternalProposal.propose(
        .groupContextExtensions([grease]), to: [1], epoch: 0, sender: 0, signatureKey: ana.signatureKey, now: now)
    }
    #expect(throws: MLSError.invalidArgument(.codePoint)) { try ana.createGroup(extensions: [grease]) }
    #expect(throws: MLSError.invalidArgument(.codePoint)) {
      try KeyPackageBundle.generate(
        cipherSuite: suite, credential: .unknown(CredentialType(rawValue: 0x3A3A), []),
        signatureKey: ana.signatureKey, lifetime: Client.lifetime)
    }
    #expect(!group.hasPendingCommit && group.pendingProposals.isEmpty)
  }

  @Test("a joiner does not take its own GREASE for what it supports") func joining() throws {
    let grease = Extension(type: ExtensionType(rawValue: 0x3A3A), data: [])
    let (ana, ben) = (try Client("ana", suite), try Client("ben", suite))
    let listing = Capabilities(extensions: [grease.type])
    let bundle = try ben.bundle(capabilities: listing)
    // A group that should not be, by a client that takes GREASE for an extension.
    var group = try ana.createGroup(capabilities: listing)
    group.state.shared.context.extensions = [grease]
    let output = try group.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    try group.mergePendingCommit(now: now)
    #expect(throws: MLSError.invalid(.leafNodeGroupExtensionUnsupported)) {
      try ben.join(output.welcome, bundle, tree: group.ratchetTree)
    }
    #expect(throws: MLSError.invalid(.leafNodeGroupExtensionUnsupported)) {
      try Group.joinExternally(
        group.groupInfo(withTree: true), credential: ben.credential, signatureKey: .generate(suite),
        capabilities: listing, authentication: AcceptAll(), now: now)
    }
  }

  @Test("X.509 chains and unknown credentials are carried as they are") func credentials() throws {
    for credential in [
      Credential.x509([[1, 2], [3]]), .x509([]), .unknown(CredentialType(rawValue: 0xF0F0), [9, 9]),
    ] {
      #expect(try Credential(tlsEncoded: credential.tlsEncoded) == credential)
      let client = try Client("ana", suite)
      let bundle = try KeyPackageBundle.generate(
        cipherSuite: suite, credential: credential, signatureKey: client.signatureKey, lifetime: Client.lifetime)
      #expect(bundle.keyPackage.leafNode.capabilities.supports(credential.type))
      guard case .keyPackage(let decoded) = try reencoded(.keyPackage(bundle.keyPackage)) else {
        throw MLSError.unexpectedMessage
      }
      #expect(decoded.leafNode.credential == credential)
    }
  }
}
