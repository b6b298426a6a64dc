internal import Crypto

/// The private half of what bundles for a node are sealed to: X-Wing (ML-KEM-768 and X25519), derived from the node's key,
/// so that it is kept, replaced and backed up with it. An Ed25519 seed is hashed before anything public comes of it, so
/// that also who breaks Ed25519 some day learns nothing of this key.
public struct BundleSecret: Sendable, CustomStringConvertible, CustomReflectable {
  private let key: XWingMLKEM768X25519.PrivateKey

  /// The secret of the node that has `nodeKey`.
  public init(of nodeKey: SigningKey<NodePurpose>) {
    let seed = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: nodeKey.seed), info: Array("Liaison 1 bundle key".utf8),
      outputByteCount: 32)
    let key = seed.withUnsafeBytes { try? XWingMLKEM768X25519.PrivateKey(seedRepresentation: $0, publicKey: nil) }
    guard let key else { preconditionFailure("32 bytes are not a seed of X-Wing") }
    self.key = key
  }

  /// 1,216 bytes.
  public var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

  /// What peers are told.
  public func statement(of handle: Handle, at now: Timestamp, by nodeKey: SigningKey<NodePurpose>) -> Signed<BundleKey>
  {
    Signed(BundleKey(handle: handle, publicKey: publicKey, issuedAt: now), by: nodeKey)
  }

  /// Opens what was sealed to it, as its header says. Throws ``ModelError/mismatch(_:)`` where it is sealed to another key.
  func recipient(of header: BundleHeader, _ use: SealUse) throws(ModelError) -> HPKE.Recipient {
    guard header.sealedTo == Array(SHA256.hash(data: publicKey)) else {
      throw .mismatch("it is sealed to a key that this node no longer has")
    }
    do {
      return try HPKE.Recipient(
        privateKey: key, ciphersuite: BundleSealer.suite, info: BundleSealer.info(header, use),
        encapsulatedKey: .init(header.encapsulatedKey))
    } catch { throw .malformed("the bundle's seal is malformed") }
  }

  public var description: String { "<redacted>" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
