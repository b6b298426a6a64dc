internal import Crypto
internal import FoundationEssentials

/// What is sealed: one is never taken for the other.
public enum SealUse: String, Sendable {
  case bundle = "Liaison 1 bundle"
  case relay = "Liaison 1 relay"
}

/// Seals a bundle's segments, one after the other, to one key: HPKE (RFC 9180) in base mode with X-Wing, HKDF-SHA256 and
/// AES-256-GCM, whose sequence number makes one that is left out, repeated or moved undecryptable.
public struct BundleSealer: Sendable {
  static let suite = HPKE.Ciphersuite(kem: .XWingMLKEM768X25519, kdf: .HKDF_SHA256, aead: .AES_GCM_256)
  /// What a segment grows by.
  public static let tagBytes = 16

  private var sender: HPKE.Sender
  /// Says to whom it is sealed; still to be signed.
  public let header: BundleHeader

  /// A new seal to `key`. Throws where that is no key of X-Wing.
  public init(
    to key: BundleKey, from: Handle, bundle: BundleIdentifier, madeAt: Timestamp, for use: SealUse = .bundle
  ) throws(ModelError) {
    var header = BundleHeader(
      from: from, to: key.handle, bundle: bundle, madeAt: madeAt, sealedTo: Array(SHA256.hash(data: key.publicKey)))
    do {
      sender = try HPKE.Sender(
        recipientKey: XWingMLKEM768X25519.PublicKey(rawRepresentation: key.publicKey), ciphersuite: Self.suite,
        info: Self.info(header, use))
    } catch { throw .malformed("the bundle key of \(key.handle) is malformed") }
    header.encapsulatedKey = Array(sender.encapsulatedKey)
    self.header = header
  }

  /// Seals the next segment, which becomes ``tagBytes`` longer.
  public mutating func seal(_ segment: [UInt8]) throws(ModelError) -> [UInt8] {
    do { return Array(try sender.seal(segment)) } catch { throw .malformed("a bundle has too many segments") }
  }

  static func info(_ header: BundleHeader, _ use: SealUse) -> Data {
    Data(Array(use.rawValue.utf8) + [0] + header.binding)
  }
}

/// Opens a bundle's segments, in their order.
public struct BundleOpener: Sendable {
  private var recipient: HPKE.Recipient

  /// What opens the bundle of a header whose signature was verified. Throws where it is sealed to another key.
  public init(_ header: BundleHeader, by secret: BundleSecret, for use: SealUse = .bundle) throws(ModelError) {
    recipient = try secret.recipient(of: header, use)
  }

  /// Opens the next segment. Throws ``ModelError/badSignature`` where it is not the next one of this bundle.
  public mutating func open(_ segment: [UInt8]) throws(ModelError) -> [UInt8] {
    do { return Array(try recipient.open(segment)) } catch { throw .badSignature }
  }
}
