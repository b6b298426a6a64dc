extension Group {
  /// Commits changes to the group (RFC 9420 §12.4.1). The commit is pending until ``mergePendingCommit(now:)``, once it is
  /// known that the others have it, or ``clearPendingCommit()``. It becomes moot when another's commit is merged.
  /// - Parameters:
  ///   - adding: clients to add; each key package is checked, its lifetime against `now`.
  ///   - removing: members to remove.
  ///   - proposals: further proposals by value.
  ///   - updatingPath: whether to make fresh keys for this member's path. They are made in any case where RFC 9420 §12.4
  ///     requires it.
  ///   - includingPendingProposals: whether to commit the proposals that have been received in this epoch, as far as they
  ///     make a valid list.
  ///   - leafNode: changes to this member's leaf, for which there must be a path.
  ///   - welcomeWithTree: whether the Welcome carries the tree.
  public mutating func commit(
    adding: [KeyPackage] = [], removing: [LeafIndex] = [], proposals byValue: [Proposal] = [],
    updatingPath: Bool = true, includingPendingProposals: Bool = true, leafNode change: LeafNodeChange? = nil,
    authenticatedData: [UInt8] = [], preSharedKeys: PreSharedKeys = PreSharedKeys(), welcomeWithTree: Bool = false,
    authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> CommitOutput {
    guard isActive else { throw .groupNotActive }
    guard pendingCommit == nil else { throw .commitPending }
    let sender = Sender.member(ownLeafIndex)
    let new = (byValue + removing.map { .remove($0) } + adding.map { .add($0) })
      .map { ReceivedProposal(proposal: $0, sender: sender, reference: nil) }
    let preSharedKeys = available(preSharedKeys)
    let policy = policy(authentication, now: now)
    let received = includingPendingProposals ? preferred(besides: new) : []
    func commit(_ group: inout Group, _ received: [ReceivedProposal]) throws(MLSError) -> CommitOutput {
      try group.commit(
        received + new, updatingPath: updatingPath || change != nil, change: change ?? LeafNodeChange(),
        authenticatedData, preSharedKeys, welcomeWithTree: welcomeWithTree, policy, pskUsage: .application)
    }
    do throws(MLSError) {
      return try commit(&self, received)
    } catch {
      // One that makes the list invalid keeps nobody from committing the others.
      let valid = committable(received, besides: new, policy, preSharedKeys)
      guard valid.count < received.count else { throw error }
      return try commit(&self, valid)
    }
  }

  /// How many received proposals are tried one by one where they cannot be committed all at once; the rest is left out.
  private static let proposalsTriedMax = 64

  /// Those of the received proposals that make a valid list with the new ones (RFC 9420 §12.4).
  private func committable(
    _ received: [ReceivedProposal], besides new: [ReceivedProposal], _ policy: ValidationPolicy,
    _ preSharedKeys: PreSharedKeys
  ) -> [ReceivedProposal] {
    var result: [ReceivedProposal] = []
    for proposal in received.prefix(Self.proposalsTriedMax) {
      if case .preSharedKey(let id) = proposal.proposal, preSharedKeys[id.source] == nil { continue }
      guard let applied = try? state.shared.apply(result + [proposal] + new, by: .member(ownLeafIndex), policy),
        (try? applied.tree.validateNewLeaves(applied.added + applied.updated)) != nil
      else { continue }
      result.append(proposal)
    }
    return result
  }

  /// The received proposals that do not conflict with each other or the new ones: RFC 9420 §12.2 tells which to prefer.
  private func preferred(besides new: [ReceivedProposal]) -> [ReceivedProposal] {
    let received = proposals.proposals
    guard !received.isEmpty else { return [] }
    var removed = Set(new.compactMap { if case .remove(let index) = $0.proposal { index } else { nil } })
    var result: [ReceivedProposal] = []
    for proposal in received {
      guard case .remove(let index) = proposal.proposal, index != ownLeafIndex else { continue }
      if removed.insert(index).inserted { result.append(proposal) }
    }
    var updated: Set<Sender> = []
    for proposal in received.reversed() {
      guard case .update = proposal.proposal, case .member(let index) = proposal.sender, index != ownLeafIndex,
        !removed.contains(index), updated.insert(proposal.sender).inserted
      else { continue }
      result.append(proposal)
    }
    var addedKeys = Set(
      new.compactMap { if case .add(let keyPackage) = $0.proposal { keyPackage.leafNode.signatureKey } else { nil } })
    addedKeys.formUnion(state.shared.tree.leaves.filter { !removed.contains($0.index) }.map(\.node.signatureKey))
    var hasExtensions = new.contains { $0.proposal.type == .groupContextExtensions }
    var psks: Set<PreSharedKeyID> = []
    for proposal in received {
      switch proposal.proposal {
      case .add(let keyPackage):
        if addedKeys.insert(keyPackage.leafNode.signatureKey).inserted { result.append(proposal) }
      case .groupContextExtensions:
        if !hasExtensions { result.append(proposal) }
        hasExtensions = true
      case .preSharedKey(let id): if psks.insert(id).inserted { result.append(proposal) }
      case .unknown: result.append(proposal)
      case .update, .remove, .reInit, .externalInit: break
      }
    }
    if result.isEmpty, new.isEmpty, let reInit = received.first(where: { $0.proposal.type == .reInit }) {
      return [reInit]
    }
    return result
  }

  /// Makes a commit of this list, and the epoch that it leads to.
  package mutating func commit(
    _ list: [ReceivedProposal], updatingPath: Bool, change: LeafNodeChange, _ authenticatedData: [UInt8],
    _ preSharedKeys: PreSharedKeys, welcomeWithTree: Bool, _ policy: ValidationPolicy, pskUsage: ResumptionPSKUsage
  ) throws(MLSError) -> CommitOutput {
    let own = ownLeafIndex
    let applied = try state.shared.apply(list, by: .member(own), policy, pskUsage: pskUsage)
    var tree = applied.tree
    var privateTree = state.privateTree
    var commitSecret = Secret.zero(count: suite.hashLength)
    var newSignatureKey = signatureKey
    var newPath: NewPath?
    var changed = applied.added + applied.updated
    if updatingPath || applied.requiresPath {
      guard let old = tree[own] else { throw .unknownMember(own) }
      newSignatureKey = change.signatureKey ?? signatureKey
      let path = try NewPath(
        suite, sender: own, contents: change.applied(to: old.contents, suite, random), groupID: groupID,
        signatureKey: newSignatureKey, tree: &tree, random: random)
      try state.shared.validateSuccessor(
        path.leafNode, of: old, at: own, .commit(state.shared.position(own)), applied.extensions, .commit, policy)
      commitSecret = path.commitSecret
      privateTree = path.privateTree
      changed.append(own)
      newPath = path
    }
    privateTree.forgetBlanks(of: tree)
    try tree.validateNewLeaves(changed)

    let provisional = try state.shared.provisionalContext(
      treeHash: tree.rootHash(suite), extensions: applied.extensions)
    let path = try newPath.map { path throws(MLSError) in
      try path.encrypted(for: tree, added: applied.addedNodes, context: provisional.tlsEncoded, suite)
    }
    let commit = Commit(
      proposals: list.map { proposal in
        proposal.reference.map { .reference($0) } ?? .proposal(proposal.proposal)
      }, path: path)
    var authenticated = try sign(
      .commit(commit), authenticatedData, configuration.encryptsHandshake ? .privateMessage : .publicMessage)
    let (next, schedule) = try EpochState.following(
      state.shared, confirming: &authenticated, tree: tree, provisional: provisional, privateTree: privateTree,
      initSecret: state.secrets.initSecret, commitSecret: commitSecret,
      pskSecret: try preSharedKeys.pskSecret(suite, applied.preSharedKeys))

    let groupInfo = try Self.groupInfo(next, newSignatureKey, withTree: false, withExternalPub: true, random)
    var welcome: MLSMessage?
    if !applied.added.isEmpty {
      let newMembers = zip(applied.addedKeyPackages, applied.added).map { ($0, newPath?.pathSecret(for: $1)) }
      welcome = .welcome(
        try Welcome(
          suite,
          groupInfo: try Self.groupInfo(
            next, newSignatureKey, withTree: welcomeWithTree, withExternalPub: false, random),
          schedule: schedule, preSharedKeys: applied.preSharedKeys, newMembers: newMembers))
    }
    let message = try protectHandshake(authenticated)
    pendingCommit = PendingCommit(next: next, signatureKey: newSignatureKey, reInit: applied.reInit)
    return CommitOutput(commit: message, welcome: welcome, groupInfo: .groupInfo(groupInfo))
  }

  /// Makes this client's pending commit the group's state.
  /// - Parameter now: seconds since 1970.
  public mutating func mergePendingCommit(now: UInt64) throws(MLSError) {
    guard let pending = pendingCommit else { throw .noCommitPending }
    advance(to: pending.next, signatureKey: pending.signatureKey, reInit: pending.reInit, now: now)
  }

  /// Drops this client's pending commit, if there is one. What it offered to new members must not be used.
  public mutating func clearPendingCommit() {
    if pendingCommit != nil { pendingCommit = nil }
  }
}
