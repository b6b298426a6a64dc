internal import TLSPresentation

/// A key package with the private keys that belong to it, which its owner needs once somebody has used it.
public struct KeyPackageBundle: Sendable {
  public let keyPackage: KeyPackage
  /// The hash that a Welcome names the key package by.
  public let reference: KeyPackageRef
  package let initKey: HPKEPrivateKey
  package let encryptionKey: HPKEPrivateKey

  /// Makes a key package with fresh keys.
  /// - Parameters:
  ///   - lifetime: in seconds since 1970; ``GroupConfiguration/leafLifetimeMax`` of the groups bounds its length.
  ///   - leafExtensions: their types are added to the capabilities where they are missing.
  ///   - lastResort: marks the key package as one that may be used more than once.
  public static func generate(
    cipherSuite: CipherSuite, credential: Credential, signatureKey: SignaturePrivateKey,
    capabilities: Capabilities = Capabilities(), lifetime: Lifetime, leafExtensions: [Extension] = [],
    extensions: [Extension] = [], lastResort: Bool = false, random: RandomSource = .system
  ) throws(MLSError) -> KeyPackageBundle {
    let suite = try Suite(cipherSuite)
    guard signatureKey.cipherSuite == cipherSuite || signatureKey.suite.signature == suite.signature else {
      throw .invalidKey
    }
    guard lifetime.length != nil else { throw .invalidArgument(.lifetime) }
    var extensions = extensions
    if lastResort && !extensions.contains(where: { $0.type == .lastResort }) {
      extensions.append(Extension(type: .lastResort, data: []))
    }
    extensions = extensions.greased(random)
    let contents = LeafNode.Contents(suite, credential, capabilities, leafExtensions, alongside: extensions, random)
    let initKey = try suite.generateKeyPair(random)
    let encryptionKey = try suite.generateKeyPair(random)
    let leaf = try LeafNode(
      contents, encryptionKey: encryptionKey.publicKey, source: .keyPackage(lifetime), position: nil,
      signatureKey: signatureKey)
    let keyPackage = try KeyPackage(
      cipherSuite: cipherSuite, initKey: initKey.publicKey, leafNode: leaf, extensions: extensions,
      signatureKey: signatureKey)
    try keyPackage.validate(suite, now: nil, maximumLifetime: .max)
    return try KeyPackageBundle(
      keyPackage: keyPackage, initKey: initKey.privateKey, encryptionKey: encryptionKey.privateKey)
  }

  /// Puts together what was stored apart. Throws ``MLSError/invalidKey`` where the keys are not the key package's.
  package init(keyPackage: KeyPackage, initKey: HPKEPrivateKey, encryptionKey: HPKEPrivateKey) throws(MLSError) {
    let suite = try Suite(keyPackage.cipherSuite)
    guard try suite.publicKey(of: initKey) == keyPackage.initKey,
      try suite.publicKey(of: encryptionKey) == keyPackage.leafNode.encryptionKey
    else { throw .invalidKey }
    self.keyPackage = keyPackage
    self.initKey = initKey
    self.encryptionKey = encryptionKey
    reference = try keyPackage.reference()
  }

  /// The key package and its private keys, for the caller to seal.
  public var serialized: [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 2048)
    encoder.write(UInt16(1))
    encoder.write(keyPackage)
    encoder.write(sealing: initKey.secret)
    encoder.write(sealing: encryptionKey.secret)
    return encoder.take()
  }

  public init(serialized: [UInt8]) throws(MLSError) {
    var decoder = TLSDecoder(serialized)
    let parts: (KeyPackage, Secret, Secret)
    do {
      guard try decoder.read(UInt16.self) == 1 else { throw TLSPresentationError.invalid("version") }
      parts = (try decoder.read(), try decoder.readSecret(), try decoder.readSecret())
      try decoder.finish()
    } catch {
      throw .unreadableState
    }
    try self.init(
      keyPackage: parts.0, initKey: HPKEPrivateKey(secret: parts.1), encryptionKey: HPKEPrivateKey(secret: parts.2))
  }
}
