public import TLSPresentation

/// A member takes back a vouch of theirs. Who has seen it never takes that vouch again.
public struct VouchRevocation: MemberStatement, Equatable {
  public static let label = "vouch revocation"

  /// The vouch's.
  public var identifier: VouchIdentifier
  public var voucher: Address
  public var device: DeviceIdentifier
  /// When the vouch would have ended: until then this is kept.
  public var expiresAt: Timestamp
  public var revokedAt: Timestamp

  public var member: Address { voucher }

  /// Fails where it takes back what could not have been made.
  public init(
    identifier: VouchIdentifier, voucher: Address, device: DeviceIdentifier, expiresAt: Timestamp, revokedAt: Timestamp
  ) throws(ModelError) {
    guard expiresAt <= revokedAt.adding(milliseconds: Limits.vouchMillisecondsMax + Limits.clockErrorMillisecondsMax)
    else { throw .malformed("no vouch lasts that long") }
    self.identifier = identifier
    self.voucher = voucher
    self.device = device
    self.expiresAt = expiresAt
    self.revokedAt = revokedAt
  }

  /// Throws where it is dated in the future, one hour of clock error allowed: else its end would be bounded by nothing.
  public func checkDate(at now: Timestamp) throws(ModelError) {
    guard revokedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw .notInForce("the revocation of a vouch of \(voucher) is dated in the future")
    }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a vouch's revocation has an unknown format") }
    let identifier = try decoder.read(VouchIdentifier.self)
    let voucher = try decoder.read(Address.self)
    let device = try decoder.read(DeviceIdentifier.self)
    let expiresAt = try decoder.read(Timestamp.self)
    let revokedAt = try decoder.read(Timestamp.self)
    do {
      try self.init(
        identifier: identifier, voucher: voucher, device: device, expiresAt: expiresAt, revokedAt: revokedAt)
    } catch { throw .invalid("a vouch's revocation breaks one of its rules") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(identifier)
    encoder.write(voucher)
    encoder.write(device)
    encoder.write(expiresAt)
    encoder.write(revokedAt)
  }
}
