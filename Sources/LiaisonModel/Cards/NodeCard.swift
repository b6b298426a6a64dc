public import TLSPresentation

/// A country's statement of which node speaks for it: signed by the root key it names, replaced by the next serial.
public struct NodeCard: Statement, Equatable {
  public typealias Signer = RootPurpose
  public static let label = "node card"

  public var handle: Handle
  /// ISO 3166 alpha-2, or a user-assigned code: two capital letters.
  public var country: String
  /// The country's or the node's name for people, at most 128 bytes.
  public var name: String
  public var rootKey: RootKey
  /// The keys the node may use, the one in use first; 1 to 4, so that a rotation can overlap.
  public var nodeKeys: [NodeKey]
  /// Where the node listens, at most 8.
  public var endpoints: [Endpoint]
  /// Grows with each card of the country; a lower one is never taken after a higher one.
  public var serial: UInt64
  public var issuedAt: Timestamp
  public var expiresAt: Timestamp

  public init(
    handle: Handle, country: String, name: String, rootKey: RootKey, nodeKeys: [NodeKey], endpoints: [Endpoint],
    serial: UInt64, issuedAt: Timestamp, expiresAt: Timestamp
  ) throws(ModelError) {
    guard country.utf8.count == 2, country.utf8.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }) else {
      throw .malformed("a country is two capital letters, such as XA")
    }
    guard 1...128 ~= name.utf8.count else { throw .malformed("a node's name is 1 to 128 bytes long") }
    guard 1...4 ~= nodeKeys.count else { throw .malformed("a node card names 1 to 4 node keys") }
    guard endpoints.count <= 8 else { throw .malformed("a node card names at most 8 endpoints") }
    guard issuedAt < expiresAt else { throw .malformed("a node card expires after it was issued") }
    self.handle = handle
    self.country = country
    self.name = name
    self.rootKey = rootKey
    self.nodeKeys = nodeKeys
    self.endpoints = endpoints
    self.serial = serial
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }

  public var fingerprint: Fingerprint { Fingerprint(of: rootKey) }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a node card has an unknown format") }
    let handle = try decoder.read(Handle.self)
    let country = try decoder.readString(bound: 2)
    let name = try decoder.readString(bound: 128)
    let rootKey = try decoder.read(RootKey.self)
    let nodeKeys = try decoder.readVector(of: NodeKey.self, bound: 4 * 32)
    let endpoints = try decoder.readVector(of: Endpoint.self, bound: 8 * 258)
    let serial = try decoder.read(UInt64.self)
    let issuedAt = try decoder.read(Timestamp.self)
    let expiresAt = try decoder.read(Timestamp.self)
    do {
      try self.init(
        handle: handle, country: country, name: name, rootKey: rootKey, nodeKeys: nodeKeys, endpoints: endpoints,
        serial: serial, issuedAt: issuedAt, expiresAt: expiresAt)
    } catch { throw .invalid("a node card breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(handle)
    encoder.write(string: country)
    encoder.write(string: name)
    encoder.write(rootKey)
    encoder.write(vector: nodeKeys)
    encoder.write(vector: endpoints)
    encoder.write(serial)
    encoder.write(issuedAt)
    encoder.write(expiresAt)
  }
}

extension Unverified<NodeCard> {
  /// The card, where the root key that it names signed it. Whether that root is the right one, people compare.
  public func verifiedBySelf() throws(ModelError) -> Signed<NodeCard> {
    try verified(by: claim().rootKey)
  }
}

extension Signed<NodeCard> {
  /// Throws ``ModelError/notInForce(_:)`` where the card is not in force at `now`, one hour of clock error allowed.
  public func checkInForce(at now: Timestamp) throws(ModelError) {
    guard now < content.expiresAt else { throw .notInForce("the node card of \(content.handle) has expired") }
    guard content.issuedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw .notInForce("the node card of \(content.handle) is dated in the future")
    }
  }
}
