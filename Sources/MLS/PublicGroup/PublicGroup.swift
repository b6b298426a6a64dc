internal import TLSPresentation

/// A group as somebody outside it sees it who follows its public handshake messages: a delivery service. It holds no
/// secret, and it checks all that can be checked without one; what it cannot check are membership and confirmation tags.
public struct PublicGroup: Sendable {
  /// The longest lifetime of a key package that is accepted, in seconds.
  public var leafLifetimeMax: UInt64
  /// A signed group info of the current epoch, for those who join by an external commit; nil until a committer has
  /// supplied one for the epoch.
  public private(set) var groupInfo: GroupInfo?
  private var state: PublicState
  private var proposals = ProposalCache()

  /// Takes up a group, whose tree it verifies in full: RFC 9420 §12.4.3.1.
  /// - Parameter ratchetTree: the tree, where the group info does not carry it.
  public init(
    groupInfo: GroupInfo, ratchetTree: RatchetTree? = nil,
    leafLifetimeMax: UInt64 = GroupConfiguration().leafLifetimeMax, authentication: some AuthenticationService,
    now: UInt64
  ) throws(MLSError) {
    let context = groupInfo.groupContext
    guard context.version == .mls10 else { throw .unsupportedVersion(context.version) }
    let suite = try Suite(context.cipherSuite)
    let tree = try groupInfo.validTree(
      suite, handedIn: ratchetTree, maximumLifetime: leafLifetimeMax, authentication)
    state = PublicState(suite, context: context, tree: tree, confirmationTag: groupInfo.confirmationTag)
    self.groupInfo = groupInfo
    self.leafLifetimeMax = leafLifetimeMax
  }

  public var groupContext: GroupContext { state.context }
  public var groupID: [UInt8] { state.context.groupID }
  public var epoch: UInt64 { state.context.epoch }
  public var cipherSuite: CipherSuite { state.context.cipherSuite }
  public var groupContextExtensions: [Extension] { state.context.extensions }
  public var members: [Member] { state.tree.members }
  public func member(at index: LeafIndex) -> Member? { state.tree.member(at: index) }
  public var ratchetTree: RatchetTree { state.tree }
  /// The proposals of this epoch, which a commit may refer to.
  public var pendingProposals: [Proposal] { proposals.proposals.map(\.proposal) }

  /// Verifies a commit, without taking it over.
  /// - Parameter now: seconds since 1970; the lifetimes of added key packages must include it.
  public func stage(
    _ message: MLSMessage, authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> StagedPublicCommit {
    let verified = try verify(message)
    let stage = try state.stage(verified, proposals, policy(authentication, now))
    return StagedPublicCommit(stage: stage, base: state.context)
  }

  /// Verifies a proposal and keeps it, so that a commit can refer to it.
  public mutating func receive(
    proposal message: MLSMessage, authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> ProposalMessage {
    let verified = try verify(message)
    guard case .proposal(let proposal) = verified.content.body else { throw .unexpectedMessage }
    let reference = verified.authenticated.proposalRef(state.suite)
    let sender = verified.content.sender
    try state.validate(
      ReceivedProposal(proposal: proposal, sender: sender, reference: reference),
      extensions: state.context.extensions, policy(authentication, now))
    try proposals.insert(proposal, from: sender, reference: reference)
    return ProposalMessage(
      proposal: proposal, sender: sender, reference: reference, authenticatedData: verified.content.authenticatedData)
  }

  /// Makes a staged commit the group's state.
  /// - Parameter groupInfo: the new epoch's, which the committer supplies; it is verified.
  public mutating func merge(_ staged: StagedPublicCommit, groupInfo: GroupInfo? = nil) throws(MLSError) {
    guard staged.base == state.context else { throw .staleCommit }
    if let groupInfo { try staged.verify(groupInfo) }
    state = staged.stage.state
    state.tree.forgetChanges()
    proposals = ProposalCache()
    self.groupInfo = groupInfo
  }

  private func verify(_ message: MLSMessage) throws(MLSError) -> VerifiedContent {
    guard case .publicMessage(let message) = message else { throw .unexpectedMessage }
    try state.checkEpoch(groupID: message.groupID, epoch: message.epoch)
    return try message.unprotect(state.suite, membershipKey: nil, context: state.context)
      .verified(state.suite, context: state.context, memberKey: state.signatureKey)
  }

  private func policy(_ authentication: any AuthenticationService, _ now: UInt64) -> ValidationPolicy {
    ValidationPolicy(now: now, leafLifetimeMax: leafLifetimeMax, authentication: authentication)
  }

  /// The state as bytes; there is no secret in them.
  public var serialized: [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 1 << 16)
    encoder.write(UInt16(1))
    encoder.write(leafLifetimeMax)
    encoder.write(state)
    encoder.write(proposals)
    encoder.write(optional: groupInfo)
    return encoder.bytes
  }

  public init(serialized: [UInt8]) throws(MLSError) {
    var decoder = TLSDecoder(serialized)
    do {
      guard try decoder.read(UInt16.self) == 1 else { throw TLSPresentationError.invalid("version") }
      leafLifetimeMax = try decoder.read()
      state = try decoder.read()
      proposals = try decoder.read()
      groupInfo = try decoder.readOptional()
      try decoder.finish()
    } catch {
      throw .unreadableState
    }
  }
}

/// A commit that a ``PublicGroup`` has verified, as far as one without secrets can.
public struct StagedPublicCommit: Sendable {
  package let stage: PublicStage
  package let base: GroupContext

  fileprivate init(stage: PublicStage, base: GroupContext) {
    self.stage = stage
    self.base = base
  }

  /// Who committed: a member of the epoch before, or `newMemberCommit`.
  public var sender: Sender { stage.sender }
  /// The committer's leaf in the new epoch.
  public var committer: LeafIndex { stage.committer }
  public var authenticatedData: [UInt8] { stage.authenticatedData }
  public var newEpoch: UInt64 { stage.state.context.epoch }
  /// The members that it brings in, the committer of an external commit among them.
  public var added: [Member] { stage.added }
  public var removed: [Member] { stage.applied.removed }
  /// Members whose leaves it replaces, the committer's included where it has a path.
  public var updated: [Member] { stage.updated }
  public var reInit: ReInit? { stage.applied.reInit }
  /// The members of the new epoch.
  public var members: [Member] { stage.state.tree.members }

  /// Throws unless this is a group info of the epoch that the commit leads to, signed by a member of it.
  public func verify(_ groupInfo: GroupInfo) throws(MLSError) {
    // [val 12.4.3-16]
    guard groupInfo.groupContext == stage.state.context,
      groupInfo.confirmationTag == stage.state.confirmationTag
    else { throw .invalid(.groupInfoContext) }
    try groupInfo.verify(stage.state.suite, tree: stage.state.tree)
  }
}
