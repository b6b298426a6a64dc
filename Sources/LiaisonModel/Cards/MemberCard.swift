public import TLSPresentation

/// A node's statement of who a member is and which devices speak for them.
public struct MemberCard: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "member card"

  /// One of a member's machines.
  public struct Device: Hashable, Sendable, TLSCodable {
    public var identifier: DeviceIdentifier
    public var signatureKey: DeviceSignatureKey

    public init(identifier: DeviceIdentifier, signatureKey: DeviceSignatureKey) {
      self.identifier = identifier
      self.signatureKey = signatureKey
    }

    public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      identifier = try decoder.read()
      signatureKey = try decoder.read()
    }

    public func encode(to encoder: inout TLSEncoder) {
      encoder.write(identifier)
      encoder.write(signatureKey)
    }
  }

  public var address: Address
  /// The person's name, at most 128 bytes.
  public var name: String
  public var discipline: Discipline
  /// What the person does, in their own words, at most 128 bytes; may be empty.
  public var role: String
  /// At most 8.
  public var devices: [Device]
  /// Grows with each card of the member.
  public var serial: UInt64
  public var issuedAt: Timestamp
  public var expiresAt: Timestamp

  public var handle: Handle { address.handle }

  public init(
    address: Address, name: String, discipline: Discipline, role: String, devices: [Device], serial: UInt64,
    issuedAt: Timestamp, expiresAt: Timestamp
  ) throws(ModelError) {
    guard 1...128 ~= name.utf8.count else { throw .malformed("a member's name is 1 to 128 bytes long") }
    guard role.utf8.count <= 128 else { throw .malformed("a role is at most 128 bytes long") }
    guard devices.count <= 8 else { throw .malformed("a member has at most 8 devices") }
    guard issuedAt < expiresAt else { throw .malformed("a member card expires after it was issued") }
    self.address = address
    self.name = name
    self.discipline = discipline
    self.role = role
    self.devices = devices
    self.serial = serial
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a member card has an unknown format") }
    let address = try decoder.read(Address.self)
    let name = try decoder.readString(bound: 128)
    guard let discipline = Discipline(rawValue: try decoder.read(UInt8.self)) else {
      throw .invalid("a member card names an unknown discipline")
    }
    let role = try decoder.readString(bound: 128)
    let devices = try decoder.readVector(of: Device.self, bound: 8 * 48)
    let serial = try decoder.read(UInt64.self)
    let issuedAt = try decoder.read(Timestamp.self)
    let expiresAt = try decoder.read(Timestamp.self)
    do {
      try self.init(
        address: address, name: name, discipline: discipline, role: role, devices: devices, serial: serial,
        issuedAt: issuedAt, expiresAt: expiresAt)
    } catch { throw .invalid("a member card breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(string: name)
    encoder.write(discipline.rawValue)
    encoder.write(string: role)
    encoder.write(vector: devices)
    encoder.write(serial)
    encoder.write(issuedAt)
    encoder.write(expiresAt)
  }
}

extension MemberCard {
  /// Whether it is in force at `now`, one hour of clock error allowed.
  public func isInForce(at now: Timestamp) -> Bool {
    now < expiresAt && issuedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax)
  }
}

extension Signed<MemberCard> {
  /// Throws ``ModelError/notInForce(_:)`` where the card is not in force at `now`, one hour of clock error allowed.
  public func checkInForce(at now: Timestamp) throws(ModelError) {
    guard now < content.expiresAt else { throw .notInForce("the member card of \(content.address) has expired") }
    guard content.issuedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw .notInForce("the member card of \(content.address) is dated in the future")
    }
  }
}
