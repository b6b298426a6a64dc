/// What a credential is presented for.
public struct CredentialContext: Sendable, Equatable {
  public enum Event: Sendable, Equatable {
    /// A key package, before it is used to add its owner.
    case add
    /// A member of a group that this client joins.
    case joining
    /// An Update proposal of a member.
    case update
    /// The path of a member's commit.
    case commit
    /// The path of an external commit.
    case externalCommit
    /// An entry of the `external_senders` extension.
    case externalSender
  }

  public let groupID: [UInt8]
  public let event: Event
}

/// The application's part in authentication: RFC 9420 §5.3.1 and RFC 9750. The library asks it about every credential
/// that enters a group, at each of the events that §5.3.1 lists. It refuses by throwing, as a rule
/// ``MLSError/credentialRefused``.
public protocol AuthenticationService: Sendable {
  /// Whether `credential` legitimately presents identifiers that are acceptable here, with `signatureKey`.
  func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError)

  /// Whether `new` may take the place of `old` for the same member.
  func validateSuccessor(old: Credential, new: Credential) throws(MLSError)

  /// Whether two leaves' credentials are the same client's, so that both cannot be in one group. By default they never
  /// are: the library itself refuses equal signature keys.
  func representSameClient(_ a: Credential, _ b: Credential) -> Bool
}

extension AuthenticationService {
  public func representSameClient(_ a: Credential, _ b: Credential) -> Bool { false }
}
