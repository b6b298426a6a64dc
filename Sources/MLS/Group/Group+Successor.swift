extension Group {
  /// Makes the group that takes the place of this one, once a ReInit has been committed (RFC 9420 §11.2), and invites the
  /// other members. Its commit is merged already: nobody else is in the group yet.
  /// - Parameters:
  ///   - keyPackages: of all the other members, of the new cipher suite.
  ///   - signatureKey: this client's, of the new cipher suite's scheme.
  public func reInitialize(
    inviting keyPackages: [KeyPackage], credential: Credential, signatureKey: SignaturePrivateKey,
    capabilities: Capabilities = Capabilities(), lifetime: Lifetime, welcomeWithTree: Bool = false,
    authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> (group: Group, output: CommitOutput) {
    guard let reInit else { throw .groupNotActive }
    var group = try Group.create(
      groupID: reInit.groupID, cipherSuite: reInit.cipherSuite, credential: credential, signatureKey: signatureKey,
      capabilities: capabilities, lifetime: lifetime, groupContextExtensions: reInit.extensions,
      configuration: configuration, random: random, now: now)
    let output = try group.commitFirst(
      inviting: keyPackages, of: self, usage: .reinit, welcomeWithTree: welcomeWithTree, authentication, now: now)
    return (group, output)
  }

  /// Makes a group of some members of this one, tied to it (RFC 9420 §11.3). Its commit is merged already.
  public func branch(
    groupID: [UInt8], inviting keyPackages: [KeyPackage], lifetime: Lifetime, groupContextExtensions: [Extension] = [],
    welcomeWithTree: Bool = false, authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> (group: Group, output: CommitOutput) {
    guard isActive, let leaf = ownLeafNode else { throw .groupNotActive }
    var group = try Group.create(
      groupID: groupID, cipherSuite: cipherSuite, credential: leaf.credential, signatureKey: signatureKey,
      capabilities: leaf.capabilities, lifetime: lifetime, leafExtensions: leaf.extensions,
      groupContextExtensions: groupContextExtensions, configuration: configuration, random: random, now: now)
    let output = try group.commitFirst(
      inviting: keyPackages, of: self, usage: .branch, welcomeWithTree: welcomeWithTree, authentication, now: now)
    return (group, output)
  }

  /// The commit of a new group that ties it to an older one.
  private mutating func commitFirst(
    inviting keyPackages: [KeyPackage], of origin: Group, usage: ResumptionPSKUsage, welcomeWithTree: Bool,
    _ authentication: some AuthenticationService, now: UInt64
  ) throws(MLSError) -> CommitOutput {
    let id = try PreSharedKeyID(
      .resumption(usage: usage, groupID: origin.groupID, epoch: origin.epoch), for: cipherSuite, random: random)
    let proposals = [Proposal.preSharedKey(id)] + keyPackages.map { .add($0) }
    let list = proposals.map { ReceivedProposal(proposal: $0, sender: .member(ownLeafIndex), reference: nil) }
    let output = try commit(
      list, updatingPath: true, change: LeafNodeChange(), [], origin.available(PreSharedKeys()),
      welcomeWithTree: welcomeWithTree, policy(authentication, now: now), pskUsage: usage)
    try mergePendingCommit(now: now)
    // [val 12.4.3-17] [val 12.4.3-18]
    try Self.validateMembers(members, of: origin, usage, authentication)
    return output
  }
}
