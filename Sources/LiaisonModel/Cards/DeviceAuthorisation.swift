public import TLSPresentation

/// An older device's statement that whoever holds the key of an invitation that it made may be one more device of its
/// member, until a time.
public struct DeviceGrant: MemberStatement, Equatable {
  public typealias Signer = DeviceSignaturePurpose
  public static let label = "device grant"

  public var address: Address
  /// The device that grants.
  public var device: DeviceIdentifier
  /// The key that the invitation's secret gives.
  public var invitationKey: PublicKey<DeviceInvitationPurpose>
  public var expiresAt: Timestamp

  public var member: Address { address }

  public init(
    address: Address, device: DeviceIdentifier, invitationKey: PublicKey<DeviceInvitationPurpose>, expiresAt: Timestamp
  ) {
    self.address = address
    self.device = device
    self.invitationKey = invitationKey
    self.expiresAt = expiresAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a device grant has an unknown format") }
    address = try decoder.read()
    device = try decoder.read()
    invitationKey = try decoder.read()
    expiresAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(address)
    encoder.write(device)
    encoder.write(invitationKey)
    encoder.write(expiresAt)
  }
}

/// The new device's statement, by the invitation's key, of which device it is: the invitation serves no other.
public struct DeviceAcceptance: Statement, Equatable {
  public typealias Signer = DeviceInvitationPurpose
  public static let label = "device acceptance"

  public var device: MemberCard.Device

  public init(device: MemberCard.Device) { self.device = device }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a device acceptance has an unknown format") }
    device = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(device)
  }
}

/// What shows a member's correspondents that an older device of the member, and not only their node, brought in a new one.
///
/// `struct { Signed grant; Signed acceptance; } DeviceAuthorisation;`
public struct DeviceAuthorisation: Hashable, Sendable, TLSCodable {
  public var grant: Unverified<DeviceGrant>
  public var acceptance: Unverified<DeviceAcceptance>

  public init(grant: Unverified<DeviceGrant>, acceptance: Unverified<DeviceAcceptance>) {
    self.grant = grant
    self.acceptance = acceptance
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    grant = try decoder.read()
    acceptance = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(grant)
    encoder.write(acceptance)
  }

  /// The device that authorised `device` of this member, one of those that were `known` to be the member's before;
  /// `nil` where none did.
  public func authoriser(
    of device: MemberCard.Device, _ address: Address, among known: some Sequence<MemberCard.Device>
  ) -> DeviceIdentifier? {
    guard let claim = try? grant.claim(), claim.address == address, claim.device != device.identifier,
      let grant = try? grant.verified(byOneOf: Array(known)).content,
      let acceptance = try? acceptance.verified(by: grant.invitationKey).content, acceptance.device == device
    else { return nil }
    return grant.device
  }
}
