public import TLSPresentation

/// A message that is signed and encrypted (RFC 9420 §6.3).
public struct PrivateMessage: Hashable, Sendable, TLSCodable {
  public let groupID: [UInt8]
  public let epoch: UInt64
  public let contentType: ContentType
  public let authenticatedData: [UInt8]
  package let encryptedSenderData: [UInt8]
  package let ciphertext: [UInt8]

  /// Encrypts content with the sender's next key (RFC 9420 §6.3.1).
  package init(
    protecting authenticated: AuthenticatedContent, _ suite: Suite, senderDataSecret: Secret,
    secretTree: inout SecretTree, padding: PaddingPolicy, random: RandomSource
  ) throws(MLSError) {
    let content = authenticated.content
    var encoder = TLSEncoder(reservingCapacity: content.body.capacity)
    content.body.encode(to: &encoder)
    authenticated.auth.encode(to: &encoder, type: content.body.type)
    var unpadded = encoder.take()
    defer { wipe(&unpadded) }
    var plaintext = unpadded + repeatElement(0, count: padding.padding(for: unpadded.count))
    defer { wipe(&plaintext) }
    try self.init(
      sealing: plaintext, of: content, suite, senderDataSecret: senderDataSecret, secretTree: &secretTree,
      random: random)
  }

  /// Encrypts an encoded `PrivateMessageContent`.
  package init(
    sealing plaintext: [UInt8], of content: FramedContent, _ suite: Suite, senderDataSecret: Secret,
    secretTree: inout SecretTree, random: RandomSource
  ) throws(MLSError) {
    guard case .member(let sender) = content.sender else { throw .unexpectedMessage }
    groupID = content.groupID
    epoch = content.epoch
    contentType = content.body.type
    authenticatedData = content.authenticatedData
    let (generation, key) = try secretTree.next(sender, RatchetKind(contentType), suite)
    let reuseGuard = random.bytes(4)
    let aad = Self.contentAAD(groupID, epoch, contentType, authenticatedData)
    ciphertext = try suite.seal(plaintext, key: key.key, nonce: Self.nonce(key, reuseGuard), authenticating: aad)

    var senderData = TLSEncoder()
    senderData.write(sender)
    senderData.write(generation)
    senderData.write(fixed: reuseGuard)
    let senderKey = Self.senderDataKey(suite, senderDataSecret, ciphertext: ciphertext)
    encryptedSenderData = try suite.seal(
      senderData.bytes, key: senderKey.key, nonce: senderKey.nonce.exposedBytes,
      authenticating: Self.senderDataAAD(groupID, epoch, contentType))
  }

  /// Who sent the message, and with which key.
  package struct SenderData: Sendable {
    package let leafIndex: LeafIndex
    package let generation: UInt32
    package let reuseGuard: [UInt8]
  }

  /// RFC 9420 §6.3.2.
  package func senderData(_ suite: Suite, senderDataSecret: Secret) throws(MLSError) -> SenderData {
    let key = Self.senderDataKey(suite, senderDataSecret, ciphertext: ciphertext)
    let bytes = try suite.open(
      encryptedSenderData, key: key.key, nonce: key.nonce.exposedBytes,
      authenticating: Self.senderDataAAD(groupID, epoch, contentType))
    var decoder = TLSDecoder(bytes)
    do {
      let data = SenderData(
        leafIndex: try decoder.read(), generation: try decoder.read(), reuseGuard: try decoder.read(fixed: 4))
      try decoder.finish()
      return data
    } catch {
      throw .malformed(error)
    }
  }

  /// Decrypts with a key that the caller took from the secret tree for this sender data.
  package func open(_ suite: Suite, _ senderData: SenderData, key: MessageKey) throws(MLSError) -> UnverifiedContent {
    var plaintext = try suite.open(
      ciphertext, key: key.key, nonce: Self.nonce(key, senderData.reuseGuard),
      authenticating: Self.contentAAD(groupID, epoch, contentType, authenticatedData))
    defer { wipe(&plaintext) }
    let (body, auth) = try decodeContent(plaintext)
    let content = FramedContent(
      groupID: groupID, epoch: epoch, sender: .member(senderData.leafIndex), authenticatedData: authenticatedData,
      body: body)
    return UnverifiedContent(
      unprotected: AuthenticatedContent(wireFormat: .privateMessage, content: content, auth: auth))
  }

  /// A `PrivateMessageContent`.
  private func decodeContent(_ plaintext: [UInt8]) throws(MLSError) -> (FramedContent.Body, FramedContentAuthData) {
    var decoder = TLSDecoder(plaintext)
    let body: FramedContent.Body
    let auth: FramedContentAuthData
    let padding: [UInt8]
    do {
      body = try FramedContent.Body(from: &decoder, type: contentType)
      auth = try FramedContentAuthData(from: &decoder, type: contentType)
      padding = try decoder.read(fixed: decoder.remaining)
    } catch {
      throw .malformed(error)
    }
    // [val 6.3-1]
    guard padding.allSatisfy({ $0 == 0 }) else { throw .invalid(.paddingNotZero) }
    return (body, auth)
  }

  package static func senderDataKey(_ suite: Suite, _ secret: Secret, ciphertext: [UInt8]) -> MessageKey {
    let sample = Array(ciphertext.prefix(suite.hashLength))
    let expansion = Expansion(suite, of: secret)
    return MessageKey(
      key: expansion.expandWithLabel("key", context: sample, length: suite.keyLength),
      nonce: expansion.expandWithLabel("nonce", context: sample, length: suite.nonceLength))
  }

  private static func nonce(_ key: MessageKey, _ reuseGuard: [UInt8]) -> [UInt8] {
    var nonce = key.nonce.exposedBytes
    for (index, byte) in reuseGuard.enumerated() { nonce[index] ^= byte }
    return nonce
  }

  private static func contentAAD(
    _ groupID: [UInt8], _ epoch: UInt64, _ contentType: ContentType, _ authenticatedData: [UInt8]
  ) -> [UInt8] {
    var aad = TLSEncoder()
    aad.write(opaque: groupID)
    aad.write(epoch)
    aad.write(contentType)
    aad.write(opaque: authenticatedData)
    return aad.bytes
  }

  private static func senderDataAAD(_ groupID: [UInt8], _ epoch: UInt64, _ contentType: ContentType) -> [UInt8] {
    var aad = TLSEncoder()
    aad.write(opaque: groupID)
    aad.write(epoch)
    aad.write(contentType)
    return aad.bytes
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: groupID)
    encoder.write(epoch)
    encoder.write(contentType)
    encoder.write(opaque: authenticatedData)
    encoder.write(opaque: encryptedSenderData)
    encoder.write(opaque: ciphertext)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    groupID = try decoder.readOpaque()
    epoch = try decoder.read()
    contentType = try decoder.read()
    authenticatedData = try decoder.readOpaque()
    encryptedSenderData = try decoder.readOpaque()
    ciphertext = try decoder.readOpaque()
  }
}
