package import MLS
internal import TLSPresentation

/// A malicious member's messages: well signed, and wrong.
extension Group {
  package func forged(_ body: FramedContent.Body, sender: Sender? = nil) throws -> MLSMessage {
    let content = FramedContent(
      groupID: groupID, epoch: epoch, sender: sender ?? .member(ownLeafIndex), authenticatedData: [], body: body)
    var signed = try AuthenticatedContent(
      signing: content, wireFormat: .publicMessage, context: groupContext, with: signatureKey)
    if body.type == .commit { signed.auth.confirmationTag = [UInt8](repeating: 0, count: suite.hashLength) }
    return .publicMessage(
      try PublicMessage(
        protecting: signed, suite, membershipKey: state.secrets.membershipKey, context: groupContext))
  }

  package func forgedCommit(_ proposals: [Proposal] = [], path: UpdatePath? = nil) throws -> MLSMessage {
    try forged(.commit(Commit(proposals: proposals.map { .proposal($0) }, path: path)))
  }

  /// A path as this member would make it, with the tree it leads to, to be spoilt.
  package func goodPath() throws -> (path: UpdatePath, made: NewPath, tree: RatchetTree, context: GroupContext) {
    var tree = ratchetTree
    let made = try NewPath(
      suite, sender: ownLeafIndex, contents: ownLeafNode!.contents, groupID: groupID, signatureKey: signatureKey,
      tree: &tree, random: .system)
    var context = groupContext
    context.epoch += 1
    context.treeHash = tree.rootHash(suite)
    return (
      try made.encrypted(for: tree, added: [], context: context.tlsEncoded, suite), made, tree, context
    )
  }

  /// A leaf of this member with the given contents, well signed.
  package func leaf(
    encryptionKey: HPKEPublicKey? = nil, source: LeafNodeSource, change: (inout LeafNode.Contents) -> Void = { _ in }
  ) throws -> LeafNode {
    var contents = ownLeafNode!.contents
    change(&contents)
    return try LeafNode(
      contents, encryptionKey: encryptionKey ?? suite.generateKeyPair(.system).publicKey, source: source,
      position: LeafNode.Position(groupID: groupID, leafIndex: ownLeafIndex), signatureKey: signatureKey)
  }
}
