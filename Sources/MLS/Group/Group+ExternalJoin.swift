/// What joining by an external commit gives: the group in its new epoch, which is of use once the others have accepted the
/// commit, and must be dropped if they have not.
public struct ExternalJoin: Sendable {
  public let group: Group
  /// For the members of the epoch before.
  public let commit: MLSMessage
  /// The new epoch's group info, for those who keep the group's public state.
  public let groupInfo: MLSMessage
}

extension Group {
  /// Joins a group by an external commit (RFC 9420 §12.4.3.2), without being invited.
  /// - Parameters:
  ///   - groupInfo: of the current epoch, with an external key.
  ///   - ratchetTree: the group's tree, where the group info does not carry it. It need not come from a trusted source.
  ///   - replacing: this client's own leaf of before, for one that lost its state; it is removed by the same commit.
  ///   - proofs: PSKs that prove something to the group, such as having been in it; their secrets are in `preSharedKeys`.
  ///   - knownGroupIDs: the groups that this client is in already; it joins none of them. The one that it comes back to is
  ///     not among them.
  public static func joinExternally(
    _ groupInfo: GroupInfo, ratchetTree: RatchetTree? = nil, credential: Credential,
    signatureKey: SignaturePrivateKey, capabilities: Capabilities = Capabilities(), leafExtensions: [Extension] = [],
    replacing: LeafIndex? = nil, proofs: [PreSharedKeyID] = [], preSharedKeys: PreSharedKeys = PreSharedKeys(),
    authenticatedData: [UInt8] = [], knownGroupIDs: Set<[UInt8]> = [],
    configuration: GroupConfiguration = GroupConfiguration(),
    random: RandomSource = .system, authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> ExternalJoin {
    let context = groupInfo.groupContext
    guard context.version == .mls10 else { throw .unsupportedVersion(context.version) }
    let suite = try Suite(context.cipherSuite)
    guard signatureKey.suite.signature == suite.signature else { throw .invalidKey }
    // [val 12.4.3-13]
    guard let externalPub = try groupInfo.externalPub() else { throw .invalid(.externalPubMissing) }
    // [val 12.4.3-14]
    guard !knownGroupIDs.contains(context.groupID) else { throw .invalid(.groupIDNotUnique) }
    let oldTree = try groupInfo.validTree(
      suite, handedIn: ratchetTree, maximumLifetime: configuration.leafLifetimeMax, authentication)
    let shared = PublicState(suite, context: context, tree: oldTree, confirmationTag: groupInfo.confirmationTag)
    let policy = ValidationPolicy(
      now: now, leafLifetimeMax: configuration.leafLifetimeMax, authentication: authentication)

    let (kemOutput, initSecret) = try suite.externalInit(to: externalPub)
    var proposals: [Proposal] = [.externalInit(kemOutput: kemOutput)]
    if let replacing { proposals.append(.remove(replacing)) }
    proposals += proofs.map { .preSharedKey($0) }
    let list = proposals.map { ReceivedProposal(proposal: $0, sender: .newMemberCommit, reference: nil) }
    let applied = try shared.apply(list, by: .external, policy)

    var tree = applied.tree
    let own = tree.blankLeaf()
    let contents = LeafNode.Contents(suite, credential, capabilities, leafExtensions, random)
    let path = try NewPath(
      suite, sender: own, contents: contents, groupID: context.groupID, signatureKey: signatureKey, tree: &tree,
      random: random)
    try path.leafNode.capabilities.withoutGrease.validate(against: context.extensions)
    try tree.validateNewLeaves([own])
    let provisional = try shared.provisionalContext(treeHash: tree.rootHash(suite), extensions: applied.extensions)
    let commit = Commit(
      proposals: proposals.map { .proposal($0) },
      path: try path.encrypted(for: tree, added: [], context: provisional.tlsEncoded, suite))
    let content = FramedContent(
      groupID: context.groupID, epoch: context.epoch, sender: .newMemberCommit, authenticatedData: authenticatedData,
      body: .commit(commit))
    var authenticated = try AuthenticatedContent(
      signing: content, wireFormat: .publicMessage, context: context, with: signatureKey)
    let (next, _) = try EpochState.following(
      shared, confirming: &authenticated, tree: tree, provisional: provisional, privateTree: path.privateTree,
      initSecret: initSecret, commitSecret: path.commitSecret,
      pskSecret: try preSharedKeys.pskSecret(suite, applied.preSharedKeys))
    let message = try PublicMessage(protecting: authenticated, suite, membershipKey: nil, context: context)
    return ExternalJoin(
      group: Group(state: next, signatureKey: signatureKey, configuration: configuration, random: random),
      commit: .publicMessage(message),
      groupInfo: .groupInfo(try Self.groupInfo(next, signatureKey, withTree: false, withExternalPub: true, random)))
  }
}

extension EpochState {
  /// The epoch that a signed commit leads to, with the run of the key schedule that gave it; the commit gets its
  /// confirmation tag (RFC 9420 §12.4.1).
  package static func following(
    _ shared: PublicState, confirming commit: inout AuthenticatedContent, tree: RatchetTree,
    provisional: GroupContext, privateTree: PrivateTree, initSecret: Secret, commitSecret: Secret, pskSecret: Secret
  ) throws(MLSError) -> (state: EpochState, schedule: KeySchedule) {
    let suite = shared.suite
    var context = provisional
    context.confirmedTranscriptHash = TranscriptHash.confirmed(
      suite, interimBefore: shared.interimTranscriptHash, commit)
    let schedule = KeySchedule(
      suite, initSecret: initSecret, commitSecret: commitSecret, pskSecret: pskSecret, context: context)
    let tag = schedule.secrets.confirmationTag(suite, confirmedTranscriptHash: context.confirmedTranscriptHash)
    commit.auth.confirmationTag = tag
    let next = PublicState(suite, context: context, tree: tree, confirmationTag: tag)
    return (EpochState(shared: next, schedule: schedule, privateTree: privateTree), schedule)
  }
}
