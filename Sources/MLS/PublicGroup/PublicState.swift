package import TLSPresentation

/// What everybody who follows a group's handshake messages knows of it in one epoch.
package struct PublicState: Sendable, Equatable {
  package let suite: Suite
  package var context: GroupContext
  package var tree: RatchetTree
  /// The confirmation tag of the commit that began the epoch.
  package var confirmationTag: [UInt8]
  package var interimTranscriptHash: [UInt8]

  package init(_ suite: Suite, context: GroupContext, tree: RatchetTree, confirmationTag: [UInt8]) {
    self.suite = suite
    self.context = context
    self.tree = tree
    self.confirmationTag = confirmationTag
    interimTranscriptHash = TranscriptHash.interim(
      suite, confirmed: context.confirmedTranscriptHash, confirmationTag: confirmationTag)
  }

  package func signatureKey(of index: LeafIndex) -> SignaturePublicKey? { tree[index]?.signatureKey }

  /// Throws unless a message's group and epoch are these.
  package func checkEpoch(groupID: [UInt8], epoch: UInt64) throws(MLSError) {
    guard groupID == context.groupID else { throw .wrongGroup }
    guard epoch == context.epoch else { throw .wrongEpoch(current: context.epoch, message: epoch) }
  }

  /// The context of the next epoch, still with this epoch's transcript hash: the provisional one of RFC 9420 §12.4.1.
  package func provisionalContext(treeHash: [UInt8], extensions: [Extension]) throws(MLSError) -> GroupContext {
    guard context.epoch < .max else { throw .exhausted }
    var next = context
    next.epoch += 1
    next.treeHash = treeHash
    next.extensions = extensions
    return next
  }
}

extension PublicState: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(context)
    encoder.write(tree)
    encoder.write(opaque: confirmationTag)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let context: GroupContext = try decoder.read()
    guard let suite = try? Suite(context.cipherSuite) else {
      throw .unknownValue(UInt64(context.cipherSuite.rawValue))
    }
    self.init(suite, context: context, tree: try decoder.read(), confirmationTag: try decoder.readOpaque())
    _ = tree.rootHash(suite)
  }
}
