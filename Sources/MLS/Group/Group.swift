/// A client's view of one group. It is a value: a copy is a snapshot. The caller stores it with ``save(to:)``, in one
/// transaction with the messages that an operation made, before it sends them.
///
/// Messages become state in steps, each of a type that only the step before makes: bytes, ``MLSMessage``, unverified
/// content, verified content, ``StagedCommit``, merged.
public struct Group: Sendable {
  public var configuration: GroupConfiguration { didSet { unsaved.state = true } }
  package let suite: Suite
  package var state: EpochState
  package var signatureKey: SignaturePrivateKey { didSet { unsaved.state = true } }
  package var status: Status = .active { didSet { unsaved.state = true } }
  package var proposals = ProposalCache() { didSet { unsaved.state = true } }
  /// Private keys of this client's Updates that are not committed yet, by public key.
  package var pendingUpdates: [HPKEPublicKey: PendingUpdate] = [:] { didSet { unsaved.state = true } }
  package var pendingCommit: PendingCommit? { didSet { unsaved.markPendingCommit() } }
  /// The latest last, without a gap up to the current one.
  package var pastEpochs: [PastEpoch] = []
  /// The latest last; the current epoch's is among the epoch's secrets.
  package var resumptionPSKs: [(epoch: UInt64, secret: Secret)] = [] { didSet { unsaved.state = true } }
  /// What ``save(to:)`` has to write.
  package var unsaved = Unsaved()
  package let random: RandomSource

  package enum Status: Sendable, Equatable {
    case active
    case removed
    case reInitialized(ReInit)
  }

  package struct PendingUpdate: Sendable {
    package let encryptionKey: HPKEPrivateKey
    package let signatureKey: SignaturePrivateKey
  }

  package struct PendingCommit: Sendable {
    package let next: EpochState
    package let signatureKey: SignaturePrivateKey
    package let reInit: ReInit?
  }

  package init(
    state: EpochState, signatureKey: SignaturePrivateKey, configuration: GroupConfiguration, random: RandomSource
  ) {
    suite = state.shared.suite
    self.state = state
    self.signatureKey = signatureKey
    self.configuration = configuration
    self.random = random
    self.state.shared.tree.forgetChanges()
  }

  // MARK: What the group is

  public var groupContext: GroupContext { state.shared.context }
  public var groupID: [UInt8] { groupContext.groupID }
  public var epoch: UInt64 { groupContext.epoch }
  public var cipherSuite: CipherSuite { groupContext.cipherSuite }
  public var groupContextExtensions: [Extension] { groupContext.extensions }
  public var ownLeafIndex: LeafIndex { state.privateTree.leafIndex }
  public var ownLeafNode: LeafNode? { state.shared.tree[ownLeafIndex] }
  /// From the left of the tree.
  public var members: [Member] { state.shared.tree.members }
  public func member(at index: LeafIndex) -> Member? { state.shared.tree.member(at: index) }
  /// The public tree, to hand to those who join without it.
  public var ratchetTree: RatchetTree { state.shared.tree }
  /// Whether this client can send: it has not been removed, and the group has not been shut down by a ReInit.
  public var isActive: Bool { status == .active }
  /// The parameters of the group that takes this one's place, once a ReInit has been committed.
  public var reInit: ReInit? { if case .reInitialized(let reInit) = status { reInit } else { nil } }
  public var hasPendingCommit: Bool { pendingCommit != nil }
  /// The proposals of this epoch that wait for a commit.
  public var pendingProposals: [Proposal] { proposals.proposals.map(\.proposal) }

  /// Equal for two members exactly if they agree on the group's whole history (RFC 9420 §8.7).
  public var epochAuthenticator: [UInt8] { state.secrets.epochAuthenticator.exposedBytes }

  // MARK: Exporting

  /// `MLS-Exporter` (RFC 9420 §8.5) in the current epoch.
  public func export(label: String, context: [UInt8], length: Int) throws(MLSError) -> Secret {
    guard isActive else { throw .groupNotActive }
    guard (1...255 * suite.hashLength).contains(length) else { throw .invalidArgument(.length) }
    return state.secrets.export(suite, label: label, context: context, length: length)
  }

  /// The PSK that ties another group or a later epoch to this epoch (RFC 9420 §8.6).
  public func resumptionPSK() throws(MLSError) -> Secret {
    guard status != .removed else { throw .groupNotActive }
    return state.secrets.resumptionPSK
  }

  /// A group info of the current epoch, signed by this client.
  /// - Parameters:
  ///   - withTree: whether it carries the tree.
  ///   - withExternalPub: whether it lets new members join by an external commit.
  public func groupInfo(
    withTree: Bool, withExternalPub: Bool = true, extensions: [Extension] = []
  ) throws(MLSError) -> GroupInfo {
    guard isActive else { throw .groupNotActive }
    return try Self.groupInfo(
      state, signatureKey, withTree: withTree, withExternalPub: withExternalPub, random, extensions: extensions)
  }

  package static func groupInfo(
    _ state: EpochState, _ signatureKey: SignaturePrivateKey, withTree: Bool, withExternalPub: Bool,
    _ random: RandomSource, extensions: [Extension] = []
  ) throws(MLSError) -> GroupInfo {
    var all = extensions.greased(random)
    if withTree { all.append(Extension(type: .ratchetTree, data: state.shared.tree.tlsEncoded)) }
    if withExternalPub {
      let keyPair = try state.secrets.externalKeyPair(state.shared.suite)
      all.append(Extension(type: .externalPub, data: keyPair.publicKey.tlsEncoded))
    }
    try all.validateUnique()
    return try GroupInfo(
      groupContext: state.shared.context, extensions: all, confirmationTag: state.shared.confirmationTag,
      signer: state.privateTree.leafIndex, signatureKey: signatureKey)
  }

  // MARK: Advancing

  /// Forgets past epochs before this one: their late messages cannot be read any more.
  public mutating func forgetPastEpochs(before epoch: UInt64) {
    let count = pastEpochs.count
    pastEpochs.removeAll { $0.context.epoch < epoch }
    if pastEpochs.count < count { unsaved.markForgotten() }
  }

  /// Forgets the past epochs that ended longer ago than the configuration allows. ``process(_:preSharedKeys:authentication:now:)``
  /// and the merging of a commit do this by themselves.
  /// - Parameter now: seconds since 1970.
  public mutating func forgetPastEpochs(now: UInt64) {
    let oldest = now < configuration.pastEpochSecondsMax ? 0 : now - configuration.pastEpochSecondsMax
    guard let kept = pastEpochs.firstIndex(where: { $0.endedAt >= oldest }) else {
      return forgetPastEpochs(before: epoch)
    }
    forgetPastEpochs(before: pastEpochs[kept].context.epoch)
  }

  /// Makes an epoch the current one.
  package mutating func advance(
    to next: EpochState, signatureKey: SignaturePrivateKey, reInit: ReInit?, now: UInt64
  ) {
    unsaved.nodes.formUnion(next.shared.tree.changes)
    unsaved.newPastEpochs.insert(epoch)
    unsaved.markForgotten()
    pastEpochs.append(state.past(before: next.shared.tree, endedAt: now))
    pastEpochs.removeFirst(max(0, pastEpochs.count - max(0, configuration.pastEpochCountMax)))
    resumptionPSKs.append((epoch, state.secrets.resumptionPSK))
    resumptionPSKs.removeFirst(max(0, resumptionPSKs.count - max(0, configuration.resumptionPSKCountMax)))
    state = next
    state.shared.tree.forgetChanges()
    self.signatureKey = signatureKey
    forgetPending()
    if let reInit { status = .reInitialized(reInit) }
    forgetPastEpochs(now: now)
  }

  /// Drops what belongs to an epoch that has ended.
  package mutating func forgetPending() {
    if !proposals.isEmpty {
      proposals = ProposalCache()
      unsaved.proposalCount = nil
    }
    if !pendingUpdates.isEmpty { pendingUpdates = [:] }
    if pendingCommit != nil { pendingCommit = nil }
  }

  /// The application's PSKs and this group's own.
  package func available(_ preSharedKeys: PreSharedKeys) -> PreSharedKeys {
    var result = preSharedKeys
    for (epoch, secret) in resumptionPSKs { result[.resumption(groupID: groupID, epoch: epoch)] = secret }
    result[.resumption(groupID: groupID, epoch: epoch)] = state.secrets.resumptionPSK
    return result
  }

  package func policy(_ authentication: any AuthenticationService, now: UInt64?) -> ValidationPolicy {
    ValidationPolicy(now: now, leafLifetimeMax: configuration.leafLifetimeMax, authentication: authentication)
  }
}
