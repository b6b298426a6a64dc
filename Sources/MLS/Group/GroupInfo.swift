public import TLSPresentation

/// What a new member needs to know of a group (RFC 9420 §12.4.3).
public struct GroupInfo: Hashable, Sendable, TLSCodable {
  public let groupContext: GroupContext
  public let extensions: [Extension]
  public let confirmationTag: [UInt8]
  public let signer: LeafIndex
  public let signature: [UInt8]

  /// Makes and signs a group info.
  package init(
    groupContext: GroupContext, extensions: [Extension], confirmationTag: [UInt8], signer: LeafIndex,
    signatureKey: SignaturePrivateKey
  ) throws(MLSError) {
    self.groupContext = groupContext
    self.extensions = extensions
    self.confirmationTag = confirmationTag
    self.signer = signer
    var toBeSigned = TLSEncoder(reservingCapacity: 1024)
    Self.encode(groupContext, extensions, confirmationTag, signer, to: &toBeSigned)
    signature = try signatureKey.signWithLabel("GroupInfoTBS", toBeSigned.bytes)
  }

  package func hasValidSignature(_ suite: Suite, key: SignaturePublicKey) -> Bool {
    var toBeSigned = TLSEncoder(reservingCapacity: 1024)
    Self.encode(groupContext, extensions, confirmationTag, signer, to: &toBeSigned)
    return suite.verifyWithLabel(key, "GroupInfoTBS", toBeSigned.bytes, signature)
  }

  /// Throws unless the signer is a member in this tree and signed it.
  package func verify(_ suite: Suite, tree: RatchetTree) throws(MLSError) {
    // [val 12.4.3-5]
    guard let leaf = tree[signer] else { throw .invalid(.groupInfoSigner) }
    // [val 12.4.3-4]
    guard hasValidSignature(suite, key: leaf.signatureKey) else { throw .invalid(.groupInfoSignature) }
  }

  /// The tree that it carries, if it carries one. Unverified.
  public func ratchetTree() throws(MLSError) -> RatchetTree? { try extensions.value(of: .ratchetTree) }

  /// The group's external key, if it carries one (RFC 9420 §12.4.3.2).
  public func externalPub() throws(MLSError) -> HPKEPublicKey? { try extensions.value(of: .externalPub) }

  private static func encode(
    _ groupContext: GroupContext, _ extensions: [Extension], _ confirmationTag: [UInt8], _ signer: LeafIndex,
    to encoder: inout TLSEncoder
  ) {
    encoder.write(groupContext)
    encoder.write(vector: extensions)
    encoder.write(opaque: confirmationTag)
    encoder.write(signer)
  }

  public func encode(to encoder: inout TLSEncoder) {
    Self.encode(groupContext, extensions, confirmationTag, signer, to: &encoder)
    encoder.write(opaque: signature)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    groupContext = try decoder.read()
    extensions = try decoder.readVector()
    confirmationTag = try decoder.readOpaque()
    signer = try decoder.read()
    signature = try decoder.readOpaque()
  }
}
