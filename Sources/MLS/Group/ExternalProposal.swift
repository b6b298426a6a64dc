/// Proposals of those who are not in the group (RFC 9420 §12.1.8). They are sent as public messages.
public enum ExternalProposal {
  /// Asks to be added, as the owner of a key package, whose lifetime must include `now`.
  public static func add(
    _ keyPackage: KeyPackage, to groupID: [UInt8], epoch: UInt64, signatureKey: SignaturePrivateKey,
    authenticatedData: [UInt8] = [], now: UInt64
  ) throws(MLSError) -> MLSMessage {
    try keyPackage.validate(now: now, maximumLifetime: .max)
    guard signatureKey.publicKey == keyPackage.leafNode.signatureKey else { throw .invalidKey }
    return try message(.add(keyPackage), .newMemberProposal, groupID, epoch, authenticatedData, signatureKey)
  }

  /// Proposes a change as an entry of the group's `external_senders` extension.
  /// - Parameters:
  ///   - sender: the entry's place in the extension.
  ///   - now: seconds since 1970, which the lifetime of a key package that is to be added must include.
  public static func propose(
    _ proposal: Proposal, to groupID: [UInt8], epoch: UInt64, sender: UInt32, signatureKey: SignaturePrivateKey,
    authenticatedData: [UInt8] = [], now: UInt64
  ) throws(MLSError) -> MLSMessage {
    if case .add(let keyPackage) = proposal { try keyPackage.validate(now: now, maximumLifetime: .max) }
    guard !proposal.hasGrease else { throw .invalidArgument(.codePoint) }
    guard proposal.type.isAllowedForExternalSender else { throw .invalid(.externalSenderContent) }
    return try message(proposal, .external(sender), groupID, epoch, authenticatedData, signatureKey)
  }

  private static func message(
    _ proposal: Proposal, _ sender: Sender, _ groupID: [UInt8], _ epoch: UInt64, _ authenticatedData: [UInt8],
    _ signatureKey: SignaturePrivateKey
  ) throws(MLSError) -> MLSMessage {
    let content = FramedContent(
      groupID: groupID, epoch: epoch, sender: sender, authenticatedData: authenticatedData, body: .proposal(proposal))
    let authenticated = try AuthenticatedContent(
      signing: content, wireFormat: .publicMessage, context: nil, with: signatureKey)
    return .publicMessage(PublicMessage(fromOutside: authenticated))
  }
}
