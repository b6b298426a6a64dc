/// What a member says, by a device of theirs that it names.
public protocol MemberStatement: Statement where Signer == DeviceSignaturePurpose {
  /// Who says it.
  var member: Address { get }
  /// The device whose signature key signed it.
  var device: DeviceIdentifier { get }
}

extension Unverified where Content: MemberStatement {
  /// The statement, where the device that it names is on the card of its member and signed it. Whether the card is valid
  /// and in force is the caller's to know.
  public func verified(by card: MemberCard) throws(ModelError) -> Signed<Content> {
    let claim = try claim()
    guard claim.member == card.address else { throw .mismatch("the \(Content.label) is of another member") }
    guard let device = card.devices.first(where: { $0.identifier == claim.device }) else {
      throw .mismatch("the \(Content.label) is signed by no device on the member's card")
    }
    return try verified(by: device.signatureKey)
  }
}
