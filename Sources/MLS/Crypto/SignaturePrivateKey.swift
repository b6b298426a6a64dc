internal import Crypto

/// A private key of a suite's signature scheme.
public struct SignaturePrivateKey: Sendable {
  public let cipherSuite: CipherSuite
  public let publicKey: SignaturePublicKey
  package let suite: Suite
  private let secret: Secret

  /// From its raw bytes: 32 for Ed25519 and P-256, 48 for P-384, 66 for P-521. An ECDSA key may come without its leading
  /// zero bytes, as some implementations write it.
  public init(cipherSuite: CipherSuite, rawRepresentation: [UInt8]) throws(MLSError) {
    suite = try Suite(cipherSuite)
    self.cipherSuite = cipherSuite
    let length =
      switch suite.signature {
      case .ed25519: 0
      case .p256: 32
      case .p384: 48
      case .p521: 66
      }
    let zeros = [UInt8](repeating: 0, count: max(0, length - rawRepresentation.count))
    secret = Secret(rawRepresentation.isEmpty ? [] : zeros + rawRepresentation)
    publicKey = try suite.signaturePublicKey(of: secret)
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

  /// `SignWithLabel` (RFC 9420 §5.1.2).
  package func signWithLabel(_ label: String, _ content: [UInt8]) throws(MLSError) -> [UInt8] {
    try suite.sign(Suite.signContent(label, content), with: secret)
  }
}
