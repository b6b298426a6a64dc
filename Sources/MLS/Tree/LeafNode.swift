public import TLSPresentation

/// How a leaf came into the tree (RFC 9420 §7.2).
public enum LeafNodeSource: Hashable, Sendable {
  case keyPackage(Lifetime)
  case update
  case commit(parentHash: [UInt8])

  fileprivate func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .keyPackage(let lifetime):
      encoder.write(UInt8(1))
      encoder.write(lifetime)
    case .update:
      encoder.write(UInt8(2))
    case .commit(let parentHash):
      encoder.write(UInt8(3))
      encoder.write(opaque: parentHash)
    }
  }

  fileprivate init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .keyPackage(try decoder.read())
    case 2: self = .update
    case 3: self = .commit(parentHash: try decoder.readOpaque())
    case let other: throw .unknownValue(UInt64(other))
    }
  }
}

/// A member's appearance in the tree, signed by the member (RFC 9420 §7.2).
public struct LeafNode: Hashable, Sendable, TLSCodable {
  public let encryptionKey: HPKEPublicKey
  public let signatureKey: SignaturePublicKey
  public let credential: Credential
  public let capabilities: Capabilities
  public let source: LeafNodeSource
  public let extensions: [Extension]
  public let signature: [UInt8]

  /// The group and the place that the signature of an `update` or `commit` leaf covers.
  package struct Position: Sendable {
    package let groupID: [UInt8]
    package let leafIndex: LeafIndex

    package init(groupID: [UInt8], leafIndex: LeafIndex) {
      self.groupID = groupID
      self.leafIndex = leafIndex
    }
  }

  /// What a member chooses freely about its leaf.
  package struct Contents: Sendable {
    package var credential: Credential
    package var capabilities: Capabilities
    package var extensions: [Extension]

    package init(credential: Credential, capabilities: Capabilities, extensions: [Extension]) {
      self.credential = credential
      self.capabilities = capabilities
      self.extensions = extensions
    }

    /// As they are sent: with GREASE, and with capabilities that cover what is used here and `alongside`.
    package init(
      _ suite: Suite, _ credential: Credential, _ capabilities: Capabilities, _ extensions: [Extension],
      alongside: [Extension] = [], _ random: RandomSource
    ) {
      let extensions = extensions.greased(random)
      self.init(
        credential: credential,
        capabilities: capabilities.completed(for: suite, credential, extensions + alongside).greased(random),
        extensions: extensions)
    }
  }

  package var contents: Contents {
    Contents(credential: credential, capabilities: capabilities, extensions: extensions)
  }

  /// Makes and signs a leaf. `position` is nil for a key package's.
  package init(
    _ contents: Contents, encryptionKey: HPKEPublicKey, source: LeafNodeSource, position: Position?,
    signatureKey: SignaturePrivateKey
  ) throws(MLSError) {
    guard !contents.credential.type.isGrease else { throw .invalidArgument(.codePoint) }
    self.encryptionKey = encryptionKey
    self.signatureKey = signatureKey.publicKey
    credential = contents.credential
    capabilities = contents.capabilities
    self.source = source
    extensions = contents.extensions
    let toBeSigned = Self.toBeSigned(
      encryptionKey, signatureKey.publicKey, contents.credential, contents.capabilities, source, contents.extensions,
      position)
    signature = try signatureKey.signWithLabel("LeafNodeTBS", toBeSigned)
  }

  /// Whether the signature is that of ``signatureKey`` over this leaf at this place in the group.
  package func hasValidSignature(_ suite: Suite, position: Position) -> Bool {
    let toBeSigned = Self.toBeSigned(
      encryptionKey, signatureKey, credential, capabilities, source, extensions, position)
    return suite.verifyWithLabel(signatureKey, "LeafNodeTBS", toBeSigned, signature)
  }

  /// The same for a leaf that is in no group: a key package's.
  package func hasValidKeyPackageSignature(_ suite: Suite) -> Bool {
    guard case .keyPackage = source else { return false }
    return hasValidSignature(suite, position: Position(groupID: [], leafIndex: 0))
  }

  private static func toBeSigned(
    _ encryptionKey: HPKEPublicKey, _ signatureKey: SignaturePublicKey, _ credential: Credential,
    _ capabilities: Capabilities, _ source: LeafNodeSource, _ extensions: [Extension], _ position: Position?
  ) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 512)
    encode(encryptionKey, signatureKey, credential, capabilities, source, extensions, to: &encoder)
    switch source {
    case .keyPackage: break
    case .update, .commit:
      encoder.write(opaque: position?.groupID ?? [])
      encoder.write(position?.leafIndex ?? 0)
    }
    return encoder.bytes
  }

  private static func encode(
    _ encryptionKey: HPKEPublicKey, _ signatureKey: SignaturePublicKey, _ credential: Credential,
    _ capabilities: Capabilities, _ source: LeafNodeSource, _ extensions: [Extension], to encoder: inout TLSEncoder
  ) {
    encoder.write(encryptionKey)
    encoder.write(signatureKey)
    encoder.write(credential)
    encoder.write(capabilities)
    source.encode(to: &encoder)
    encoder.write(vector: extensions)
  }

  public func encode(to encoder: inout TLSEncoder) {
    Self.encode(encryptionKey, signatureKey, credential, capabilities, source, extensions, to: &encoder)
    encoder.write(opaque: signature)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    encryptionKey = try decoder.read()
    signatureKey = try decoder.read()
    credential = try decoder.read()
    capabilities = try decoder.read()
    source = try LeafNodeSource(from: &decoder)
    extensions = try decoder.readVector()
    signature = try decoder.readOpaque()
  }
}
