/// What one of a member's devices says, which it names.
public protocol DeviceStatement: Statement where Signer == DeviceSignaturePurpose {
  /// The device whose signature key signed it.
  var device: DeviceIdentifier { get }
}

/// What a member says, by a device of theirs that it names.
public protocol MemberStatement: DeviceStatement {
  /// Who says it.
  var member: Address { get }
}

extension Unverified where Content: DeviceStatement {
  /// The statement, where the device that it names is one of these and signed it.
  public func verified(byOneOf devices: [MemberCard.Device]) throws(ModelError) -> Signed<Content> {
    let claim = try claim()
    guard let device = devices.first(where: { $0.identifier == claim.device }) else {
      throw .mismatch("the \(Content.label) is signed by no device of the member's")
    }
    return try verified(by: device.signatureKey)
  }
}

extension Unverified where Content: MemberStatement {
  /// The statement, where the device that it names is on the card of its member and signed it. Whether the card is valid
  /// and in force is the caller's to know.
  public func verified(by card: MemberCard) throws(ModelError) -> Signed<Content> {
    guard try claim().member == card.address else { throw .mismatch("the \(Content.label) is of another member") }
    return try verified(byOneOf: card.devices)
  }
}
