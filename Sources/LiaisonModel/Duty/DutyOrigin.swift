/// How a role came to its present holders, as far as whoever asks can tell.
public enum DutyOrigin: Equatable, Sendable {
  /// The contact point says so.
  case assigned
  /// One holder handed it over and the other took it: both signatures verify.
  case handedOver(from: Address, to: Address, at: Timestamp)
  /// Their node says so; the keys that signed are not known, or did not sign.
  case unverified(from: Address, to: Address)
}

extension RoleCard {
  /// What the card alone says of it: assigned, or unverified.
  public var claimedOrigin: DutyOrigin {
    guard let offer = try? handOver?.offer.claim() else { return .assigned }
    return .unverified(from: offer.from, to: offer.to)
  }
}
