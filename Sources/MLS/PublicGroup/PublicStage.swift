/// A commit that is valid as far as one without secrets can tell, and the state that it leads to (RFC 9420 §12.4.2).
/// Only ``PublicState/stage(_:_:_:)`` makes one.
package struct PublicStage: Sendable {
  package let sender: Sender
  /// The committer's leaf in the new tree.
  package let committer: LeafIndex
  package let authenticatedData: [UInt8]
  package let applied: AppliedProposals
  package let path: UpdatePath?
  /// What the path secrets are encrypted with.
  package let provisionalContext: GroupContext
  package let state: PublicState

  fileprivate init(
    sender: Sender, committer: LeafIndex, authenticatedData: [UInt8], applied: AppliedProposals, path: UpdatePath?,
    provisionalContext: GroupContext, state: PublicState
  ) {
    self.sender = sender
    self.committer = committer
    self.authenticatedData = authenticatedData
    self.applied = applied
    self.path = path
    self.provisionalContext = provisionalContext
    self.state = state
  }
}

extension PublicState {
  /// Checks a commit whose signature has been verified in this state.
  package func stage(
    _ verified: VerifiedContent, _ cache: ProposalCache, _ policy: ValidationPolicy
  ) throws(MLSError) -> PublicStage {
    let content = verified.content
    guard case .commit(let commit) = content.body else { throw .unexpectedMessage }
    // The decoder gives every commit one.
    guard let confirmationTag = verified.authenticated.auth.confirmationTag else { throw .unexpectedMessage }
    let committer: Committer
    switch content.sender {
    case .member(let index): committer = .member(index)
    case .newMemberCommit: committer = .external
    // Such content is not verified: `UnverifiedContent.senderKey`.
    case .external, .newMemberProposal: throw .unexpectedMessage
    }
    let list = try cache.resolve(commit, sender: content.sender)
    let applied = try apply(list, by: committer, policy)
    // [val 12.4-1]
    guard commit.path != nil || !applied.requiresPath else { throw .invalid(.pathMissing) }

    var tree = applied.tree
    var index: LeafIndex
    switch committer {
    case .member(let member): index = member
    case .external: index = tree.blankLeaf()
    }
    var changed = applied.added + applied.updated
    if let path = commit.path {
      try validate(path, from: committer, at: index, applied)
      try validateLeaf(of: path, from: committer, at: index, applied, policy)
      try merge(path, at: index, into: &tree)
      changed.removeAll { $0 == index }
      changed.append(index)
    }
    try tree.validateNewLeaves(changed)

    let provisional = try provisionalContext(treeHash: tree.rootHash(suite), extensions: applied.extensions)
    var context = provisional
    context.confirmedTranscriptHash = TranscriptHash.confirmed(
      suite, interimBefore: interimTranscriptHash, verified.authenticated)
    return PublicStage(
      sender: content.sender, committer: index, authenticatedData: content.authenticatedData, applied: applied,
      path: commit.path, provisionalContext: provisional,
      state: PublicState(suite, context: context, tree: tree, confirmationTag: confirmationTag))
  }

  /// RFC 9420 §12.4.2, on the keys of a path.
  private func validate(
    _ path: UpdatePath, from committer: Committer, at index: LeafIndex, _ applied: AppliedProposals
  ) throws(MLSError) {
    // [val 12.4-2]
    if case .member(let member) = committer, tree[member]?.encryptionKey == path.leafNode.encryptionKey {
      throw .invalid(.committerEncryptionKeyUnchanged)
    }
    let keys = [path.leafNode.encryptionKey] + path.nodes.map(\.encryptionKey)
    let keySet = Set(keys)
    // [val 12.4-3]
    guard keySet.count == keys.count, !applied.tree.contains(anyOf: keySet) else {
      throw .invalid(.pathKeyAlreadyInTree)
    }
    for node in path.nodes { try suite.validate(node.encryptionKey) }
  }

  /// RFC 9420 §12.4.2, on the leaf of a path.
  private func validateLeaf(
    of path: UpdatePath, from committer: Committer, at index: LeafIndex, _ applied: AppliedProposals,
    _ policy: ValidationPolicy
  ) throws(MLSError) {
    let leaf = path.leafNode
    let place = LeafNode.Place.commit(position(index))
    switch committer {
    case .member:
      guard let old = tree[index] else { throw .unknownMember(index) }
      try validateSuccessor(leaf, of: old, at: index, place, applied.extensions, .commit, policy)
    case .external:
      try leaf.validate(suite, place, now: nil, maximumLifetime: policy.leafLifetimeMax)
      try leaf.validate(against: applied.extensions)
      try authenticate(leaf, .externalCommit, policy)
      // [val 12.2-12] A resync: the leaf must do as an Update of the one that it removes.
      if let old = applied.removed.first?.leafNode {
        guard leaf.encryptionKey != old.encryptionKey else { throw .invalid(.leafNodeEncryptionKeyUnchanged) }
        try policy.authentication.validateSuccessor(old: old.credential, new: leaf.credential)
      }
    }
  }

  /// Puts a path into the tree (RFC 9420 §7.5).
  package func merge(_ path: UpdatePath, at index: LeafIndex, into tree: inout RatchetTree) throws(MLSError) {
    let steps = tree.filteredDirectPath(of: index)
    // [val 7.6-1]
    guard steps.count == path.nodes.count else { throw .invalid(.updatePathLength) }
    let parentHash = tree.setPath(of: index, steps: steps, publicKeys: path.nodes.map(\.encryptionKey), suite)
    // [val 7.9-1]
    guard case .commit(let claimed) = path.leafNode.source, claimed == parentHash else {
      throw .invalid(.parentHashOfLeaf)
    }
    tree.set(NodeIndex(index), to: .leaf(path.leafNode))
  }
}
