extension Group {
  /// Encrypts application data for the members of the current epoch (RFC 9420 §6.3 and §15).
  /// - Parameter authenticatedData: is sent in clear, and bound to the message.
  public mutating func encrypt(
    _ plaintext: [UInt8], authenticatedData: [UInt8] = [], padding: PaddingPolicy = .none
  ) throws(MLSError) -> MLSMessage {
    guard isActive else { throw .groupNotActive }
    if !configuration.allowsApplicationDataWhilePending {
      guard pendingCommit == nil else { throw .commitPending }
      guard proposals.isEmpty else { throw .proposalsPending }
    }
    let authenticated = try sign(.application(plaintext), authenticatedData, .privateMessage)
    return .privateMessage(try protect(authenticated, padding: padding))
  }

  /// Proposes to add a client.
  public mutating func propose(
    adding keyPackage: KeyPackage, authenticatedData: [UInt8] = [], authentication: some AuthenticationService,
    now: UInt64
  ) throws(MLSError) -> MLSMessage {
    try propose(.add(keyPackage), authenticatedData, policy(authentication, now: now))
  }

  /// Proposes to remove a member; a member that wants to leave proposes its own removal.
  public mutating func propose(
    removing index: LeafIndex, authenticatedData: [UInt8] = [], authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> MLSMessage {
    guard state.shared.tree[index] != nil else { throw .unknownMember(index) }
    return try propose(.remove(index), authenticatedData, policy(authentication, now: now))
  }

  /// Proposes fresh keys for this client's own leaf, and other changes to it.
  public mutating func proposeUpdate(
    _ change: LeafNodeChange = LeafNodeChange(), authenticatedData: [UInt8] = [],
    authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> MLSMessage {
    guard isActive else { throw .groupNotActive }
    guard let old = ownLeafNode else { throw .unknownMember(ownLeafIndex) }
    let newSignatureKey = change.signatureKey ?? signatureKey
    let keyPair = try suite.generateKeyPair(random)
    let leaf = try LeafNode(
      change.applied(to: old.contents, suite, random), encryptionKey: keyPair.publicKey, source: .update,
      position: state.shared.position(ownLeafIndex), signatureKey: newSignatureKey)
    let message = try propose(.update(leaf), authenticatedData, policy(authentication, now: now))
    pendingUpdates[keyPair.publicKey] = PendingUpdate(
      encryptionKey: keyPair.privateKey, signatureKey: newSignatureKey)
    return message
  }

  /// Proposes any other change: a PSK, new extensions, a ReInit.
  public mutating func propose(
    _ proposal: Proposal, authenticatedData: [UInt8] = [], authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> MLSMessage {
    if case .update = proposal { throw .unexpectedMessage }
    return try propose(proposal, authenticatedData, policy(authentication, now: now))
  }

  private mutating func propose(
    _ proposal: Proposal, _ authenticatedData: [UInt8], _ policy: ValidationPolicy
  ) throws(MLSError) -> MLSMessage {
    guard isActive else { throw .groupNotActive }
    guard pendingCommit == nil else { throw .commitPending }
    let sender = Sender.member(ownLeafIndex)
    try state.shared.validate(
      ReceivedProposal(proposal: proposal, sender: sender, reference: nil), extensions: groupContextExtensions, policy)
    let wireFormat: WireFormat = configuration.encryptsHandshake ? .privateMessage : .publicMessage
    let authenticated = try sign(.proposal(proposal), authenticatedData, wireFormat)
    let message = try protectHandshake(authenticated)
    try proposals.insert(proposal, from: sender, reference: authenticated.proposalRef(suite))
    return message
  }

  package func sign(
    _ body: FramedContent.Body, _ authenticatedData: [UInt8], _ wireFormat: WireFormat
  ) throws(MLSError) -> AuthenticatedContent {
    guard !body.ownProposals.contains(where: \.hasGrease) else { throw .invalidArgument(.codePoint) }
    let content = FramedContent(
      groupID: groupID, epoch: epoch, sender: .member(ownLeafIndex), authenticatedData: authenticatedData, body: body)
    return try AuthenticatedContent(
      signing: content, wireFormat: wireFormat, context: groupContext, with: signatureKey)
  }

  /// Protects a proposal or a commit in the wire format that it was signed for.
  package mutating func protectHandshake(_ authenticated: AuthenticatedContent) throws(MLSError) -> MLSMessage {
    if authenticated.wireFormat == .privateMessage {
      return .privateMessage(try protect(authenticated, padding: .none))
    }
    return .publicMessage(
      try PublicMessage(
        protecting: authenticated, suite, membershipKey: state.secrets.membershipKey, context: groupContext))
  }

  private mutating func protect(
    _ authenticated: AuthenticatedContent, padding: PaddingPolicy
  ) throws(MLSError) -> PrivateMessage {
    try PrivateMessage(
      protecting: authenticated, suite, senderDataSecret: state.secrets.senderData, secretTree: &state.secretTree,
      padding: padding, random: random)
  }
}

/// What a member changes about its leaf with an Update or with the path of a commit, besides its encryption key.
public struct LeafNodeChange: Sendable {
  public var credential: Credential?
  public var capabilities: Capabilities?
  public var extensions: [Extension]?
  public var signatureKey: SignaturePrivateKey?

  public init(
    credential: Credential? = nil, capabilities: Capabilities? = nil, extensions: [Extension]? = nil,
    signatureKey: SignaturePrivateKey? = nil
  ) {
    self.credential = credential
    self.capabilities = capabilities
    self.extensions = extensions
    self.signatureKey = signatureKey
  }

  package func applied(to old: LeafNode.Contents, _ suite: Suite, _ random: RandomSource) -> LeafNode.Contents {
    LeafNode.Contents(
      suite, credential ?? old.credential, capabilities ?? old.capabilities, extensions ?? old.extensions, random)
  }
}
