public import TLSPresentation

/// A value that is one byte string on the wire: `opaque T<V>`.
public protocol OpaqueValue: Hashable, Sendable, TLSCodable {
  var bytes: [UInt8] { get }
  init(bytes: [UInt8])
}

extension OpaqueValue {
  public func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: bytes)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    self.init(bytes: try decoder.readOpaque())
  }
}

/// A hash that names another object (RFC 9420 §5.2): `KDF.Nh` bytes.
public struct HashReference: OpaqueValue {
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }
}

public typealias KeyPackageRef = HashReference
public typealias ProposalRef = HashReference

/// A public key of the suite's signature scheme (RFC 9420 §5.1.1): 32 bytes for Ed25519, an uncompressed point otherwise.
public struct SignaturePublicKey: OpaqueValue {
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }
}

/// A public key of the suite's KEM (RFC 9420 §5.1.1).
public struct HPKEPublicKey: OpaqueValue {
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) {
    self.bytes = bytes
  }
}

/// The output of `EncryptWithLabel` (RFC 9420 §7.6).
public struct HPKECiphertext: Hashable, Sendable, TLSCodable {
  public let kemOutput: [UInt8]
  public let ciphertext: [UInt8]

  public init(kemOutput: [UInt8], ciphertext: [UInt8]) {
    self.kemOutput = kemOutput
    self.ciphertext = ciphertext
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: kemOutput)
    encoder.write(opaque: ciphertext)
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    kemOutput = try decoder.readOpaque()
    ciphertext = try decoder.readOpaque()
  }
}
