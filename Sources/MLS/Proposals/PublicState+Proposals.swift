/// Who commits.
package enum Committer: Hashable, Sendable {
  case member(LeafIndex)
  /// A new member, by an external commit.
  case external
}

/// What a list of proposals makes of a group's tree and extensions (RFC 9420 §12.3). Only
/// ``PublicState/apply(_:by:_:pskUsage:)`` makes one, from a list that it has validated.
package struct AppliedProposals: Sendable {
  fileprivate(set) var tree: RatchetTree
  fileprivate(set) var extensions: [Extension]
  fileprivate(set) var added: [LeafIndex] = []
  /// The key packages of ``added``, in its order.
  fileprivate(set) var addedKeyPackages: [KeyPackage] = []
  fileprivate(set) var removed: [Member] = []
  fileprivate(set) var updated: [LeafIndex] = []
  fileprivate(set) var preSharedKeys: [PreSharedKeyID] = []
  fileprivate(set) var externalInit: [UInt8]?
  fileprivate(set) var reInit: ReInit?
  fileprivate(set) var requiresPath: Bool

  package var addedNodes: Set<NodeIndex> { Set(added.map { NodeIndex($0) }) }
}

extension PublicState {
  /// Checks one proposal by itself (RFC 9420 §12.1), with these extensions in force.
  package func validate(
    _ received: ReceivedProposal, extensions: [Extension], _ policy: ValidationPolicy,
    pskUsage: ResumptionPSKUsage = .application
  ) throws(MLSError) {
    switch received.proposal {
    case .add(let keyPackage):
      try keyPackage.validate(suite, now: policy.now, maximumLifetime: policy.leafLifetimeMax)
      try keyPackage.leafNode.validate(against: extensions)
      try authenticate(keyPackage.leafNode, .add, policy)
    case .update(let leaf):
      // [val 12.1-5]
      guard case .member(let index) = received.sender, let old = tree[index] else { throw .invalid(.updateSender) }
      try validateSuccessor(leaf, of: old, at: index, .update(position(index)), extensions, .update, policy)
    case .remove(let index):
      // [val 12.1-1]
      guard tree[index] != nil else { throw .invalid(.removedNotMember) }
    case .preSharedKey(let id):
      // [val 8.4-1]
      guard id.nonce.count == suite.hashLength else { throw .invalid(.pskNonceLength) }
      // [val 12.1-2]
      if case .resumption(let usage, _, _) = id.kind, usage != .application, usage != pskUsage {
        throw .invalid(.pskUsage)
      }
    case .reInit(let reInit):
      // [val 12.1-3]
      guard reInit.version.rawValue >= context.version.rawValue else { throw .invalid(.reInitVersion) }
      try reInit.extensions.validateAsGroupContext()
    case .externalInit, .unknown: break
    case .groupContextExtensions(let extensions): try validateGroupContext(extensions, policy)
    }
  }

  /// Checks extensions that are to become the group context's.
  package func validateGroupContext(_ extensions: [Extension], _ policy: ValidationPolicy) throws(MLSError) {
    try extensions.validateAsGroupContext()
    _ = try extensions.value(of: .requiredCapabilities, as: RequiredCapabilities.self)
    let old = try context.extensions.externalSenders()
    for sender in try extensions.externalSenders() where !old.contains(sender) {
      try policy.authentication.validate(
        credential: sender.credential, signatureKey: sender.signatureKey,
        context: CredentialContext(groupID: context.groupID, event: .externalSender))
    }
  }

  package func position(_ index: LeafIndex) -> LeafNode.Position {
    LeafNode.Position(groupID: context.groupID, leafIndex: index)
  }

  package func authenticate(
    _ leaf: LeafNode, _ event: CredentialContext.Event, _ policy: ValidationPolicy
  ) throws(MLSError) {
    try policy.authentication.validate(
      credential: leaf.credential, signatureKey: leaf.signatureKey,
      context: CredentialContext(groupID: context.groupID, event: event))
  }

  /// Checks a leaf that takes the place of a member's present one.
  package func validateSuccessor(
    _ leaf: LeafNode, of old: LeafNode, at index: LeafIndex, _ place: LeafNode.Place, _ extensions: [Extension],
    _ event: CredentialContext.Event, _ policy: ValidationPolicy
  ) throws(MLSError) {
    try leaf.validate(suite, place, now: nil, maximumLifetime: policy.leafLifetimeMax)
    // [val 7.3-9]
    guard leaf.encryptionKey != old.encryptionKey else { throw .invalid(.leafNodeEncryptionKeyUnchanged) }
    try leaf.validate(against: extensions)
    if leaf.credential != old.credential || leaf.signatureKey != old.signatureKey {
      try authenticate(leaf, event, policy)
      try policy.authentication.validateSuccessor(old: old.credential, new: leaf.credential)
    }
  }

  /// Validates a list of proposals (RFC 9420 §12.2) and applies it (§12.3). The leaves' uniqueness is checked once the path
  /// is in the tree too: ``RatchetTree/validateNewLeaves(_:)``.
  package func apply(
    _ list: [ReceivedProposal], by committer: Committer, _ policy: ValidationPolicy,
    pskUsage: ResumptionPSKUsage = .application
  ) throws(MLSError) -> AppliedProposals {
    let extensions = try resultingExtensions(of: list)
    try validateComposition(of: list, by: committer, policy)
    for received in list { try validate(received, extensions: extensions, policy, pskUsage: pskUsage) }

    var result = AppliedProposals(
      tree: tree, extensions: extensions,
      requiresPath: list.isEmpty || list.contains { $0.proposal.type.requiresPath })
    for received in list {
      switch (received.proposal, received.sender) {
      case (.update(let leaf), .member(let index)):
        result.tree.update(index, to: leaf)
        result.updated.append(index)
      case (.remove(let index), _):
        if let member = tree.member(at: index) { result.removed.append(member) }
      case (.preSharedKey(let id), _): result.preSharedKeys.append(id)
      case (.externalInit(let kemOutput), _): result.externalInit = kemOutput
      case (.reInit(let reInit), _): result.reInit = reInit
      default: break
      }
    }
    for member in result.removed { result.tree.blank(member.leafIndex) }
    if !result.removed.isEmpty { result.tree.truncate() }
    var start = 0
    for case .add(let keyPackage) in list.map(\.proposal) {
      let index = result.tree.add(keyPackage.leafNode, from: start)
      start = Int(index.rawValue) + 1
      result.added.append(index)
      result.addedKeyPackages.append(keyPackage)
    }
    if extensions != context.extensions {
      for leaf in result.tree.leaves {
        // [val 12.1-4]
        do {
          try leaf.node.validate(against: extensions)
        } catch {
          throw .invalid(.requiredCapabilitiesUnsupported)
        }
      }
    }
    return result
  }

  /// The group context's extensions once the list is applied.
  private func resultingExtensions(of list: [ReceivedProposal]) throws(MLSError) -> [Extension] {
    var found: [Extension]?
    for case .groupContextExtensions(let extensions) in list.map(\.proposal) {
      // [val 12.2-7]
      guard found == nil else { throw .invalid(.multipleGroupContextExtensions) }
      found = extensions
    }
    return found ?? context.extensions
  }

  private func validateComposition(
    of list: [ReceivedProposal], by committer: Committer, _ policy: ValidationPolicy
  ) throws(MLSError) {
    switch committer {
    case .member(let index): try validateRegular(list, by: index, policy)
    case .external: try validateExternal(list)
    }
    let psks = list.compactMap { if case .preSharedKey(let id) = $0.proposal { id } else { nil } }
    // [val 12.2-6]
    guard Set(psks).count == psks.count else { throw .invalid(.samePSKTwice) }
    // [val 12.2-8]
    if list.count > 1, list.contains(where: { $0.proposal.type == .reInit }) { throw .invalid(.reInitWithOthers) }
  }

  private func validateRegular(
    _ list: [ReceivedProposal], by committer: LeafIndex, _ policy: ValidationPolicy
  ) throws(MLSError) {
    var changed: Set<LeafIndex> = []
    var removed: Set<LeafIndex> = []
    var added: [LeafNode] = []
    for received in list {
      switch received.proposal {
      case .update:
        // [val 12.2-1]
        guard received.sender != .member(committer) else { throw .invalid(.updateByCommitter) }
        guard case .member(let index) = received.sender else { throw .invalid(.updateSender) }
        // [val 12.2-3]
        guard changed.insert(index).inserted else { throw .invalid(.multipleForSameLeaf) }
      case .remove(let index):
        // [val 12.2-2]
        guard index != committer else { throw .invalid(.removeOfCommitter) }
        guard changed.insert(index).inserted else { throw .invalid(.multipleForSameLeaf) }
        removed.insert(index)
      case .add(let keyPackage): added.append(keyPackage.leafNode)
      // [val 12.2-9]
      case .externalInit: throw .invalid(.externalInitInRegularCommit)
      case .preSharedKey, .reInit, .groupContextExtensions, .unknown: break
      }
    }
    try validateAdded(added, removed: removed, policy)
    for case .unknown(let type, _) in list.map(\.proposal) {
      // [val 12.2-10]
      guard tree.leaves.allSatisfy({ removed.contains($0.index) || $0.node.capabilities.supports(type) }) else {
        throw .invalid(.proposalTypeUnsupported)
      }
    }
  }

  /// That no client is added that is there already, or twice.
  private func validateAdded(
    _ added: [LeafNode], removed: Set<LeafIndex>, _ policy: ValidationPolicy
  ) throws(MLSError) {
    guard !added.isEmpty else { return }
    let keys = Set(added.map(\.signatureKey))
    var clients: Set<[UInt8]> = []
    // [val 12.2-4]
    guard keys.count == added.count else { throw .invalid(.addsOfSameClient) }
    for leaf in added {
      guard let client = policy.authentication.client(of: leaf.credential) else { continue }
      guard clients.insert(client).inserted else { throw .invalid(.addsOfSameClient) }
    }
    // Most additions are of keys that the tree does not hold.
    guard !clients.isEmpty || keys.contains(where: { tree.contents.count(of: $0) > 0 }) else { return }
    for (index, leaf) in tree.leaves where !removed.contains(index) {
      // [val 12.2-5]
      guard !keys.contains(leaf.signatureKey) else { throw .invalid(.addOfMember) }
      guard !clients.isEmpty, let client = policy.authentication.client(of: leaf.credential) else { continue }
      guard !clients.contains(client) else { throw .invalid(.addOfMember) }
    }
  }

  private func validateExternal(_ list: [ReceivedProposal]) throws(MLSError) {
    var externalInits = 0
    var removes = 0
    for received in list {
      // [val 12.2-14] (§12.4.3.2)
      guard received.reference == nil else { throw .invalid(.externalCommitReference) }
      switch received.proposal {
      case .externalInit: externalInits += 1
      case .remove: removes += 1
      case .preSharedKey: break
      // [val 12.2-13]
      case .add, .update, .reInit, .groupContextExtensions, .unknown: throw .invalid(.externalCommitOther)
      }
    }
    // [val 12.2-11]
    guard externalInits == 1 else { throw .invalid(.externalCommitExternalInit) }
    // [val 12.2-12]
    guard removes <= 1 else { throw .invalid(.externalCommitRemove) }
  }
}
