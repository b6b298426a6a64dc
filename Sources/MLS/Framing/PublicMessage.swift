public import TLSPresentation

/// A message that is signed and not encrypted (RFC 9420 §6.2).
public struct PublicMessage: Hashable, Sendable, TLSCodable {
  package let content: FramedContent
  package let auth: FramedContentAuthData
  /// Of messages of members only.
  package let membershipTag: [UInt8]?

  /// Protects content as a message of a member, or as one of somebody outside the group, who has no membership key.
  package init(
    protecting authenticated: AuthenticatedContent, _ suite: Suite, membershipKey: Secret?, context: GroupContext
  ) throws(MLSError) {
    // [val 6.2-2]
    guard authenticated.content.body.type != .application else { throw .invalid(.applicationDataInPublicMessage) }
    content = authenticated.content
    auth = authenticated.auth
    switch content.sender {
    case .member:
      guard let membershipKey else { throw .invalid(.membershipTag) }
      membershipTag = authenticated.membershipTag(suite, key: membershipKey, context: context)
    case .external, .newMemberProposal, .newMemberCommit: membershipTag = nil
    }
  }

  /// A message of somebody outside the group, whom its signature alone authenticates.
  package init(fromOutside authenticated: AuthenticatedContent) {
    content = authenticated.content
    auth = authenticated.auth
    membershipTag = nil
  }

  /// The content, once the membership tag is seen to be right. Somebody who holds no secrets has no `membershipKey`, and
  /// relies on the signature alone.
  package func unprotect(
    _ suite: Suite, membershipKey: Secret?, context: GroupContext
  ) throws(MLSError) -> UnverifiedContent {
    // [val 6.2-2]
    guard content.body.type != .application else { throw .invalid(.applicationDataInPublicMessage) }
    let authenticated = AuthenticatedContent(wireFormat: .publicMessage, content: content, auth: auth)
    if case .member = content.sender, let membershipKey {
      // [val 6.2-1]
      guard let membershipTag, authenticated.isMembershipTag(membershipTag, suite, key: membershipKey, context: context)
      else { throw .invalid(.membershipTag) }
    }
    return UnverifiedContent(unprotected: authenticated)
  }

  public var groupID: [UInt8] { content.groupID }
  public var epoch: UInt64 { content.epoch }
  public var sender: Sender { content.sender }
  public var contentType: ContentType { content.body.type }
  public var authenticatedData: [UInt8] { content.authenticatedData }
  /// The type of the proposal, if this message carries one.
  public var proposalType: ProposalType? {
    if case .proposal(let proposal) = content.body { proposal.type } else { nil }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(content)
    auth.encode(to: &encoder, type: content.body.type)
    if case .member = content.sender { encoder.write(opaque: membershipTag ?? []) }
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    content = try decoder.read()
    auth = try FramedContentAuthData(from: &decoder, type: content.body.type)
    if case .member = content.sender {
      membershipTag = try decoder.readOpaque()
    } else {
      membershipTag = nil
    }
  }
}
