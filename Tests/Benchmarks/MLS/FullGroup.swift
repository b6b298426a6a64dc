internal import MLS

struct AcceptAll: AuthenticationService {
  func validate(credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext) {}
  func validateSuccessor(old: Credential, new: Credential) {}
}

/// A group whose tree has no blank node: what a group becomes once its members have committed. Making it by commits of
/// all its members would take each of them as a group of its own, so the paths are put into one tree.
struct FullGroup {
  static let now: UInt64 = 1_800_000_000
  static let groupID = [UInt8](repeating: 7, count: 16)

  let suite: Suite
  let bundles: [KeyPackageBundle]
  private let signatureKeys: [SignaturePrivateKey]
  private let shared: PublicState
  private let schedule: KeySchedule
  private let privateKeys: [NodeIndex: HPKEPrivateKey]

  init(_ cipherSuite: CipherSuite, size: Int) throws {
    suite = try Suite(cipherSuite)
    (bundles, signatureKeys) = try Self.clients(cipherSuite, 0..<size)
    var tree = RatchetTree(bundles[0].keyPackage.leafNode)
    var privateKeys: [NodeIndex: HPKEPrivateKey] = [:]
    for (member, bundle) in bundles.enumerated() {
      let index = LeafIndex(UInt32(member))
      if member > 0 { tree.add(bundle.keyPackage.leafNode, from: member) }
      privateKeys[NodeIndex(index)] = bundle.encryptionKey
    }
    for member in stride(from: (size - 1) & ~1, through: 0, by: -2) {
      let path = try NewPath(
        suite, sender: LeafIndex(UInt32(member)), contents: bundles[member].keyPackage.leafNode.contents,
        groupID: Self.groupID, signatureKey: signatureKeys[member], tree: &tree, random: .system)
      for (node, key) in path.privateTree.keys { privateKeys[node] = key }
    }
    self.privateKeys = privateKeys
    let random = RandomSource.system
    let context = GroupContext(
      cipherSuite: cipherSuite, groupID: Self.groupID, epoch: 1000, treeHash: tree.rootHash(suite),
      confirmedTranscriptHash: random.bytes(suite.hashLength), extensions: [])
    schedule = KeySchedule(suite, epochSecret: random.secret(suite.hashLength))
    let tag = schedule.secrets.confirmationTag(suite, confirmedTranscriptHash: context.confirmedTranscriptHash)
    shared = PublicState(suite, context: context, tree: tree, confirmationTag: tag)
  }

  /// The group as one of its members has it.
  func group(of member: Int) -> Group {
    let index = LeafIndex(UInt32(member))
    let path = [NodeIndex(index)] + shared.tree.shape.directPath(of: NodeIndex(index))
    var privateTree = PrivateTree(
      leafIndex: index,
      keys: Dictionary(path.compactMap { node in privateKeys[node].map { (node, $0) } }, uniquingKeysWith: { $1 }))
    privateTree.forgetBlanks(of: shared.tree)
    return Group(
      state: EpochState(shared: shared, schedule: schedule, privateTree: privateTree),
      signatureKey: signatureKeys[member], configuration: GroupConfiguration(), random: .system)
  }

  /// Makes the group anew as its creator does: by one commit that adds everybody else.
  func create() throws -> Group {
    var group = try Group.create(
      groupID: Self.groupID, cipherSuite: suite.cipherSuite, credential: .basic(identity: [0]),
      signatureKey: signatureKeys[0], lifetime: Self.lifetime, now: Self.now)
    _ = try group.commit(
      adding: bundles.dropFirst().map(\.keyPackage), authentication: AcceptAll(), now: Self.now)
    try group.mergePendingCommit(now: Self.now)
    return group
  }

  static let lifetime = Lifetime(notBefore: now, notAfter: now + 86_400)

  /// Fresh key packages and what signs them.
  static func clients(
    _ cipherSuite: CipherSuite, _ names: Range<Int>
  ) throws -> (bundles: [KeyPackageBundle], signatureKeys: [SignaturePrivateKey]) {
    let signatureKeys = try names.map { _ in try SignaturePrivateKey.generate(cipherSuite) }
    let bundles = try zip(names, signatureKeys).map { name, key in
      try KeyPackageBundle.generate(
        cipherSuite: cipherSuite, credential: .basic(identity: Array("member \(name)".utf8)), signatureKey: key,
        lifetime: lifetime)
    }
    return (bundles, signatureKeys)
  }
}
