public import TLSPresentation

/// Why an operation of this library failed. The cases are stable; a group whose operation threw is unchanged, unless the
/// operation says otherwise.
public enum MLSError: Error, Equatable, Sendable {
  /// Bytes are not a value of the expected structure.
  case malformed(TLSPresentationError)
  /// The cipher suite is not one of ``CipherSuite/supported``.
  case unsupportedCipherSuite(CipherSuite)
  /// The protocol version is not ``ProtocolVersion/mls10``.
  case unsupportedVersion(ProtocolVersion)
  /// Bytes are not a key of the cipher suite.
  case invalidKey
  /// The cryptographic library failed at something that should not fail.
  case cryptographicFailure
  /// A message's or an object's content breaks a rule of RFC 9420.
  case invalid(ValidationRule)
  /// A ciphertext does not open: it was altered, or is not for this key.
  case decryptionFailed
  /// The message is for another group.
  case wrongGroup
  /// The message is for an epoch that is not the current one, nor a past one whose keys are still held.
  case wrongEpoch(current: UInt64, message: UInt64)
  /// The key for this message has been used already, or was deleted: a replay, or a message later than the group allows.
  case keyConsumed
  /// The message's generation lies further ahead than the group allows (``GroupConfiguration/forwardDistanceMax``).
  case generationTooFarAhead
  /// The message was made by this client. A pending commit is merged with ``Group/mergePendingCommit(now:)``.
  case ownMessage
  /// The message is of a kind that this operation does not take.
  case unexpectedMessage
  /// A PSK that the group needs was not handed in.
  case missingPreSharedKey(PreSharedKeyID)
  /// The application's ``AuthenticationService`` refuses a credential.
  case credentialRefused
  /// The leaf index names no member of the group.
  case unknownMember(LeafIndex)
  /// A commit refers to a proposal that has not been received.
  case unknownProposal
  /// This client was removed from the group, or the group was shut down by a ReInit.
  case groupNotActive
  /// There is a pending commit already.
  case commitPending
  /// There is no pending commit.
  case noCommitPending
  /// Proposals of this epoch must be committed before application data is sent (RFC 9420 §12.4).
  case proposalsPending
  /// A staged commit belongs to another state of the group, which has moved on since.
  case staleCommit
  /// The group's epoch or a sender's generations are used up.
  case exhausted
  /// An argument is out of its bounds.
  case invalidArgument(StaticArgument)
  /// Stored state is not what this version of the library wrote.
  case unreadableState

  /// The arguments that a caller can get wrong.
  public enum StaticArgument: String, Sendable {
    case length, limit, count, lifetime, codePoint
  }
}

extension TLSDecodable {
  /// Reads one value that is all of `bytes`, with this library's error.
  package init(decoding bytes: [UInt8]) throws(MLSError) {
    do {
      self = try Self(tlsEncoded: bytes)
    } catch {
      throw .malformed(error)
    }
  }
}
