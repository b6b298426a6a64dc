/// A path that this client makes for a commit (RFC 9420 §7.5), before its secrets are encrypted: the provisional group
/// context, which the encryption covers, needs the tree that has the path.
package struct NewPath: Sendable {
  package let sender: LeafIndex
  package let leafNode: LeafNode
  package let leafKey: HPKEKeyPair
  package let steps: [RatchetTree.PathStep]
  package let secrets: PathSecrets

  /// Makes fresh keys for a leaf and its filtered direct path, and merges them into `tree`.
  package init(
    _ suite: Suite, sender: LeafIndex, contents: LeafNode.Contents, groupID: [UInt8],
    signatureKey: SignaturePrivateKey, tree: inout RatchetTree, random: RandomSource
  ) throws(MLSError) {
    self.sender = sender
    steps = tree.filteredDirectPath(of: sender)
    leafKey = try suite.generateKeyPair(random)
    secrets = try PathSecrets(suite, first: random.secret(suite.hashLength), count: steps.count)
    let parentHash = tree.setPath(of: sender, steps: steps, publicKeys: secrets.keyPairs.map(\.publicKey), suite)
    leafNode = try LeafNode(
      contents, encryptionKey: leafKey.publicKey, source: .commit(parentHash: parentHash),
      position: LeafNode.Position(groupID: groupID, leafIndex: sender), signatureKey: signatureKey)
    tree.set(NodeIndex(sender), to: .leaf(leafNode))
  }

  package var commitSecret: Secret { secrets.commitSecret }

  /// Encrypts each path secret to the resolution of its copath child, without the leaves that the commit adds.
  package func encrypted(
    for tree: RatchetTree, added: Set<NodeIndex>, context: [UInt8], _ suite: Suite
  ) throws(MLSError) -> UpdatePath {
    var nodes: [UpdatePathNode] = []
    for (index, step) in steps.enumerated() {
      var plaintext = secrets.secrets[index].exposedBytes
      defer { wipe(&plaintext) }
      var ciphertexts: [HPKECiphertext] = []
      for node in tree.resolution(of: step.copathChild) where !added.contains(node) {
        guard let key = tree.encryptionKey(of: node) else { continue }
        ciphertexts.append(try suite.encryptWithLabel(key, "UpdatePathNode", context: context, plaintext))
      }
      nodes.append(
        UpdatePathNode(encryptionKey: secrets.keyPairs[index].publicKey, encryptedPathSecret: ciphertexts))
    }
    return UpdatePath(leafNode: leafNode, nodes: nodes)
  }

  /// The private keys of the member that made the path.
  package var privateTree: PrivateTree {
    var keys = PrivateTree(leafIndex: sender, leafKey: leafKey.privateKey)
    for (step, keyPair) in zip(steps, secrets.keyPairs) { keys.set(step.node, to: keyPair.privateKey) }
    return keys
  }

  /// The path secret that a new member at `leaf` needs (RFC 9420 §12.4.3.1).
  package func pathSecret(for leaf: LeafIndex) -> Secret? {
    let ancestor = TreeShape.commonAncestor(sender, leaf)
    return zip(steps, secrets.secrets).first { $0.0.node == ancestor }?.1
  }
}
