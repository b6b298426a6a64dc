public import TLSPresentation

/// What a client publishes so that others can add it to groups (RFC 9420 §10).
public struct KeyPackage: Hashable, Sendable, TLSCodable {
  public let version: ProtocolVersion
  public let cipherSuite: CipherSuite
  public let initKey: HPKEPublicKey
  public let leafNode: LeafNode
  public let extensions: [Extension]
  public let signature: [UInt8]

  /// Makes and signs a key package.
  package init(
    cipherSuite: CipherSuite, initKey: HPKEPublicKey, leafNode: LeafNode, extensions: [Extension],
    signatureKey: SignaturePrivateKey
  ) throws(MLSError) {
    version = .mls10
    self.cipherSuite = cipherSuite
    self.initKey = initKey
    self.leafNode = leafNode
    self.extensions = extensions
    var toBeSigned = TLSEncoder(reservingCapacity: 512)
    Self.encode(.mls10, cipherSuite, initKey, leafNode, extensions, to: &toBeSigned)
    signature = try signatureKey.signWithLabel("KeyPackageTBS", toBeSigned.bytes)
  }

  /// `MakeKeyPackageRef` (RFC 9420 §5.2).
  public func reference() throws(MLSError) -> KeyPackageRef {
    try Suite(cipherSuite).refHash(label: "MLS 1.0 KeyPackage Reference", tlsEncoded)
  }

  /// Whether it may be used more than once (draft-ietf-mls-extensions).
  public var isLastResort: Bool { extensions.contains { $0.type == .lastResort } }

  /// When it is valid; nil where its leaf is not a key package's.
  public var lifetime: Lifetime? {
    if case .keyPackage(let lifetime) = leafNode.source { lifetime } else { nil }
  }

  /// Checks everything that can be checked of a key package by itself (RFC 9420 §10.1), with the lifetime at `now`. A node
  /// calls this before it stores one. The credential is not among it.
  public func validate(now: UInt64, maximumLifetime: UInt64) throws(MLSError) {
    try validate(Suite(cipherSuite), now: now, maximumLifetime: maximumLifetime)
  }

  /// RFC 9420 §10.1. `now` is nil where an expired lifetime is accepted.
  package func validate(_ suite: Suite, now: UInt64?, maximumLifetime: UInt64) throws(MLSError) {
    // [val 10.1-1]
    guard version == .mls10, cipherSuite == suite.cipherSuite else { throw .invalid(.keyPackageVersionOrCipherSuite) }
    try leafNode.validate(suite, .keyPackage, now: now, maximumLifetime: maximumLifetime)
    // [val 10.1-2]
    var toBeSigned = TLSEncoder(reservingCapacity: 512)
    Self.encode(version, cipherSuite, initKey, leafNode, extensions, to: &toBeSigned)
    guard suite.verifyWithLabel(leafNode.signatureKey, "KeyPackageTBS", toBeSigned.bytes, signature) else {
      throw .invalid(.keyPackageSignature)
    }
    // [val 10.1-3]
    guard initKey != leafNode.encryptionKey else { throw .invalid(.keyPackageInitKey) }
    try suite.validate(initKey)
    try extensions.validateUnique()
    // [val 10.1-4]
    guard extensions.allSatisfy({ leafNode.capabilities.supports($0.type) }) else {
      throw .invalid(.keyPackageExtensionNotInCapabilities)
    }
  }

  private static func encode(
    _ version: ProtocolVersion, _ cipherSuite: CipherSuite, _ initKey: HPKEPublicKey, _ leafNode: LeafNode,
    _ extensions: [Extension], to encoder: inout TLSEncoder
  ) {
    encoder.write(version)
    encoder.write(cipherSuite)
    encoder.write(initKey)
    encoder.write(leafNode)
    encoder.write(vector: extensions)
  }

  public func encode(to encoder: inout TLSEncoder) {
    Self.encode(version, cipherSuite, initKey, leafNode, extensions, to: &encoder)
    encoder.write(opaque: signature)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    version = try decoder.read()
    cipherSuite = try decoder.read()
    initKey = try decoder.read()
    leafNode = try decoder.read()
    extensions = try decoder.readVector()
    signature = try decoder.readOpaque()
  }
}
