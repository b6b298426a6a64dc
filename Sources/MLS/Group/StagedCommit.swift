/// A commit that has been verified in full, and the epoch that it leads to. Only ``Group/process(_:authentication:now:preSharedKeys:)``
/// makes one; ``Group/merge(_:)`` makes it the group's state.
public struct StagedCommit: Sendable {
  /// Who committed: a member of the epoch before, or `newMemberCommit`.
  public let sender: Sender
  /// The committer's leaf in the new epoch.
  public let committer: LeafIndex
  public let authenticatedData: [UInt8]
  public let newEpoch: UInt64
  public let added: [Member]
  public let removed: [Member]
  /// Members whose leaves were replaced, the committer's included where the commit has a path.
  public let updated: [Member]
  /// Whether the commit removes this client.
  public let removesSelf: Bool
  /// Set where the commit shuts the group down in favour of another.
  public let reInit: ReInit?
  /// The group context's extensions in the new epoch.
  public let groupContextExtensions: [Extension]

  /// The new epoch, which a removed client does not know.
  package let next: EpochState?
  /// The signature key of a new leaf of this client, if an Update of its own was committed.
  package let newSignatureKey: SignaturePrivateKey?
  /// The epoch that the commit follows.
  package let base: GroupContext
  /// When the commit was processed, in seconds since 1970: the end of the epoch before.
  package let processedAt: UInt64

  package init(
    _ stage: PublicStage, base: GroupContext, own: LeafIndex, next: EpochState?, newSignatureKey: SignaturePrivateKey?,
    processedAt: UInt64
  ) {
    sender = stage.sender
    committer = stage.committer
    authenticatedData = stage.authenticatedData
    newEpoch = stage.state.context.epoch
    added = stage.added
    removed = stage.applied.removed
    updated = stage.updated
    removesSelf = stage.applied.removed.contains { $0.leafIndex == own }
    reInit = stage.applied.reInit
    groupContextExtensions = stage.state.context.extensions
    self.next = next
    self.newSignatureKey = newSignatureKey
    self.base = base
    self.processedAt = processedAt
  }
}

extension PublicStage {
  /// The members that this commit brings in, the committer of an external commit among them.
  package var added: [Member] {
    let external = sender == .newMemberCommit ? [committer] : []
    return (applied.added + external).compactMap { state.tree.member(at: $0) }
  }

  package var updated: [Member] {
    let ownPath = path != nil && sender != .newMemberCommit ? [committer] : []
    return (applied.updated + ownPath).compactMap { state.tree.member(at: $0) }
  }
}

/// What ``Group/process(_:authentication:now:preSharedKeys:)`` makes of a message.
public enum Processed: Sendable {
  case application(ApplicationMessage)
  /// A valid proposal, which the group now holds until the epoch ends.
  case proposal(ProposalMessage)
  case commit(StagedCommit)
}

/// Application data of a member (RFC 9420 §15).
public struct ApplicationMessage: Sendable, Equatable {
  public let plaintext: [UInt8]
  public let authenticatedData: [UInt8]
  public let sender: LeafIndex
  /// The sender's credential in the epoch of the message.
  public let senderCredential: Credential
  public let epoch: UInt64
}

/// A proposal of a member, or of somebody outside the group.
public struct ProposalMessage: Sendable, Equatable {
  public let proposal: Proposal
  public let sender: Sender
  public let reference: ProposalRef
  public let authenticatedData: [UInt8]
}

/// What a commit gives its sender to send.
public struct CommitOutput: Sendable {
  /// For the members of the current epoch.
  public let commit: MLSMessage
  /// For the members that the commit adds, if it adds any. It must not reach them before it is clear that the others accept
  /// the commit (RFC 9420 §14).
  public let welcome: MLSMessage?
  /// The new epoch's group info with its external key and without its tree, for those who keep the group's public state.
  public let groupInfo: MLSMessage
}
