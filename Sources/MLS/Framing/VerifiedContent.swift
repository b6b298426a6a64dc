/// Content whose membership tag or encryption has been checked, but not yet its signature. Only
/// ``PublicMessage/unprotect(_:membershipKey:context:)`` and ``PrivateMessage/unprotect(_:_:secretTree:limits:)`` make one.
package struct UnverifiedContent: Sendable {
  package let authenticated: AuthenticatedContent

  package init(unprotected authenticated: AuthenticatedContent) {
    self.authenticated = authenticated
  }

  package var content: FramedContent { authenticated.content }

  /// Verifies the signature (RFC 9420 §6.1) against the sender's key in this state of the group.
  package func verified(
    _ suite: Suite, context: GroupContext, memberKey: (LeafIndex) -> SignaturePublicKey?
  ) throws(MLSError) -> VerifiedContent {
    let key = try senderKey(context: context, memberKey: memberKey)
    // [val 6.1-1]
    guard authenticated.hasValidSignature(suite, key: key, context: context) else {
      throw .invalid(.contentSignature)
    }
    return VerifiedContent(unverified: self)
  }

  /// The signature key that RFC 9420 §6.1 assigns to the sender, whose content must be of a kind it may send.
  private func senderKey(
    context: GroupContext, memberKey: (LeafIndex) -> SignaturePublicKey?
  ) throws(MLSError) -> SignaturePublicKey {
    switch (content.sender, content.body) {
    case (.member(let index), _):
      guard let key = memberKey(index) else { throw .unknownMember(index) }
      return key
    case (.external(let index), .proposal(let proposal)):
      let senders = try context.extensions.externalSenders()
      // [val 6.1-2]
      guard Int(index) < senders.count else { throw .invalid(.externalSenderUnknown) }
      // [val 6.1-3]
      guard proposal.type.isAllowedForExternalSender else { throw .invalid(.externalSenderContent) }
      return senders[Int(index)].signatureKey
    case (.external, _): throw .invalid(.externalSenderContent)
    case (.newMemberCommit, .commit(let commit)):
      // [val 6.1-4]
      guard let path = commit.path else { throw .invalid(.newMemberCommitContent) }
      return path.leafNode.signatureKey
    case (.newMemberCommit, _): throw .invalid(.newMemberCommitContent)
    case (.newMemberProposal, .proposal(.add(let keyPackage))):
      // [val 6.1-5]
      return keyPackage.leafNode.signatureKey
    case (.newMemberProposal, _): throw .invalid(.newMemberProposalContent)
    }
  }
}

/// Content that its sender signed, in a given state of a group.
package struct VerifiedContent: Sendable {
  package let authenticated: AuthenticatedContent

  fileprivate init(unverified: UnverifiedContent) {
    authenticated = unverified.authenticated
  }

  package var content: FramedContent { authenticated.content }
}
