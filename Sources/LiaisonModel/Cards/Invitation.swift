internal import Crypto
public import TLSPresentation

/// What an administrator hands to a professional to enrol one device, once: where the node is, which keys
/// it must show, and a secret that only this invitation holds. It is a secret itself until it has been used. One that a
/// member's device made for another holds that device's grant.
public struct Invitation: Sendable, TLSCodable, CustomStringConvertible {
  public var address: Address
  public var endpoints: [Endpoint]
  public var rootKey: RootKey
  public var nodeKey: NodeKey
  /// 32 random bytes; the node keeps only their hash.
  public var secret: [UInt8]
  public var expiresAt: Timestamp
  /// By the device that made it; `nil` where an administrator did.
  public var grant: Unverified<DeviceGrant>?

  public init(
    address: Address, endpoints: [Endpoint], rootKey: RootKey, nodeKey: NodeKey, secret: [UInt8], expiresAt: Timestamp,
    grant: Unverified<DeviceGrant>? = nil
  ) {
    self.address = address
    self.endpoints = endpoints
    self.rootKey = rootKey
    self.nodeKey = nodeKey
    self.secret = secret
    self.expiresAt = expiresAt
    self.grant = grant
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let version = try decoder.read(UInt8.self)
    guard 1...2 ~= version else { throw .invalid("an invitation has an unknown format") }
    address = try decoder.read()
    endpoints = try decoder.readVector(of: Endpoint.self, bound: 8 * 258)
    rootKey = try decoder.read()
    nodeKey = try decoder.read()
    secret = try decoder.read(fixed: 32)
    expiresAt = try decoder.read()
    if version == 2 { grant = try decoder.read() }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(grant == nil ? 1 : 2))
    encoder.write(address)
    encoder.write(vector: endpoints)
    encoder.write(rootKey)
    encoder.write(nodeKey)
    encoder.write(fixed: secret)
    encoder.write(expiresAt)
    if let grant { encoder.write(grant) }
  }

  public var description: String { "<redacted>" }

  /// The one line that is handed over: a prefix, then Base64url of the encoding and of a 4-byte checksum.
  public var text: String { Self.prefix + Armor.checked(tlsEncoded) }

  public init(text: String) throws(ModelError) {
    let line = text.trimmed
    guard line.hasPrefix(Self.prefix), let bytes = Armor.unchecked(line.dropFirst(Self.prefix.count)) else {
      throw .malformed("this is not a whole Liaison invitation; copy all of it, from \(Self.prefix) to the end")
    }
    do { try self.init(tlsEncoded: bytes) } catch { throw .malformed("the invitation is malformed") }
  }

  private static let prefix = "liaison-invitation:"
}

extension Invitation {
  /// What the node is shown, 32 bytes, and whose SHA-256 it keeps: the secret itself, where an administrator made the
  /// invitation; where a device did, something that the key of the grant cannot be had from.
  public var enrolmentSecret: [UInt8] {
    grant == nil ? secret : Self.derive("Liaison 1 device enrolment", from: secret)
  }

  /// The private key that a grant over this secret names.
  public static func key(of secret: [UInt8]) throws(ModelError) -> SigningKey<DeviceInvitationPurpose> {
    try SigningKey(seed: derive("Liaison 1 device invitation key", from: secret))
  }

  /// HKDF-SHA-256 without salt, 32 bytes.
  private static func derive(_ label: String, from secret: [UInt8]) -> [UInt8] {
    HKDF<SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: secret), info: Array(label.utf8), outputByteCount: 32
    ).withUnsafeBytes { Array($0) }
  }
}
