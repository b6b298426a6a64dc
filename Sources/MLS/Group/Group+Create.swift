extension Group {
  /// Makes a group whose only member is this client (RFC 9420 §11).
  /// - Parameters:
  ///   - groupID: unique among the groups of everybody concerned; ``randomGroupID(_:random:)`` makes one.
  ///   - lifetime: of the creator's leaf, in seconds since 1970.
  ///   - now: seconds since 1970.
  public static func create(
    groupID: [UInt8], cipherSuite: CipherSuite, credential: Credential, signatureKey: SignaturePrivateKey,
    capabilities: Capabilities = Capabilities(), lifetime: Lifetime, leafExtensions: [Extension] = [],
    groupContextExtensions: [Extension] = [], configuration: GroupConfiguration = GroupConfiguration(),
    random: RandomSource = .system, now: UInt64
  ) throws(MLSError) -> Group {
    let suite = try Suite(cipherSuite)
    guard signatureKey.suite.signature == suite.signature else { throw .invalidKey }
    guard lifetime.contains(now), let length = lifetime.length, length <= configuration.leafLifetimeMax else {
      throw .invalidArgument(.lifetime)
    }
    try groupContextExtensions.validateAsGroupContext()
    guard !groupContextExtensions.hasGrease else { throw .invalidArgument(.codePoint) }
    let contents = LeafNode.Contents(
      suite, credential, capabilities, leafExtensions, alongside: groupContextExtensions, random)
    let leafKey = try suite.generateKeyPair(random)
    let leaf = try LeafNode(
      contents, encryptionKey: leafKey.publicKey, source: .keyPackage(lifetime), position: nil,
      signatureKey: signatureKey)
    try leaf.validate(suite, .keyPackage, now: now, maximumLifetime: configuration.leafLifetimeMax)
    try leaf.validate(against: groupContextExtensions)

    var tree = RatchetTree(leaf)
    let context = GroupContext(
      cipherSuite: cipherSuite, groupID: groupID, epoch: 0, treeHash: tree.rootHash(suite),
      confirmedTranscriptHash: [], extensions: groupContextExtensions)
    let schedule = KeySchedule(suite, epochSecret: random.secret(suite.hashLength))
    let tag = schedule.secrets.confirmationTag(suite, confirmedTranscriptHash: [])
    let shared = PublicState(suite, context: context, tree: tree, confirmationTag: tag)
    let state = EpochState(
      shared: shared, schedule: schedule, privateTree: PrivateTree(leafIndex: 0, leafKey: leafKey.privateKey))
    return Group(state: state, signatureKey: signatureKey, configuration: configuration, random: random)
  }

  /// A random identifier for a new group: `KDF.Nh` bytes, as RFC 9420 §11 suggests.
  public static func randomGroupID(
    _ cipherSuite: CipherSuite, random: RandomSource = .system
  ) throws(MLSError) -> [UInt8] {
    random.bytes(try Suite(cipherSuite).hashLength)
  }
}
