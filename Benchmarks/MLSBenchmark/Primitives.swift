internal import Crypto
internal import Foundation
internal import MLS

/// What the cryptographic library takes for one operation of each kind, in seconds of processor time, measured in the
/// process and at the time of what it is compared with. The key objects are made beforehand.
struct Primitives {
  let sign: Double
  let verify: Double
  let hpkeSeal: Double
  let hpkeOpen: Double
  let deriveKeyPair: Double
  private let suite: Suite

  init(_ suite: Suite) throws {
    self.suite = suite
    precondition(suite.signature == .ed25519 && suite.cipherSuite != .x25519ChaCha20Poly1305SHA256Ed25519)
    let key = Curve25519.Signing.PrivateKey()
    let publicKey = key.publicKey
    let content = [UInt8](repeating: 7, count: 420)
    let signature = try key.signature(for: content)
    sign = try measure(batch: 100) { _ = try key.signature(for: content) }
    verify = measure(batch: 100) { precondition(publicKey.isValidSignature(signature, for: content)) }
    let keyPair = try suite.generateKeyPair(.system)
    let plaintext = [UInt8](repeating: 7, count: suite.hashLength)
    let info = [UInt8](repeating: 7, count: 160)
    let ciphertext = try suite.seal(to: keyPair.publicKey, info: info, plaintext)
    hpkeSeal = try measure(batch: 20) { _ = try suite.seal(to: keyPair.publicKey, info: info, plaintext) }
    hpkeOpen = try measure(batch: 20) { _ = try suite.open(ciphertext, keyPair.privateKey, info: info) }
    let secret = RandomSource.system.secret(suite.hashLength)
    deriveKeyPair = try measure(batch: 20) { _ = try suite.deriveKeyPair(secret) }
  }

  /// The AEAD alone on so many bytes: sealing and opening.
  func aead(_ count: Int) throws -> (seal: Double, open: Double) {
    let key = SymmetricKey(size: SymmetricKeySize(bitCount: 8 * suite.keyLength))
    let nonce = AES.GCM.Nonce()
    let data = [UInt8](repeating: 7, count: 40)
    let plaintext = [UInt8](repeating: 7, count: count)
    let box = try AES.GCM.seal(plaintext, using: key, nonce: nonce, authenticating: data)
    return (
      try measure(batch: 100) { _ = try AES.GCM.seal(plaintext, using: key, nonce: nonce, authenticating: data) },
      try measure(batch: 100) { _ = try AES.GCM.open(box, using: key, authenticating: data) }
    )
  }

  /// Hashing so many inputs of so many bytes each.
  func hash(_ inputs: Int, of count: Int) -> Double {
    guard inputs > 0 else { return 0 }
    let input = [UInt8](repeating: 7, count: count)
    return Double(inputs) * measure(batch: 100) { _ = suite.hash(input) }
  }

  /// Signing or verifying so many bytes: Ed25519 hashes them twice to sign, once to verify.
  func signing(_ count: Int) throws -> (sign: Double, verify: Double) {
    let key = Curve25519.Signing.PrivateKey()
    let publicKey = key.publicKey
    let content = [UInt8](repeating: 7, count: count)
    let signature = try key.signature(for: content)
    return (
      try measure(batch: 20) { _ = try key.signature(for: content) },
      measure(batch: 20) { precondition(publicKey.isValidSignature(signature, for: content)) }
    )
  }
}
