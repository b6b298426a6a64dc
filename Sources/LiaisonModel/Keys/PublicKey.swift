internal import Crypto
public import TLSPresentation

/// An Ed25519 public key (RFC 8032) of one purpose, 32 bytes.
public struct PublicKey<Purpose: KeyPurpose>: Hashable, Sendable, CustomStringConvertible, TLSCodable {
  /// 32 bytes.
  public let bytes: [UInt8]

  /// Fails where `bytes` are not 32.
  public init(bytes: [UInt8]) throws(ModelError) {
    guard bytes.count == 32 else { throw .malformed("a \(Purpose.name) is 32 bytes") }
    self.bytes = bytes
  }

  public var description: String { Hex.encode(bytes) }

  /// Whether `signature` (64 bytes) over `message` was made by this key. `message` carries its own domain separation.
  package func isValid(signature: [UInt8], over message: [UInt8]) -> Bool {
    guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
    return key.isValidSignature(signature, for: message)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { bytes = try decoder.read(fixed: 32) }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(fixed: bytes) }
}
