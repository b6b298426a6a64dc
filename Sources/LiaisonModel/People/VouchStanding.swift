/// Whether a vouch counts now, and why not where it does not.
public enum VouchStanding: Hashable, Sendable {
  case counts
  case expired
  case revoked
  /// It is dated in the future.
  case early
  /// The subject has keys for which it does not speak.
  case otherKeys
  /// The device that signed it is not on the voucher's card, or there is no card of theirs.
  case notSigned
  /// There is no card of the subject.
  case subjectUnknown

  /// A stable name, for programs.
  public var code: String {
    switch self {
    case .counts: "counts"
    case .expired: "expired"
    case .revoked: "revoked"
    case .early: "early"
    case .otherKeys: "other-keys"
    case .notSigned: "not-signed"
    case .subjectUnknown: "subject-unknown"
    }
  }

  /// In words for people.
  public var text: String {
    switch self {
    case .counts: "counts"
    case .expired: "has ended"
    case .revoked: "was taken back"
    case .early: "is dated in the future"
    case .otherKeys: "is for other keys than those of now"
    case .notSigned: "is signed by no device of its voucher"
    case .subjectUnknown: "is for somebody whom no country vouches for"
    }
  }
}

extension Unverified<Vouch> {
  /// How it stands by cards that are valid: the voucher's, the subject's, and the root key of the subject's country.
  /// It is for the keys that it names, so that a subject who has another one beside them is not vouched for; one who has
  /// fewer is.
  public func standing(
    voucher: MemberCard?, subject: MemberCard?, rootKey: RootKey?, isRevoked: Bool, at now: Timestamp
  ) -> VouchStanding {
    if isRevoked { return .revoked }
    guard let voucher, let vouch = try? verified(by: voucher).content else { return .notSigned }
    guard now < vouch.expiresAt else { return .expired }
    guard vouch.madeAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else { return .early }
    guard let subject, subject.address == vouch.subject else { return .subjectUnknown }
    guard rootKey == vouch.rootKey, !subject.devices.isEmpty,
      subject.devices.allSatisfy({ vouch.signatureKeys.contains($0.signatureKey) })
    else { return .otherKeys }
    return .counts
  }
}
