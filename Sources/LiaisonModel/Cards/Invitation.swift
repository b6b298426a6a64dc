public import TLSPresentation

/// What an administrator hands to a professional to enrol one device, once: where the node is, which keys
/// it must show, and a secret that only this invitation holds. It is a secret itself until it has been used.
public struct Invitation: Sendable, TLSCodable, CustomStringConvertible {
  public var address: Address
  public var endpoints: [Endpoint]
  public var rootKey: RootKey
  public var nodeKey: NodeKey
  /// 32 random bytes; the node keeps only their hash.
  public var secret: [UInt8]
  public var expiresAt: Timestamp

  public init(
    address: Address, endpoints: [Endpoint], rootKey: RootKey, nodeKey: NodeKey, secret: [UInt8], expiresAt: Timestamp
  ) {
    self.address = address
    self.endpoints = endpoints
    self.rootKey = rootKey
    self.nodeKey = nodeKey
    self.secret = secret
    self.expiresAt = expiresAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("an invitation has an unknown format") }
    address = try decoder.read()
    endpoints = try decoder.readVector(of: Endpoint.self, bound: 8 * 258)
    rootKey = try decoder.read()
    nodeKey = try decoder.read()
    secret = try decoder.read(fixed: 32)
    expiresAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(vector: endpoints)
    encoder.write(rootKey)
    encoder.write(nodeKey)
    encoder.write(fixed: secret)
    encoder.write(expiresAt)
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
