internal import TLSPresentation

/// RFC 9420 §7.9.
extension RatchetTree {
  /// The parent hash of a parent node with the given copath child.
  package func parentHash(of parent: ParentNode, copathChild: NodeIndex, _ suite: Suite) -> [UInt8] {
    var input = TLSEncoder(reservingCapacity: 256)
    input.write(parent.encryptionKey)
    input.write(opaque: parent.parentHash)
    input.write(opaque: hash(of: copathChild, suite, excluding: parent.unmergedLeaves))
    return suite.hash(input.bytes)
  }

  /// Sets the public keys and the parent hashes of a leaf's filtered direct path, whose lists of unmerged leaves become
  /// empty, and answers with the parent hash that the leaf must have. The rest of the direct path becomes blank.
  package mutating func setPath(
    of leaf: LeafIndex, steps: [PathStep], publicKeys: [HPKEPublicKey], _ suite: Suite
  ) -> [UInt8] {
    blankDirectPath(of: leaf)
    for step in steps { rememberHash(of: step.copathChild, suite) }
    var parentHash: [UInt8] = []
    // From the root down, so that each hash covers all that is above it.
    for (step, publicKey) in zip(steps, publicKeys).reversed() {
      let parent = ParentNode(encryptionKey: publicKey, parentHash: parentHash, unmergedLeaves: [])
      parentHash = self.parentHash(of: parent, copathChild: step.copathChild, suite)
      set(step.node, to: .parent(parent))
    }
    return parentHash
  }

  /// Throws unless every parent node is parent-hash valid, by exactly one chain (RFC 9420 §7.9.2). The tree hashes must
  /// have been computed.
  package func validateParentHashes(_ suite: Suite) throws(MLSError) {
    for index in stride(from: 1, to: nodes.count, by: 2) {
      let node = NodeIndex(index)
      guard let parent = parent(node), let left = node.left, let right = node.right else { continue }
      let links =
        linkCount(to: parent, through: left, sibling: right, suite)
        + linkCount(to: parent, through: right, sibling: left, suite)
      // [val 7.9-2]
      guard links == 1 else { throw .invalid(.parentHashChain) }
    }
  }

  /// The number of nodes D in the resolution of a child whose parent hash is valid with respect to the parent.
  private func linkCount(
    to parent: ParentNode, through child: NodeIndex, sibling: NodeIndex, _ suite: Suite
  ) -> Int {
    let below = child.leaves
    let unmerged = parent.unmergedLeaves.filter { below.contains($0.rawValue) }.map { NodeIndex($0) }
    let resolution = resolution(of: child)
    guard resolution.count == unmerged.count + 1 else { return 0 }
    let unmergedSet = Set(unmerged)
    let candidates = resolution.filter { !unmergedSet.contains($0) }
    guard candidates.count == 1, let candidate = candidates.first else { return 0 }
    guard let claimed = claimedParentHash(of: candidate) else { return 0 }
    return claimed == parentHash(of: parent, copathChild: sibling, suite) ? 1 : 0
  }

  private func claimedParentHash(of node: NodeIndex) -> [UInt8]? {
    guard node.value < nodes.count else { return nil }
    switch nodes[node.value] {
    case .leaf(let leaf):
      guard case .commit(let parentHash) = leaf.source else { return nil }
      return parentHash
    case .parent(let parent): return parent.parentHash
    case nil: return nil
    }
  }
}
