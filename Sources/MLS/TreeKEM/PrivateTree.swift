/// The private keys that one member holds: of its leaf, and of nodes on its direct path (RFC 9420 §4.2).
package struct PrivateTree: Sendable, Equatable {
  package let leafIndex: LeafIndex
  package private(set) var keys: [NodeIndex: HPKEPrivateKey]

  package init(leafIndex: LeafIndex, leafKey: HPKEPrivateKey) {
    self.leafIndex = leafIndex
    keys = [NodeIndex(leafIndex): leafKey]
  }

  package init(leafIndex: LeafIndex, keys: [NodeIndex: HPKEPrivateKey]) {
    self.leafIndex = leafIndex
    self.keys = keys
  }

  package mutating func set(_ node: NodeIndex, to key: HPKEPrivateKey) {
    keys[node] = key
  }

  /// Forgets the keys of nodes that have become blank, or are outside the tree.
  package mutating func forgetBlanks(of tree: RatchetTree) {
    keys = keys.filter { !tree.isBlank($0.key) }
  }

  /// Takes the path secret of a node, and with it those of the nodes above on `steps`: keys of the nodes of a filtered
  /// direct path from that node to the root. Answers with the commit secret.
  package mutating func take(
    _ pathSecret: Secret, of node: NodeIndex, steps: [RatchetTree.PathStep], tree: RatchetTree, _ suite: Suite
  ) throws(MLSError) -> Secret {
    let steps = steps.drop { $0.node != node }
    let path = try PathSecrets(suite, first: pathSecret, count: steps.count)
    for (step, keyPair) in zip(steps, path.keyPairs) {
      // [val 7.6-3]
      guard tree.encryptionKey(of: step.node) == keyPair.publicKey else { throw .invalid(.updatePathPublicKeyMismatch) }
      keys[step.node] = keyPair.privateKey
    }
    return path.commitSecret
  }

  /// Decrypts the path secret that an update path holds for this member (RFC 9420 §7.5), and takes the keys that follow
  /// from it. `tree` has the path merged; `added` are the leaves added by the same commit.
  package mutating func decrypt(
    _ path: UpdatePath, from sender: LeafIndex, tree: RatchetTree, added: Set<NodeIndex>, context: [UInt8],
    _ suite: Suite
  ) throws(MLSError) -> (commitSecret: Secret, pathSecret: Secret) {
    let steps = tree.filteredDirectPath(of: sender)
    // [val 7.6-1]
    guard steps.count == path.nodes.count else { throw .invalid(.updatePathLength) }
    let found = zip(steps, path.nodes).first { $0.0.copathChild.isAncestor(of: leafIndex) }
    // [val 7.6-4]
    guard let (step, pathNode) = found else { throw .invalid(.updatePathNotForThisMember) }
    let resolution = tree.resolution(of: step.copathChild).filter { !added.contains($0) }
    // [val 7.6-2]
    guard resolution.count == pathNode.encryptedPathSecret.count else { throw .invalid(.updatePathCiphertextCount) }
    for (node, ciphertext) in zip(resolution, pathNode.encryptedPathSecret) {
      guard let key = keys[node] else { continue }
      let secret = try suite.decryptWithLabel(key, "UpdatePathNode", context: context, ciphertext)
      return (try take(secret, of: step.node, steps: steps, tree: tree, suite), secret)
    }
    throw .invalid(.updatePathNotForThisMember)
  }
}
