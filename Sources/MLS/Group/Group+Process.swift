extension Group {
  /// Verifies a message of the group, and reads it (RFC 9420 §6, §12.1, §12.4.2 and §15).
  ///
  /// Application messages and proposals take effect at once; a commit takes effect with ``merge(_:)``. The key of an
  /// encrypted message is deleted once the message has been read; where this throws, the key is kept, so that the genuine
  /// message can still be read.
  /// - Parameters:
  ///   - preSharedKeys: external PSKs, and resumption PSKs of other groups, that a commit may name.
  ///   - now: seconds since 1970.
  public mutating func process(
    _ message: MLSMessage, preSharedKeys: PreSharedKeys = PreSharedKeys(),
    authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> Processed {
    forgetPastEpochs(now: now)
    // A commit that others have accepted must not be refused because it came late: see `ValidationPolicy.now`.
    let policy = policy(authentication, now: nil)
    switch message {
    case .publicMessage(let message):
      guard status != .removed else { throw .groupNotActive }
      try state.shared.checkEpoch(groupID: message.groupID, epoch: message.epoch)
      if message.sender == .member(ownLeafIndex) { throw .ownMessage }
      let verified = try message.unprotect(suite, membershipKey: state.secrets.membershipKey, context: groupContext)
        .verified(suite, context: groupContext, memberKey: state.shared.signatureKey)
      return try handle(verified, preSharedKeys, policy, now)
    case .privateMessage(let message):
      guard message.groupID == groupID else { throw .wrongGroup }
      return message.epoch == epoch
        ? try process(message, preSharedKeys, policy, now) : try processPast(message)
    case .welcome, .groupInfo, .keyPackage: throw .unexpectedMessage
    }
  }

  private mutating func process(
    _ message: PrivateMessage, _ preSharedKeys: PreSharedKeys, _ policy: ValidationPolicy, _ now: UInt64
  ) throws(MLSError) -> Processed {
    let senderData = try message.senderData(suite, senderDataSecret: state.secrets.senderData)
    let sender = senderData.leafIndex
    if sender == ownLeafIndex { throw .ownMessage }
    // [val 6.3-2]
    guard state.shared.tree[sender] != nil else { throw .invalid(.senderBlank) }
    let kind = RatchetKind(message.contentType)
    let ratchet = try state.secretTree.ratchet(sender, kind, suite)
    let key = try state.secretTree.take(
      sender, kind, generation: senderData.generation, suite, configuration.ratchetLimits)
    do {
      let verified = try message.open(suite, senderData, key: key)
        .verified(suite, context: groupContext, memberKey: state.shared.signatureKey)
      return try handle(verified, preSharedKeys, policy, now)
    } catch {
      state.secretTree.restore(sender, kind, ratchet)
      throw error
    }
  }

  /// A message of a past epoch: application data only.
  private mutating func processPast(_ message: PrivateMessage) throws(MLSError) -> Processed {
    guard message.contentType == .application,
      let place = pastEpochs.firstIndex(where: { $0.context.epoch == message.epoch })
    else { throw .wrongEpoch(current: epoch, message: message.epoch) }
    let (context, senderDataSecret) = (pastEpochs[place].context, pastEpochs[place].senderDataSecret)
    let senderData = try message.senderData(suite, senderDataSecret: senderDataSecret)
    // [val 6.3-2]
    guard let sender = sender(senderData.leafIndex, inPastEpochAt: place) else { throw .invalid(.senderBlank) }
    let ratchet = try pastEpochs[place].secretTree.ratchet(senderData.leafIndex, .application, suite)
    let key = try pastEpochs[place].secretTree.take(
      senderData.leafIndex, .application, generation: senderData.generation, suite, configuration.ratchetLimits)
    do {
      let verified = try message.open(suite, senderData, key: key)
        .verified(suite, context: context, memberKey: { $0 == senderData.leafIndex ? sender.signatureKey : nil })
      return .application(try applicationMessage(verified, credential: sender.credential))
    } catch {
      pastEpochs[place].secretTree.restore(senderData.leafIndex, .application, ratchet)
      throw error
    }
  }

  /// A member of a past epoch: as the first change of its leaf since then found it, or as it still is.
  private func sender(_ leaf: LeafIndex, inPastEpochAt place: Int) -> PastEpoch.Sender? {
    for epoch in pastEpochs[place...] {
      if let replaced = epoch.replaced[leaf] { return replaced }
    }
    return state.shared.tree[leaf].map { PastEpoch.Sender($0) }
  }

  private func applicationMessage(
    _ verified: VerifiedContent, credential: Credential
  ) throws(MLSError) -> ApplicationMessage {
    guard case .application(let plaintext) = verified.content.body, case .member(let sender) = verified.content.sender
    else { throw .unexpectedMessage }
    return ApplicationMessage(
      plaintext: plaintext, authenticatedData: verified.content.authenticatedData, sender: sender,
      senderCredential: credential, epoch: verified.content.epoch)
  }

  private mutating func handle(
    _ verified: VerifiedContent, _ preSharedKeys: PreSharedKeys, _ policy: ValidationPolicy, _ now: UInt64
  ) throws(MLSError) -> Processed {
    let content = verified.content
    switch content.body {
    case .application:
      guard case .member(let sender) = content.sender, let leaf = state.shared.tree[sender] else {
        throw .unexpectedMessage
      }
      return .application(try applicationMessage(verified, credential: leaf.credential))
    case .proposal(let proposal):
      guard isActive else { throw .groupNotActive }
      let reference = verified.authenticated.proposalRef(suite)
      try state.shared.validate(
        ReceivedProposal(proposal: proposal, sender: content.sender, reference: reference),
        extensions: groupContextExtensions, policy)
      try proposals.insert(proposal, from: content.sender, reference: reference)
      return .proposal(
        ProposalMessage(
          proposal: proposal, sender: content.sender, reference: reference,
          authenticatedData: content.authenticatedData))
    case .commit:
      guard isActive else { throw .groupNotActive }
      return .commit(try stage(verified, preSharedKeys, policy, now))
    }
  }

  /// RFC 9420 §12.4.2, with the group's secrets.
  private func stage(
    _ verified: VerifiedContent, _ preSharedKeys: PreSharedKeys, _ policy: ValidationPolicy, _ now: UInt64
  ) throws(MLSError) -> StagedCommit {
    let stage = try state.shared.stage(verified, proposals, policy)
    let own = ownLeafIndex
    if stage.applied.removed.contains(where: { $0.leafIndex == own }) {
      return StagedCommit(
        stage, base: groupContext, own: own, next: nil, newSignatureKey: nil, processedAt: now)
    }

    var privateTree = state.privateTree
    var newSignatureKey: SignaturePrivateKey?
    if stage.applied.updated.contains(own), let leaf = stage.state.tree[own] {
      guard let update = pendingUpdates[leaf.encryptionKey] else { throw .unknownProposal }
      privateTree.set(NodeIndex(own), to: update.encryptionKey)
      newSignatureKey = update.signatureKey
    }
    var commitSecret = Secret.zero(count: suite.hashLength)
    if let path = stage.path {
      commitSecret = try privateTree.decrypt(
        path, from: stage.committer, tree: stage.state.tree, added: stage.applied.addedNodes,
        context: stage.provisionalContext.tlsEncoded, suite
      ).commitSecret
    }
    privateTree.forgetBlanks(of: stage.state.tree)

    let initSecret: Secret
    if let kemOutput = stage.applied.externalInit {
      initSecret = try suite.externalInit(
        state.secrets.externalKeyPair(suite).privateKey, kemOutput: kemOutput)
    } else {
      initSecret = state.secrets.initSecret
    }
    let pskSecret = try available(preSharedKeys).pskSecret(suite, stage.applied.preSharedKeys)
    let context = stage.state.context
    let schedule = KeySchedule(
      suite, initSecret: initSecret, commitSecret: commitSecret, pskSecret: pskSecret, context: context)
    // [val 6.1-6]
    guard
      schedule.secrets.isConfirmationTag(
        stage.state.confirmationTag, suite, confirmedTranscriptHash: context.confirmedTranscriptHash)
    else { throw .invalid(.confirmationTag) }
    return StagedCommit(
      stage, base: groupContext, own: own,
      next: EpochState(shared: stage.state, schedule: schedule, privateTree: privateTree),
      newSignatureKey: newSignatureKey, processedAt: now)
  }

  /// Makes a staged commit the group's state. What was pending of the epoch before, this client's own commit included, is
  /// dropped. After a commit that removes this client, only late messages of the past can still be read.
  public mutating func merge(_ staged: consuming StagedCommit) throws(MLSError) {
    guard isActive, staged.base == groupContext else { throw .staleCommit }
    guard let next = staged.next else { return leave() }
    advance(
      to: next, signatureKey: staged.newSignatureKey ?? signatureKey, reInit: staged.reInit, now: staged.processedAt)
  }

  /// Deletes everything but what reads late messages.
  private mutating func leave() {
    status = .removed
    state.secrets = state.secrets.forLateMessagesOnly
    state.privateTree = PrivateTree(leafIndex: ownLeafIndex, keys: [:])
    forgetPending()
    resumptionPSKs = []
  }
}
