internal import Dispatch
internal import Synchronization

extension RatchetTree {
  /// Checks the leaves against each other (RFC 9420 §7.3): every credential type in use is supported by all, and no key
  /// appears twice.
  package func validateLeavesTogether() throws(MLSError) {
    let leaves = leaves
    let inUse = Set(leaves.map(\.node.credential.type))
    var signatureKeys: Set<SignaturePublicKey> = []
    var encryptionKeys: Set<HPKEPublicKey> = []
    for (_, leaf) in leaves {
      // [val 7.3-3] [val 7.3-4]
      guard inUse.allSatisfy({ leaf.capabilities.supports($0) }) else {
        throw .invalid(.leafNodeCredentialUnsupportedByMember)
      }
      // [val 7.3-10]
      guard signatureKeys.insert(leaf.signatureKey).inserted else { throw .invalid(.leafNodeSignatureKeyNotUnique) }
      // [val 7.3-11]
      guard encryptionKeys.insert(leaf.encryptionKey).inserted else { throw .invalid(.leafNodeEncryptionKeyNotUnique) }
    }
    for index in stride(from: 1, to: nodes.count, by: 2) {
      guard case .parent(let parent)? = nodes[index] else { continue }
      // [val 12.4.3-9]
      guard encryptionKeys.insert(parent.encryptionKey).inserted else { throw .invalid(.parentKeyNotUnique) }
    }
  }

  /// The same where only some leaves are new in a tree that was valid. They are compared with all others only where the
  /// counts of the tree's contents leave a doubt.
  package func validateNewLeaves(_ new: [LeafIndex]) throws(MLSError) {
    let newLeaves = new.compactMap { self[$0] }
    if !areCertainlyValid(newLeaves) { try compare(newLeaves, at: new) }
  }

  private func areCertainlyValid(_ newLeaves: [LeafNode]) -> Bool {
    var newTypes: [CredentialType: Int] = [:]
    for leaf in newLeaves {
      guard contents.count(of: leaf.signatureKey) == 1, contents.count(of: leaf.encryptionKey) == 1,
        contents.credentialTypes.keys.allSatisfy({ leaf.capabilities.supports($0) })
      else { return false }
      newTypes[leaf.credential.type, default: 0] += 1
    }
    // What one old leaf uses is supported by all old leaves.
    return newTypes.allSatisfy { type, count in contents.credentialTypes[type, default: 0] > count }
  }

  private func compare(_ newLeaves: [LeafNode], at new: [LeafIndex]) throws(MLSError) {
    let newTypes = Set(newLeaves.map(\.credential.type))
    let signatureKeys = Set(newLeaves.map(\.signatureKey))
    let encryptionKeys = Set(newLeaves.map(\.encryptionKey))
    // [val 7.3-10]
    guard signatureKeys.count == newLeaves.count else { throw .invalid(.leafNodeSignatureKeyNotUnique) }
    // [val 7.3-11]
    guard encryptionKeys.count == newLeaves.count else { throw .invalid(.leafNodeEncryptionKeyNotUnique) }
    let newIndices = Set(new)
    for (index, leaf) in leaves where !newIndices.contains(index) {
      // [val 7.3-3]
      guard newTypes.allSatisfy({ leaf.capabilities.supports($0) }) else {
        throw .invalid(.leafNodeCredentialUnsupportedByMember)
      }
      guard !signatureKeys.contains(leaf.signatureKey) else { throw .invalid(.leafNodeSignatureKeyNotUnique) }
      guard !encryptionKeys.contains(leaf.encryptionKey) else { throw .invalid(.leafNodeEncryptionKeyNotUnique) }
    }
    for leaf in newLeaves {
      // [val 7.3-4]
      guard contents.credentialTypes.keys.allSatisfy({ leaf.capabilities.supports($0) }) else {
        throw .invalid(.leafNodeDoesNotSupportCredentialInUse)
      }
    }
    for index in stride(from: 1, to: nodes.count, by: 2) {
      guard case .parent(let parent)? = nodes[index] else { continue }
      guard !encryptionKeys.contains(parent.encryptionKey) else { throw .invalid(.leafNodeEncryptionKeyNotUnique) }
    }
  }

  /// Whether any of these keys is a node's already (RFC 9420 §12.4.2).
  package func contains(anyOf keys: Set<HPKEPublicKey>) -> Bool {
    guard keys.contains(where: { contents.count(of: $0) > 0 }) else { return false }
    return nodes.contains { node in
      switch node {
      case .leaf(let leaf): keys.contains(leaf.encryptionKey)
      case .parent(let parent): keys.contains(parent.encryptionKey)
      case nil: false
      }
    }
  }

  /// RFC 9420 §12.4.3.1: each unmerged leaf is a leaf below, and unmerged in all nodes between.
  package func validateUnmergedLeaves() throws(MLSError) {
    let shape = shape
    for index in stride(from: 1, to: nodes.count, by: 2) {
      let node = NodeIndex(index)
      guard let parent = parent(node) else { continue }
      for leaf in parent.unmergedLeaves {
        // [val 12.4.3-8]
        guard node.isAncestor(of: leaf), self[leaf] != nil else { throw .invalid(.unmergedLeaves) }
        for between in shape.directPath(of: NodeIndex(leaf)).prefix(while: { $0 != node }) {
          guard self.parent(between)?.unmergedLeaves.contains(leaf) ?? true else { throw .invalid(.unmergedLeaves) }
        }
      }
    }
  }

  /// Everything that RFC 9420 §12.4.3.1 asks of the tree of a group that is joined or followed. The tree hashes are
  /// remembered.
  package mutating func validate(
    _ suite: Suite, context: GroupContext, maximumLifetime: UInt64, authentication: any AuthenticationService
  ) throws(MLSError) {
    // [val 12.4.3-7]
    guard rootHash(suite) == context.treeHash else { throw .invalid(.treeHash) }
    try validateUnmergedLeaves()
    try validateParentHashes(suite)
    try validateLeavesTogether()
    try validateLeaves(suite, context: context, maximumLifetime: maximumLifetime)
    for (_, leaf) in leaves {
      try authentication.validate(
        credential: leaf.credential, signatureKey: leaf.signatureKey,
        context: CredentialContext(groupID: context.groupID, event: .joining))
    }
  }

  /// Leaves that one thread checks at a time. A few thousandths of a second are worth another thread.
  private static let leavesPerThread = 64

  /// Checks each leaf by itself. Nearly all of it is verifying signatures, which is most of joining a large group, and is
  /// spread over the processors. The error is that of the first leaf from the left that has one.
  private func validateLeaves(_ suite: Suite, context: GroupContext, maximumLifetime: UInt64) throws(MLSError) {
    let leaves = leaves
    let parts = (leaves.count + Self.leavesPerThread - 1) / Self.leavesPerThread
    let errors = Mutex<[Int: MLSError]>([:])
    DispatchQueue.concurrentPerform(iterations: parts) { part in
      let start = part * Self.leavesPerThread
      for (index, leaf) in leaves[start..<min(start + Self.leavesPerThread, leaves.count)] {
        do throws(MLSError) {
          let position = LeafNode.Position(groupID: context.groupID, leafIndex: index)
          try leaf.validate(suite, .tree(position), now: nil, maximumLifetime: maximumLifetime)
          try leaf.validate(against: context.extensions)
        } catch {
          return errors.withLock { $0[part] = error }
        }
      }
    }
    if let first = errors.withLock({ $0.min { $0.key < $1.key } }) { throw first.value }
  }
}
