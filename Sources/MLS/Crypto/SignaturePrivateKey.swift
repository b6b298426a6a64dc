internal import Crypto

/// A private key of a suite's signature scheme.
public struct SignaturePrivateKey: Sendable {
  public let cipherSuite: CipherSuite
  public let publicKey: SignaturePublicKey
  package let suite: Suite
  private let secret: Secret
  /// Made once, because making an Ed25519 key of its seed costs as much as signing.
  private let key: Key

  private enum Key: Sendable {
    case ed25519(Curve25519.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
  }

  /// From its raw bytes: 32 for Ed25519 and P-256, 48 for P-384, 66 for P-521. An ECDSA key may come without its leading
  /// zero bytes, as some implementations write it.
  public init(cipherSuite: CipherSuite, rawRepresentation: [UInt8]) throws(MLSError) {
    let suite = try Suite(cipherSuite)
    self.suite = suite
    self.cipherSuite = cipherSuite
    let length =
      switch suite.signature {
      case .ed25519: 0
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    let zeros = [UInt8](repeating: 0, count: max(0, length - rawRepresentation.count))
    let secret = Secret(wiping: rawRepresentation.isEmpty ? [] : zeros + rawRepresentation)
    self.secret = secret
    do {
      (key, publicKey) = try secret.withUnsafeBytes { raw -> (Key, SignaturePublicKey) in
        switch suite.signature {
        case .ed25519:
          let key = try Curve25519.Signing.PrivateKey(rawRepresentation: raw)
          return (.ed25519(key), SignaturePublicKey(bytes: Array(key.publicKey.rawRepresentation)))
        case .p256:
          let key = try P256.Signing.PrivateKey(rawRepresentation: raw)
          return (.p256(key), SignaturePublicKey(bytes: Array(key.publicKey.x963Representation)))
        case .p384:
          let key = try P384.Signing.PrivateKey(rawRepresentation: raw)
          return (.p384(key), SignaturePublicKey(bytes: Array(key.publicKey.x963Representation)))
        case .p521:
          let key = try P521.Signing.PrivateKey(rawRepresentation: raw)
          return (.p521(key), SignaturePublicKey(bytes: Array(key.publicKey.x963Representation)))
        }
      }
    } catch {
      throw .invalidKey
    }
  }

  public static func generate(
    _ cipherSuite: CipherSuite, random: RandomSource = .system
  ) throws(MLSError) -> SignaturePrivateKey {
    let suite = try Suite(cipherSuite)
    switch suite.signature {
    case .ed25519:
      return try SignaturePrivateKey(cipherSuite: cipherSuite, rawRepresentation: random.bytes(32))
    case .p256:
      return try SignaturePrivateKey(
        cipherSuite: cipherSuite, rawRepresentation: Array(P256.Signing.PrivateKey().rawRepresentation))
    case .p384:
      return try SignaturePrivateKey(
        cipherSuite: cipherSuite, rawRepresentation: Array(P384.Signing.PrivateKey().rawRepresentation))
    case .p521:
      return try SignaturePrivateKey(
        cipherSuite: cipherSuite, rawRepresentation: Array(P521.Signing.PrivateKey().rawRepresentation))
    }
  }

  /// The raw bytes, which the caller must guard.
  public var rawRepresentation: [UInt8] { secret.exposedBytes }

  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try secret.withUnsafeBytes(body)
  }

  /// `SignWithLabel` (RFC 9420 §5.1.2).
  package func signWithLabel(_ label: String, _ content: [UInt8]) throws(MLSError) -> [UInt8] {
    var content = Suite.signContent(label, content)
    defer { wipe(&content) }
    do {
      return switch key {
      case .ed25519(let key): try Array(key.signature(for: content))
      case .p256(let key): try Array(key.signature(for: SHA256.hash(data: content)).derRepresentation)
      case .p384(let key): try Array(key.signature(for: SHA384.hash(data: content)).derRepresentation)
      case .p521(let key): try Array(key.signature(for: SHA512.hash(data: content)).derRepresentation)
      }
    } catch {
      throw .cryptographicFailure
    }
  }
}
