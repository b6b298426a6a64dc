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
  /// Whether `credential` legitimately presents identifiers that are acceptable here, with `signatureKey`. Of a chain of
  /// certificates, the end entity's public key must be `signatureKey` (RFC 9420 §5.3).
  func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError)

  /// Whether `new` may take the place of `old` for the same member.
  func validateSuccessor(old: Credential, new: Credential) throws(MLSError)

  /// What names the client that a credential presents, so that two leaves of one client cannot be in one group; nil where
  /// nothing but the signature key does, which is the default: the library itself refuses equal ones.
  func client(of credential: Credential) -> [UInt8]?
}

extension AuthenticationService {
  public func client(of credential: Credential) -> [UInt8]? { nil }
}
