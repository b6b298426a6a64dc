public import TLSPresentation

/// A 16-bit value of one of the registries of RFC 9420 §17. Values that this library does not know are carried as they are.
public protocol CodePoint: RawRepresentable, Hashable, Sendable, TLSCodable where RawValue == UInt16 {
  init(rawValue: UInt16)
}

extension CodePoint {
  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(rawValue)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    self.init(rawValue: try decoder.read(UInt16.self))
  }
}

/// The version of MLS (RFC 9420 §6).
public struct ProtocolVersion: CodePoint {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let mls10 = ProtocolVersion(rawValue: 1)
}

/// A cipher suite (RFC 9420 §5.1 and §17.1).
public struct CipherSuite: CodePoint, CustomStringConvertible {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let x25519AES128GCMSHA256Ed25519 = CipherSuite(rawValue: 1)
  public static let p256AES128GCMSHA256P256 = CipherSuite(rawValue: 2)
  public static let x25519ChaCha20Poly1305SHA256Ed25519 = CipherSuite(rawValue: 3)
  public static let p521AES256GCMSHA512P521 = CipherSuite(rawValue: 5)
  public static let p384AES256GCMSHA384P384 = CipherSuite(rawValue: 7)
  /// The hybrid post-quantum suite of draft-ietf-mls-pq-ciphersuites, under a private-use code point until IANA assigns
  /// one: X-Wing (ML-KEM-768 with X25519), AES-256-GCM, HKDF-SHA384, Ed25519.
  public static let xWingAES256GCMSHA384Ed25519 = CipherSuite(rawValue: 0xF04E)

  public static let `default` = xWingAES256GCMSHA384Ed25519

  /// All suites that this library implements.
  public static let supported: [CipherSuite] = [
    .xWingAES256GCMSHA384Ed25519, .x25519AES128GCMSHA256Ed25519, .x25519ChaCha20Poly1305SHA256Ed25519,
    .p256AES128GCMSHA256P256, .p384AES256GCMSHA384P384, .p521AES256GCMSHA512P521,
  ]

  public var isSupported: Bool { Self.supported.contains(self) }

  /// The registered name; also of the suites that this library knows and does not support (4 and 6).
  public var name: String {
    switch rawValue {
    case 1: "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519"
    case 2: "MLS_128_DHKEMP256_AES128GCM_SHA256_P256"
    case 3: "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519"
    case 4: "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448"
    case 5: "MLS_256_DHKEMP521_AES256GCM_SHA512_P521"
    case 6: "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448"
    case 7: "MLS_256_DHKEMP384_AES256GCM_SHA384_P384"
    case 0xF04E: "MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519"
    default: "0x" + String(rawValue, radix: 16)
    }
  }

  public var description: String { name }
}
