internal import Crypto

/// An Ed25519 private key (RFC 8032) of one purpose. Its bytes are wiped by the library that holds them, and never printed.
public struct SigningKey<Purpose: KeyPurpose>: Sendable, CustomStringConvertible, CustomReflectable {
  private let key: Curve25519.Signing.PrivateKey

  /// A new key from the system's random source.
  public init() { key = Curve25519.Signing.PrivateKey() }

  /// Fails where `seed` is not 32 bytes.
  public init(seed: some Collection<UInt8>) throws(ModelError) {
    do { key = try Curve25519.Signing.PrivateKey(rawRepresentation: Array(seed)) } catch {
      throw .malformed("the seed of a \(Purpose.name) is 32 bytes")
    }
  }

  public var publicKey: PublicKey<Purpose> {
    // A public key is always 32 bytes, so this cannot fail.
    guard let key = try? PublicKey<Purpose>(bytes: Array(key.publicKey.rawRepresentation)) else {
      preconditionFailure("an Ed25519 public key is not 32 bytes")
    }
    return key
  }

  /// The 32-byte seed: secret, to be sealed at once.
  public var seed: [UInt8] { Array(key.rawRepresentation) }

  /// A signature (64 bytes) over `message`, which carries its own domain separation.
  package func signature(over message: [UInt8]) -> [UInt8] {
    guard let signature = try? key.signature(for: message) else {
      preconditionFailure("signing with an Ed25519 key failed")
    }
    return Array(signature)
  }

  public var description: String { "<redacted>" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
