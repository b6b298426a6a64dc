import MLS
import TLSPresentation

extension VectorGenerator {
  func welcome(_ random: RandomSource) throws -> WelcomeVector {
    let (ana, ben) = (try client("ana", random), try client("ben", random))
    let bundle = try ben.bundle()
    var group = try ana.createGroup()
    let output = try group.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now)
    return WelcomeVector(
      cipherSuite: cipherSuite.rawValue, initPriv: Hex(bundle.initKey.secret),
      signerPub: Hex(ana.signatureKey.publicKey.bytes),
      keyPackage: Hex(MLSMessage.keyPackage(bundle.keyPackage).tlsEncoded), welcome: hex(output.welcome))
  }

  func messages(_ random: RandomSource) throws -> MessagesVector {
    let room = try Room(["ana", "ben"], cipherSuite, random: random)
    let bundle = try client("cem", random).bundle()
    func withAna<Result>(_ body: (inout Group) throws -> Result) rethrows -> Result {
      var ana = room["ana"]
      return try body(&ana)
    }
    let output = try withAna { try $0.commit(adding: [bundle.keyPackage], authentication: AcceptAll(), now: now) }
    let proposal = try withAna { try $0.propose(removing: 1, authentication: AcceptAll(), now: now) }
    let content = FramedContent(
      groupID: room["ana"].groupID, epoch: 1, sender: .member(0), authenticatedData: [], body: .application([1, 2, 3]))
    guard case .publicMessage(let commit) = output.commit, case .commit(let committed) = commit.content.body else {
      throw MLSError.unexpectedMessage
    }
    // RFC 9420 forbids it; the format has it all the same, to be decoded.
    var application = TLSEncoder()
    application.write(ProtocolVersion.mls10)
    application.write(
      try AuthenticatedContent(
        signing: content, wireFormat: .publicMessage, context: room["ana"].groupContext, with: room["ana"].signatureKey)
    )
    application.write(opaque: random.bytes(suite.hashLength))
    let groupSecrets = GroupSecrets(
      joinerSecret: random.secret(suite.hashLength), pathSecret: random.secret(suite.hashLength), preSharedKeys: [])
    func body(_ proposal: Proposal) -> Hex {
      var encoder = TLSEncoder()
      proposal.encodeBody(to: &encoder)
      return Hex(encoder.bytes)
    }
    let psk = PreSharedKeyID(kind: .external(id: random.bytes(8)), nonce: random.bytes(suite.hashLength))
    let ben = room["ben"]
    return MessagesVector(
      mlsWelcome: hex(output.welcome),
      mlsGroupInfo: hex(.groupInfo(try room["ana"].groupInfo(withTree: true))),
      mlsKeyPackage: hex(.keyPackage(bundle.keyPackage)), ratchetTree: Hex(room["ana"].ratchetTree.tlsEncoded),
      groupSecrets: Hex(groupSecrets.tlsEncoded), addProposal: body(.add(bundle.keyPackage)),
      updateProposal: body(.update(try ben.leaf(source: .update))), removeProposal: body(.remove(1)),
      preSharedKeyProposal: body(.preSharedKey(psk)),
      reInitProposal: body(.reInit(ReInit(groupID: random.bytes(8), cipherSuite: cipherSuite, extensions: []))),
      externalInitProposal: body(.externalInit(kemOutput: random.bytes(32))),
      groupContextExtensionsProposal: body(
        .groupContextExtensions([RequiredCapabilities(credentials: [.basic]).asExtension])),
      commit: Hex(committed.tlsEncoded), publicMessageApplication: Hex(application.bytes),
      publicMessageProposal: hex(proposal), publicMessageCommit: hex(output.commit),
      privateMessage: hex(try withAna { try $0.encrypt([1, 2, 3]) }))
  }

  func client(_ name: String, _ random: RandomSource) throws -> Client {
    try Client(name, cipherSuite, random: random)
  }

  func hex(_ message: MLSMessage?) -> Hex { Hex(message?.tlsEncoded ?? []) }
}
