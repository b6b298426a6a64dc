import MLS
import TLSPresentation

extension VectorGenerator {
  /// An Add in a blank place and one that extends the tree, an Update, and Removes with and without truncation.
  func treeOperations(_ random: RandomSource) throws -> [TreeOperationVector] {
    var base = try VectorTree(members: 4, suite, random)
    var withBlank = base
    withBlank.remove([1])
    let leafKey = try suite.generateKeyPair(random).publicKey
    let updated = try LeafNode(
      base.tree[2].map(\.contents)
        ?? LeafNode.Contents(
          credential: .basic(identity: []), capabilities: Capabilities(), extensions: []), encryptionKey: leafKey,
      source: .update, position: LeafNode.Position(groupID: base.groupID, leafIndex: 2),
      signatureKey: base.signatureKeys[2])
    var ofFive = base
    try ofFive.add()
    return try [
      operation(.add(try base.keyPackage()), on: withBlank.tree), operation(.add(try base.keyPackage()), on: base.tree),
      operation(.update(updated), sender: 2, on: base.tree), operation(.remove(1), on: base.tree),
      operation(.remove(4), on: ofFive.tree),
    ]
  }

  private func operation(
    _ proposal: Proposal, sender: UInt32 = 0, on before: RatchetTree
  ) throws -> TreeOperationVector {
    var (before, after) = (before, before)
    switch proposal {
    case .add(let keyPackage): after.add(keyPackage.leafNode)
    case .update(let leaf): after.update(LeafIndex(sender), to: leaf)
    case .remove(let index):
      after.blank(index)
      after.truncate()
    default: throw MLSError.unexpectedMessage
    }
    return TreeOperationVector(
      cipherSuite: cipherSuite.rawValue, treeBefore: Hex(before.tlsEncoded), proposal: Hex(proposal.tlsEncoded),
      treeHashBefore: Hex(before.rootHash(suite)), treeAfter: Hex(after.tlsEncoded),
      treeHashAfter: Hex(after.rootHash(suite)), proposalSender: sender)
  }

  /// Full trees, trees with blanks inside and at their end, and a tree with unmerged leaves.
  func treeValidation(_ random: RandomSource) throws -> [TreeValidationVector] {
    var trees = try [2, 3, 4, 5].map { try VectorTree(members: $0, suite, random) }
    var blank = try VectorTree(members: 6, suite, random)
    blank.remove([1, 2, 3])
    try blank.commit(by: 0)
    var unmerged = try VectorTree(members: 3, suite, random)
    try unmerged.add()
    trees += [blank, unmerged]
    return trees.map { made in
      var tree = made.tree
      _ = tree.rootHash(suite)
      let nodes = (0..<tree.shape.nodeCount).map { NodeIndex($0) }
      return TreeValidationVector(
        cipherSuite: cipherSuite.rawValue, tree: Hex(tree.tlsEncoded), groupId: Hex(made.groupID),
        resolutions: nodes.map { tree.resolution(of: $0).map(\.value) },
        treeHashes: nodes.map { Hex(tree.hash(of: $0, suite)) })
    }
  }

  func treeKEM(_ random: RandomSource) throws -> [TreeKEMVector] {
    var trees = try [2, 3].map { try VectorTree(members: $0, suite, random) }
    var blank = try VectorTree(members: 4, suite, random)
    blank.remove([1])
    trees.append(blank)
    return try trees.map { try treeKEM($0, random) }
  }

  private func treeKEM(_ made: VectorTree, _ random: RandomSource) throws -> TreeKEMVector {
    var context = GroupContext(
      cipherSuite: cipherSuite, groupID: made.groupID, epoch: 9, treeHash: [],
      confirmedTranscriptHash: random.bytes(suite.hashLength), extensions: [])
    let members = made.tree.leaves.map(\.index)
    let paths = try members.map { sender in
      var tree = made.tree
      let path = try made.newPath(by: sender, into: &tree)
      context.treeHash = tree.rootHash(suite)
      let secrets = (0..<made.tree.leafCount).map { index -> Hex? in
        let leaf = LeafIndex(UInt32(index))
        return leaf == sender || tree[leaf] == nil ? nil : path.pathSecret(for: leaf).map { Hex($0) }
      }
      return TreeKEMVector.Path(
        sender: sender.rawValue,
        updatePath: Hex(try path.encrypted(for: tree, added: [], context: context.tlsEncoded, suite).tlsEncoded),
        pathSecrets: secrets, commitSecret: Hex(path.commitSecret), treeHashAfter: Hex(context.treeHash))
    }
    let leaves = members.map { member in
      TreeKEMVector.Leaf(
        index: member.rawValue, encryptionPriv: Hex(made.encryptionKeys[member]?.secret ?? Secret([])),
        signaturePriv: Hex(made.signatureKeys[Int(member.rawValue)].rawRepresentation),
        pathSecrets: made.pathSecrets[member, default: [:]].sorted { $0.key < $1.key }
          .map { .init(node: $0.key.value, pathSecret: Hex($0.value)) })
    }
    return TreeKEMVector(
      cipherSuite: cipherSuite.rawValue, groupId: Hex(made.groupID), epoch: 9,
      confirmedTranscriptHash: Hex(context.confirmedTranscriptHash), ratchetTree: Hex(made.tree.tlsEncoded),
      leavesPrivate: leaves, updatePaths: paths)
  }
}
