public import TLSPresentation

/// A device's statement that its link key and its signature key are held together: made once, to enrol.
public struct DeviceBinding: Statement, Equatable {
  public typealias Signer = DeviceSignaturePurpose
  public static let label = "device binding"

  public var device: DeviceIdentifier
  public var linkKey: DeviceLinkKey
  /// SHA-256 of the invitation's secret, 32 bytes: the binding serves no other enrolment.
  public var invitation: [UInt8]

  public init(device: DeviceIdentifier, linkKey: DeviceLinkKey, invitation: [UInt8]) {
    self.device = device
    self.linkKey = linkKey
    self.invitation = invitation
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a device binding has an unknown format") }
    device = try decoder.read()
    linkKey = try decoder.read()
    invitation = try decoder.read(fixed: 32)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(device)
    encoder.write(linkKey)
    encoder.write(fixed: invitation)
  }
}
