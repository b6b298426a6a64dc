internal import Crypto
internal import Foundation
internal import MLS

/// The primitives as the cryptographic library has them, each done a number of times. Private key objects are made
/// beforehand; public keys to encrypt to come as bytes, as a tree holds them.
struct Primitives {
  private let suite: Suite
  private let signatureKey = Curve25519.Signing.PrivateKey()
  private let verificationKey: Curve25519.Signing.PublicKey
  private let content: [UInt8]
  private let signature: Data
  private let keyPair: HPKEKeyPair
  private let ciphertext: HPKECiphertext
  private let info = [UInt8](repeating: 7, count: 160)
  private let plaintext: [UInt8]
  private let secret: Secret
  private let recipient: Recipient
  private let aeadKey: SymmetricKey
  private let box: AES.GCM.SealedBox

  private enum Recipient {
    case x25519(Curve25519.KeyAgreement.PrivateKey)
    case xWing(XWingMLKEM768X25519.PrivateKey)
  }

  /// For suites of AES-GCM and Ed25519.
  /// - Parameter contentLength: of what is signed and encrypted, in bytes.
  init(_ suite: Suite, contentLength: Int = 420) throws {
    precondition(Self.covers(suite.cipherSuite), "the suite's primitives are not measured")
    self.suite = suite
    verificationKey = signatureKey.publicKey
    content = [UInt8](repeating: 7, count: contentLength)
    signature = try signatureKey.signature(for: content)
    keyPair = try suite.generateKeyPair(.system)
    plaintext = [UInt8](repeating: 7, count: suite.hashLength)
    ciphertext = try suite.seal(to: keyPair.publicKey, info: info, plaintext)
    recipient = try keyPair.privateKey.secret.withUnsafeBytes { raw in
      suite.kem == .xWing
        ? .xWing(try XWingMLKEM768X25519.PrivateKey(seedRepresentation: raw, publicKey: nil))
        : .x25519(try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: raw))
    }
    secret = RandomSource.system.secret(suite.hashLength)
    aeadKey = SymmetricKey(size: SymmetricKeySize(bitCount: 8 * suite.keyLength))
    box = try AES.GCM.seal(content, using: aeadKey, authenticating: info.prefix(40))
  }

  static func covers(_ suite: CipherSuite) -> Bool { suite == .x25519AES128GCMSHA256Ed25519 || suite == .default }

  func sign(_ count: Int = 1) throws {
    for _ in 0..<count { _ = try signatureKey.signature(for: content) }
  }

  func verify(_ count: Int = 1) {
    for _ in 0..<count { precondition(verificationKey.isValidSignature(signature, for: content)) }
  }

  func seal() throws { _ = try AES.GCM.seal(content, using: aeadKey, authenticating: info.prefix(40)) }

  func open() throws { _ = try AES.GCM.open(box, using: aeadKey, authenticating: info.prefix(40)) }

  func hpkeSeal(_ count: Int) throws {
    for _ in 0..<count { _ = try suite.seal(to: keyPair.publicKey, info: info, plaintext) }
  }

  func hpkeOpen() throws {
    let (info, kemOutput) = (Data(info), Data(ciphertext.kemOutput))
    var context =
      switch recipient {
      case .x25519(let key):
        try HPKE.Recipient(
          privateKey: key,
          ciphersuite: HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_128),
          info: info, encapsulatedKey: kemOutput)
      case .xWing(let key):
        try HPKE.Recipient(
          privateKey: key,
          ciphersuite: HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA384, aead: .AES_GCM_256),
          info: info, encapsulatedKey: kemOutput)
      }
    _ = try context.open(ciphertext.ciphertext)
  }

  func deriveKeyPair(_ count: Int) throws {
    for _ in 0..<count { _ = try suite.deriveKeyPair(secret) }
  }

  /// `HKDF-Expand` to a secret of the suite.
  func expand(_ count: Int) {
    for _ in 0..<count { _ = suite.expand(secret, info: info, length: suite.hashLength) }
  }

  /// Hashes `content` so many times.
  func hash(_ count: Int, _ content: [UInt8]) {
    for _ in 0..<count { _ = suite.hash(content) }
  }
}
