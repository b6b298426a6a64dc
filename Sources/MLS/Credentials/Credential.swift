public import TLSPresentation

/// RFC 9420 §17.5.
public struct CredentialType: CodePoint {
  public let rawValue: UInt16

  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  public static let basic = CredentialType(rawValue: 1)
  public static let x509 = CredentialType(rawValue: 2)
}

/// Who a member says it is (RFC 9420 §5.3). Whether that is true is for the ``AuthenticationService`` to say.
public enum Credential: Hashable, Sendable, TLSCodable {
  case basic(identity: [UInt8])
  /// A chain of DER certificates, the end entity's first.
  case x509([[UInt8]])
  /// A credential of a type that this library does not know, carried as one byte string.
  case unknown(CredentialType, [UInt8])

  public var type: CredentialType {
    switch self {
    case .basic: .basic
    case .x509: .x509
    case .unknown(let type, _): type
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(type)
    switch self {
    case .basic(let identity): encoder.write(opaque: identity)
    case .x509(let certificates):
      encoder.writeVector { encoder in
        for certificate in certificates { encoder.write(opaque: certificate) }
      }
    case .unknown(_, let bytes): encoder.write(opaque: bytes)
    }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(CredentialType.self) {
    case .basic: self = .basic(identity: try decoder.readOpaque())
    case .x509:
      var content = try decoder.readVectorContent()
      var certificates: [[UInt8]] = []
      while !content.isAtEnd { certificates.append(try content.readOpaque()) }
      self = .x509(certificates)
    case let type: self = .unknown(type, try decoder.readOpaque())
    }
  }
}
