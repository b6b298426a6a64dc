public import TLSPresentation

/// What one of a member's devices tells the others in a room of theirs alone: whose keys the member has compared.
///
/// ```
/// struct {
///   optional<DeviceAuthorisation> authorisation;  // of the device that says it, where it has one
///   Confirmation confirmations<V>;
/// } OwnConfirmations;
/// ```
public struct OwnConfirmations: Hashable, Sendable, TLSCodable {
  /// Keys that the member compared with the person whose they are.
  ///
  /// `struct { Signed member_card; opaque root_key[32]; Device devices<V>; uint64 confirmed_at; } Confirmation;`
  public struct Confirmation: Hashable, Sendable, TLSCodable {
    /// The person's card as it was then, to be verified by whoever gets it.
    public var card: Unverified<MemberCard>
    /// Of the person's country.
    public var rootKey: RootKey
    /// The person's devices, at most 8.
    public var devices: [MemberCard.Device]
    public var confirmedAt: Timestamp

    public init(
      card: Unverified<MemberCard>, rootKey: RootKey, devices: [MemberCard.Device], confirmedAt: Timestamp
    ) {
      self.card = card
      self.rootKey = rootKey
      self.devices = devices
      self.confirmedAt = confirmedAt
    }

    public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      card = try decoder.read()
      rootKey = try decoder.read()
      devices = try decoder.readVector(bound: 8 * 48)
      confirmedAt = try decoder.read()
    }

    public func encode(to encoder: inout TLSEncoder) {
      encoder.write(card)
      encoder.write(rootKey)
      encoder.write(vector: devices)
      encoder.write(confirmedAt)
    }
  }

  public var authorisation: DeviceAuthorisation?
  public var confirmations: [Confirmation]

  public init(authorisation: DeviceAuthorisation?, confirmations: [Confirmation]) {
    self.authorisation = authorisation
    self.confirmations = confirmations
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    authorisation = try decoder.readOptional()
    confirmations = try decoder.readVector(bound: Limits.messageBytesMax)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(optional: authorisation)
    encoder.write(vector: confirmations)
  }
}
