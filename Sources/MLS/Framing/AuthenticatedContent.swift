package import TLSPresentation

/// A message's content with what authenticates its sender (RFC 9420 §6). Having one says nothing of whether that has been
/// verified; ``VerifiedContent`` does.
package struct AuthenticatedContent: Hashable, Sendable, TLSCodable {
  package let wireFormat: WireFormat
  package let content: FramedContent
  package var auth: FramedContentAuthData

  package init(wireFormat: WireFormat, content: FramedContent, auth: FramedContentAuthData) {
    self.wireFormat = wireFormat
    self.content = content
    self.auth = auth
  }

  /// Signs content (RFC 9420 §6.1). A commit's confirmation tag is added later, since it depends on the signature.
  package init(
    signing content: FramedContent, wireFormat: WireFormat, context: GroupContext?, with key: SignaturePrivateKey
  ) throws(MLSError) {
    self.wireFormat = wireFormat
    self.content = content
    var toBeSigned = Self.toBeSigned(content, wireFormat, context)
    defer { wipe(&toBeSigned) }
    auth = FramedContentAuthData(
      signature: try key.signWithLabel("FramedContentTBS", toBeSigned), confirmationTag: nil)
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(wireFormat)
    encoder.write(content)
    auth.encode(to: &encoder, type: content.body.type)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    wireFormat = try decoder.read()
    content = try decoder.read()
    auth = try FramedContentAuthData(from: &decoder, type: content.body.type)
  }

  /// `FramedContentTBS`. The context is left out for senders that need not know it. The caller wipes it: it holds a
  /// message's plaintext.
  package static func toBeSigned(_ content: FramedContent, _ wireFormat: WireFormat, _ context: GroupContext?)
    -> [UInt8]
  {
    var encoder = TLSEncoder(reservingCapacity: content.body.capacity)
    encoder.write(ProtocolVersion.mls10)
    encoder.write(wireFormat)
    encoder.write(content)
    switch content.sender {
    case .member, .newMemberCommit: if let context { encoder.write(context) }
    case .external, .newMemberProposal: break
    }
    return encoder.take()
  }

  package func hasValidSignature(_ suite: Suite, key: SignaturePublicKey, context: GroupContext?) -> Bool {
    var toBeSigned = Self.toBeSigned(content, wireFormat, context)
    defer { wipe(&toBeSigned) }
    return suite.verifyWithLabel(key, "FramedContentTBS", toBeSigned, auth.signature)
  }

  /// The membership tag (RFC 9420 §6.2).
  package func membershipTag(_ suite: Suite, key: Secret, context: GroupContext) -> [UInt8] {
    suite.mac(key: key, toBeMACed(context))
  }

  package func isMembershipTag(_ tag: [UInt8], _ suite: Suite, key: Secret, context: GroupContext) -> Bool {
    suite.isValidMAC(tag, key: key, toBeMACed(context))
  }

  /// `AuthenticatedContentTBM`.
  private func toBeMACed(_ context: GroupContext) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 1024)
    encoder.write(fixed: Self.toBeSigned(content, wireFormat, context))
    auth.encode(to: &encoder, type: content.body.type)
    return encoder.bytes
  }

  /// `MakeProposalRef` (RFC 9420 §5.2).
  package func proposalRef(_ suite: Suite) -> ProposalRef {
    suite.refHash(label: "MLS 1.0 Proposal Reference", tlsEncoded)
  }
}
