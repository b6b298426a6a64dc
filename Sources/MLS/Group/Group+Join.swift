extension Group {
  /// Joins a group that this client was invited to (RFC 9420 §12.4.3.1).
  /// - Parameters:
  ///   - bundle: the key package that the Welcome names, with its private keys. Unless it is a last-resort one, the caller
  ///     deletes it in the transaction that stores the group.
  ///   - ratchetTree: the group's tree, where the Welcome does not carry it. It need not come from a trusted source.
  ///   - origin: the group that this one takes the place of (RFC 9420 §11.2), or branches off (§11.3), in the epoch that
  ///     the Welcome names. Such a Welcome is refused without it, and with it any other.
  ///   - knownGroupIDs: the groups that this client is in already; a Welcome into one of them is refused.
  public static func join(
    _ welcome: Welcome, bundle: KeyPackageBundle, signatureKey: SignaturePrivateKey, ratchetTree: RatchetTree? = nil,
    preSharedKeys: PreSharedKeys = PreSharedKeys(), origin: Group? = nil, knownGroupIDs: Set<[UInt8]> = [],
    configuration: GroupConfiguration = GroupConfiguration(), random: RandomSource = .system,
    authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> Group {
    let keyPackage = bundle.keyPackage
    // [val 12.4.3-2]
    guard welcome.cipherSuite == keyPackage.cipherSuite else { throw .invalid(.welcomeCipherSuite) }
    guard signatureKey.publicKey == keyPackage.leafNode.signatureKey else { throw .invalidKey }
    let suite = try Suite(welcome.cipherSuite)
    let secrets = try welcome.groupSecrets(for: bundle.reference, initKey: bundle.initKey)
    let linkage = try Self.linkage(of: secrets.preSharedKeys, suite)
    let pskSecret = try (origin?.available(preSharedKeys) ?? preSharedKeys).pskSecret(suite, secrets.preSharedKeys)
    let groupInfo = try welcome.groupInfo(secrets, pskSecret: pskSecret)
    let context = groupInfo.groupContext
    guard context.version == .mls10 else { throw .unsupportedVersion(context.version) }
    guard context.cipherSuite == keyPackage.cipherSuite else { throw .invalid(.welcomeCipherSuite) }
    // [val 12.4.3-14]
    guard !knownGroupIDs.contains(context.groupID) else { throw .invalid(.groupIDNotUnique) }
    // [val 12.4.3-12]
    if linkage != nil, context.epoch != 1 { throw .invalid(.resumptionEpoch) }

    let tree = try groupInfo.validTree(
      suite, handedIn: ratchetTree, maximumLifetime: configuration.leafLifetimeMax, authentication)
    try keyPackage.leafNode.capabilities.withoutGrease.validate(against: context.extensions)
    if let linkage {
      try validate(linkage, origin, context, tree, authentication)
    } else if let origin {
      // [val 12.4.3-17] [val 12.4.3-18] The Welcome into any other group has nothing to do with this one.
      throw .invalid(origin.reInit == nil ? .branchMismatch : .reInitMismatch)
    }
    // [val 12.4.3-10]
    guard let own = tree.leaves.first(where: { $0.node == keyPackage.leafNode })?.index else {
      throw .invalid(.ownLeafMissing)
    }

    var privateTree = PrivateTree(leafIndex: own, leafKey: bundle.encryptionKey)
    if let pathSecret = secrets.pathSecret {
      // [val 12.4.3-11]
      guard groupInfo.signer != own else { throw .invalid(.pathSecretMismatch) }
      let ancestor = TreeShape.commonAncestor(own, groupInfo.signer)
      let steps = tree.filteredDirectPath(of: groupInfo.signer)
      guard steps.contains(where: { $0.node == ancestor }) else { throw .invalid(.pathSecretMismatch) }
      do {
        _ = try privateTree.take(pathSecret, of: ancestor, steps: steps, tree: tree, suite)
      } catch {
        throw .invalid(.pathSecretMismatch)
      }
    }
    let schedule = KeySchedule(suite, joinerSecret: secrets.joinerSecret, pskSecret: pskSecret, context: context)
    let tag = groupInfo.confirmationTag
    // [val 12.4.3-15]
    guard
      schedule.secrets.isConfirmationTag(tag, suite, confirmedTranscriptHash: context.confirmedTranscriptHash)
    else { throw .invalid(.groupInfoConfirmationTag) }
    let shared = PublicState(suite, context: context, tree: tree, confirmationTag: tag)
    return Group(
      state: EpochState(shared: shared, schedule: schedule, privateTree: privateTree), signatureKey: signatureKey,
      configuration: configuration, random: random)
  }

  /// The PSK that links the group to another one, by branching or reinitialization; there is at most one.
  private static func linkage(of ids: [PreSharedKeyID], _ suite: Suite) throws(MLSError) -> PreSharedKeyID? {
    var linkage: PreSharedKeyID?
    for id in ids {
      // [val 8.4-1]
      guard id.nonce.count == suite.hashLength else { throw .invalid(.pskNonceLength) }
      guard case .resumption(let usage, _, _) = id.kind, usage != .application else { continue }
      // [val 12.4.3-3]
      guard linkage == nil else { throw .invalid(.welcomePSKs) }
      linkage = id
    }
    return linkage
  }

  /// RFC 9420 §12.4.3.1, on a group that takes the place of another, or branches off it.
  private static func validate(
    _ linkage: PreSharedKeyID, _ origin: Group?, _ context: GroupContext, _ tree: RatchetTree,
    _ authentication: some AuthenticationService
  ) throws(MLSError) {
    guard case .resumption(let usage, let groupID, let epoch) = linkage.kind, let origin, origin.groupID == groupID,
      origin.epoch == epoch
    else { throw .missingPreSharedKey(linkage) }
    if usage == .reinit {
      // [val 12.4.3-17]
      guard let reInit = origin.reInit, reInit.groupID == context.groupID, reInit.version == context.version,
        reInit.cipherSuite == context.cipherSuite, reInit.extensions == context.extensions
      else { throw .invalid(.reInitMismatch) }
    } else {
      // [val 12.4.3-18]
      guard context.cipherSuite == origin.cipherSuite, context.version == origin.groupContext.version else {
        throw .invalid(.branchMismatch)
      }
    }
    try validateMembers(tree.members, of: origin, usage, authentication)
  }

  /// Throws unless a reinitialized group has all members of its origin, and a branched one no others.
  package static func validateMembers(
    _ new: [Member], of origin: Group, _ usage: ResumptionPSKUsage, _ authentication: some AuthenticationService
  ) throws(MLSError) {
    func all(_ some: [Member], areAmong others: [Member]) -> Bool {
      let credentials = Set(others.map(\.credential))
      let clients = Set(others.compactMap { authentication.client(of: $0.credential) })
      return some.allSatisfy { member in
        credentials.contains(member.credential)
          || authentication.client(of: member.credential).map { clients.contains($0) } ?? false
      }
    }
    let old = origin.members
    guard usage == .reinit ? all(old, areAmong: new) : all(new, areAmong: old) else {
      throw .invalid(usage == .reinit ? .reInitMismatch : .branchMismatch)
    }
  }
}

extension GroupInfo {
  /// The tree that it carries, or else the one that was handed in, once everything is verified that RFC 9420 §5.3.1,
  /// §12.4.3 and §12.4.3.1 ask of a group info and its tree. The tree hashes are remembered.
  package func validTree(
    _ suite: Suite, handedIn: RatchetTree?, maximumLifetime: UInt64, _ authentication: some AuthenticationService
  ) throws(MLSError) -> RatchetTree {
    try extensions.validateUnique()
    try groupContext.extensions.validateUnique()
    // [val 12.4.3-6]
    guard var tree = try ratchetTree() ?? handedIn else { throw .invalid(.treeMissing) }
    try verify(suite, tree: tree)
    try tree.validate(
      suite, context: groupContext, maximumLifetime: maximumLifetime, authentication: authentication)
    for sender in try groupContext.extensions.externalSenders() {
      try authentication.validate(
        credential: sender.credential, signatureKey: sender.signatureKey,
        context: CredentialContext(groupID: groupContext.groupID, event: .externalSender))
    }
    return tree
  }
}
