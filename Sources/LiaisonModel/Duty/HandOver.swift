internal import Crypto
public import TLSPresentation

/// A holder's statement that they hand their role over to another member.
public struct DutyOffer: MemberStatement, Equatable {
  public typealias Signer = DeviceSignaturePurpose
  public static let label = "duty offer"

  public var role: Address
  public var from: Address
  /// The device of `from` that signs.
  public var device: DeviceIdentifier
  public var to: Address
  /// Of the role card that `from` holds the role by: an offer of another time is worth nothing.
  public var serial: UInt64
  public var offeredAt: Timestamp
  /// At most 7 days later.
  public var expiresAt: Timestamp

  public var member: Address { from }

  public init(
    role: Address, from: Address, device: DeviceIdentifier, to: Address, serial: UInt64, offeredAt: Timestamp,
    expiresAt: Timestamp
  ) {
    self.role = role
    self.from = from
    self.device = device
    self.to = to
    self.serial = serial
    self.offeredAt = offeredAt
    self.expiresAt = expiresAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a duty offer has an unknown format") }
    role = try decoder.read()
    from = try decoder.read()
    device = try decoder.read()
    to = try decoder.read()
    serial = try decoder.read()
    offeredAt = try decoder.read()
    expiresAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(role)
    encoder.write(from)
    encoder.write(device)
    encoder.write(to)
    encoder.write(serial)
    encoder.write(offeredAt)
    encoder.write(expiresAt)
  }
}

/// The other member's statement that they take a role over: it names exactly one offer.
public struct DutyAcceptance: DeviceStatement, Equatable {
  public typealias Signer = DeviceSignaturePurpose
  public static let label = "duty acceptance"

  /// SHA-256 of the Signed offer, 32 bytes.
  public var offer: [UInt8]
  /// The device that signs, of the member whom the offer is to.
  public var device: DeviceIdentifier
  public var acceptedAt: Timestamp

  public init(of offer: Unverified<DutyOffer>, device: DeviceIdentifier, acceptedAt: Timestamp) {
    self.offer = Self.digest(of: offer)
    self.device = device
    self.acceptedAt = acceptedAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a duty acceptance has an unknown format") }
    offer = try decoder.read(fixed: 32)
    device = try decoder.read()
    acceptedAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(fixed: offer)
    encoder.write(device)
    encoder.write(acceptedAt)
  }

  fileprivate static func digest(of offer: Unverified<DutyOffer>) -> [UInt8] {
    Array(SHA256.hash(data: offer.tlsEncoded))
  }
}

/// What shows a role's correspondents that one holder handed it over and the other took it: both signed, not only their node.
///
/// `struct { Signed offer; Signed acceptance; } HandOver;`
public struct HandOver: Hashable, Sendable, TLSCodable {
  public var offer: Unverified<DutyOffer>
  public var acceptance: Unverified<DutyAcceptance>

  public init(offer: Unverified<DutyOffer>, acceptance: Unverified<DutyAcceptance>) {
    self.offer = offer
    self.acceptance = acceptance
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    offer = try decoder.read()
    acceptance = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(offer)
    encoder.write(acceptance)
  }

  /// What both signed, where these are the two members' devices: the offer, and when it was accepted. Throws ``ModelError``
  /// where one did not sign, or they signed different things. That it led to a card's holders, the card itself is held to.
  public func verified(
    from: [MemberCard.Device], to: [MemberCard.Device]
  ) throws(ModelError) -> (offer: DutyOffer, acceptedAt: Timestamp) {
    let offer = try offer.verified(byOneOf: from).content
    let acceptance = try acceptance.verified(byOneOf: to).content
    guard acceptance.offer == DutyAcceptance.digest(of: self.offer) else {
      throw .mismatch("the acceptance is of another offer")
    }
    guard acceptance.acceptedAt <= offer.expiresAt.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw .notInForce("the offer had expired when it was accepted")
    }
    return (offer, acceptance.acceptedAt)
  }
}
