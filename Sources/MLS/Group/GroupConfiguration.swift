public import TLSPresentation

/// The choices that RFC 9420 leaves to the application, and the bounds on what a group keeps.
public struct GroupConfiguration: Sendable, Equatable {
  /// Past epochs whose application messages can still be read.
  public var pastEpochCountMax = 5
  /// How long after its end a past epoch's application messages can still be read, in seconds: a week.
  public var pastEpochSecondsMax: UInt64 = 7 * 86_400
  /// Keys kept, per sender, for messages that are overtaken by later ones.
  public var outOfOrderMax: UInt32 = 2048
  /// How many generations a sender may be ahead of what has been received.
  public var forwardDistanceMax: UInt32 = 16_384
  /// The longest lifetime of a key package that a group accepts, in seconds: 84 days and an hour.
  public var leafLifetimeMax: UInt64 = 84 * 86_400 + 3_600
  /// Past epochs whose resumption PSKs are kept.
  public var resumptionPSKCountMax = 5
  /// Whether commits and proposals are encrypted. They are not by default, so that a delivery service can follow the group.
  public var encryptsHandshake = false
  /// RFC 9420 §12.4 wants proposals committed before application data is sent, and by default nothing is sent while a commit
  /// of one's own is pending. A group whose commits may have to wait can choose that application data does not.
  public var allowsApplicationDataWhilePending = false

  public init() {}

  package var ratchetLimits: RatchetLimits {
    RatchetLimits(outOfOrderMax: outOfOrderMax, forwardDistanceMax: forwardDistanceMax)
  }
}

extension GroupConfiguration: TLSCodable {
  private func encodeFields() -> [UInt64] {
    [
      UInt64(clamping: pastEpochCountMax), pastEpochSecondsMax, UInt64(outOfOrderMax), UInt64(forwardDistanceMax),
      leafLifetimeMax,
      UInt64(clamping: resumptionPSKCountMax), encryptsHandshake ? 1 : 0,
      allowsApplicationDataWhilePending ? 1 : 0,
    ]
  }

  public func encode(to encoder: inout TLSEncoder) {
    for field in encodeFields() { encoder.write(field) }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    self.init()
    pastEpochCountMax = Int(clamping: try decoder.read(UInt64.self))
    pastEpochSecondsMax = try decoder.read()
    outOfOrderMax = UInt32(clamping: try decoder.read(UInt64.self))
    forwardDistanceMax = UInt32(clamping: try decoder.read(UInt64.self))
    leafLifetimeMax = try decoder.read()
    resumptionPSKCountMax = Int(clamping: try decoder.read(UInt64.self))
    encryptsHandshake = try decoder.read(UInt64.self) != 0
    allowsApplicationDataWhilePending = try decoder.read(UInt64.self) != 0
  }
}
