public import TLSPresentation

/// A node's statement of who holds a duty role now (duty.md).
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque address<V>;          // the role's: it looks like a member's, and is nobody's
///   opaque title<V>;            // 1 to 128 bytes
///   Address holders<V>;         // at most 8, each once, of the role's node
///   optional<Address> alternate;
///   optional<Address> contact_point;
///   uint64 serial;
///   uint64 issued_at;
///   uint64 expires_at;
///   optional<HandOver> hand_over;   // what led to the present holders, where one holder handed over to another
/// } RoleCard;
/// ```
public struct RoleCard: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "role card"

  /// What people who hold a role in turn are called together.
  public struct Duty: Hashable, Sendable {
    /// What the role is, at most 128 bytes.
    public var title: String
    /// At most 8, each once.
    public var holders: [Address]
    /// Who stands in where nobody holds the role.
    public var alternate: Address?
    /// Who stands in where there is no alternate either.
    public var contactPoint: Address?

    public init(title: String, holders: [Address], alternate: Address? = nil, contactPoint: Address? = nil) {
      self.title = title
      self.holders = holders
      self.alternate = alternate
      self.contactPoint = contactPoint
    }

    /// Everybody whom it names.
    public var people: Set<Address> { Set(holders + [alternate, contactPoint].compactMap(\.self)) }

    /// Whom what is sent to the role goes to now, and as what: the holders, or where there are none the alternate, or
    /// where there is none the contact point.
    public var acting: (standing: Standing, people: [Address]) {
      if !holders.isEmpty { return (.holders, holders) }
      if let alternate { return (.alternate, [alternate]) }
      if let contactPoint { return (.contactPoint, [contactPoint]) }
      return (.vacant, [])
    }
  }

  /// As what those act who act for a role.
  public enum Standing: UInt8, Sendable {
    case holders = 1
    case alternate = 2
    case contactPoint = 3
    /// Nobody is left who could.
    case vacant = 4

    /// The name in what programs read: `holders`, `alternate`, `contactPoint` or `vacant`.
    public var name: String {
      switch self {
      case .holders: "holders"
      case .alternate: "alternate"
      case .contactPoint: "contactPoint"
      case .vacant: "vacant"
      }
    }
  }

  public var address: Address
  public var duty: Duty
  /// Grows with each card of the role.
  public var serial: UInt64
  public var issuedAt: Timestamp
  public var expiresAt: Timestamp
  /// Of this role, by an earlier card and to one of the holders; whether both signed it is to be verified.
  public var handOver: HandOver?

  public var handle: Handle { address.handle }

  public init(
    address: Address, duty: Duty, serial: UInt64, issuedAt: Timestamp, expiresAt: Timestamp, handOver: HandOver? = nil
  ) throws(ModelError) {
    guard 1...128 ~= duty.title.utf8.count else { throw .malformed("a role's title is 1 to 128 bytes long") }
    guard duty.holders.count <= Limits.roleHoldersMax else { throw .malformed("a role has at most 8 holders") }
    guard Set(duty.holders).count == duty.holders.count else { throw .malformed("a role names each holder once") }
    guard duty.people.allSatisfy({ $0.handle == address.handle }), !duty.people.contains(address) else {
      throw .malformed("a role is held by members of its own node")
    }
    guard issuedAt < expiresAt else { throw .malformed("a role card expires after it was issued") }
    if let offer = try handOver?.offer.claim() {
      // What was signed for another role, by an earlier holder or to somebody else shows nothing of these holders.
      guard offer.role == address, offer.serial < serial, duty.holders.contains(offer.to), offer.from != offer.to,
        offer.from != address, offer.from.handle == address.handle
      else { throw .malformed("a role card's hand-over is not one to a holder that it names") }
    }
    self.address = address
    self.duty = duty
    self.serial = serial
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
    self.handOver = handOver
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a role card has an unknown format") }
    let address = try decoder.read(Address.self)
    let title = try decoder.readString(bound: 128)
    let holders = try decoder.readVector(of: Address.self, bound: Limits.roleHoldersMax * 98)
    let alternate = try decoder.readOptional(Address.self)
    let contactPoint = try decoder.readOptional(Address.self)
    let serial = try decoder.read(UInt64.self)
    let issuedAt = try decoder.read(Timestamp.self)
    let expiresAt = try decoder.read(Timestamp.self)
    let handOver = try decoder.readOptional(HandOver.self)
    do {
      try self.init(
        address: address,
        duty: Duty(title: title, holders: holders, alternate: alternate, contactPoint: contactPoint), serial: serial,
        issuedAt: issuedAt, expiresAt: expiresAt, handOver: handOver)
    } catch { throw .invalid("a role card breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(string: duty.title)
    encoder.write(vector: duty.holders)
    encoder.write(optional: duty.alternate)
    encoder.write(optional: duty.contactPoint)
    encoder.write(serial)
    encoder.write(issuedAt)
    encoder.write(expiresAt)
    encoder.write(optional: handOver)
  }
}

extension RoleCard {
  /// Whether the card is in force at `now`, one hour of clock error allowed.
  public func isInForce(at now: Timestamp) -> Bool {
    now < expiresAt && issuedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax)
  }
}
