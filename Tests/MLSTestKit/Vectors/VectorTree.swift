import MLS

/// A ratchet tree with everything that its members know of it, as vectors need it: commits without a key schedule.
struct VectorTree {
  let suite: Suite
  let random: RandomSource
  let groupID: [UInt8]
  var tree: RatchetTree
  var signatureKeys: [SignaturePrivateKey]
  var encryptionKeys: [LeafIndex: HPKEPrivateKey] = [:]
  /// By member, then by node.
  var pathSecrets: [LeafIndex: [NodeIndex: Secret]] = [:]

  /// `get_tree(n)` of test-vectors.md: each member commits the addition of the next.
  init(members: Int, _ suite: Suite, _ random: RandomSource) throws {
    self.suite = suite
    self.random = random
    groupID = random.bytes(16)
    let key = try SignaturePrivateKey.generate(suite.cipherSuite, random: random)
    let pair = try suite.generateKeyPair(random)
    tree = RatchetTree(try Self.leaf(0, key, pair.publicKey, suite))
    signatureKeys = [key]
    encryptionKeys[0] = pair.privateKey
    for member in 1..<members {
      try add()
      try commit(by: LeafIndex(UInt32(member - 1)))
    }
  }

  private static func leaf(
    _ number: Int, _ key: SignaturePrivateKey, _ encryptionKey: HPKEPublicKey, _ suite: Suite
  ) throws -> LeafNode {
    let contents = LeafNode.Contents(
      credential: .basic(identity: Array("member \(number)".utf8)), capabilities: Capabilities(), extensions: [])
    return try LeafNode(
      contents, encryptionKey: encryptionKey, source: .keyPackage(Client.lifetime), position: nil, signatureKey: key)
  }

  /// A key package for one more member, whose keys are kept.
  mutating func keyPackage() throws -> KeyPackage {
    let key = try SignaturePrivateKey.generate(suite.cipherSuite, random: random)
    let pair = try suite.generateKeyPair(random)
    let leaf = try Self.leaf(signatureKeys.count, key, pair.publicKey, suite)
    signatureKeys.append(key)
    lastEncryptionKey = pair.privateKey
    return try KeyPackage(
      cipherSuite: suite.cipherSuite, initKey: suite.generateKeyPair(random).publicKey, leafNode: leaf, extensions: [],
      signatureKey: key)
  }

  private var lastEncryptionKey: HPKEPrivateKey?

  /// Adds a member, unmerged.
  mutating func add() throws {
    let index = tree.add(try keyPackage().leafNode)
    encryptionKeys[index] = lastEncryptionKey
    pathSecrets[index] = [:]
    if signatureKeys.count - 1 != Int(index.rawValue) {
      // A blank place was taken.
      signatureKeys[Int(index.rawValue)] = signatureKeys.removeLast()
    }
  }

  mutating func remove(_ indices: [LeafIndex]) {
    for index in indices {
      tree.blank(index)
      encryptionKeys[index] = nil
      pathSecrets[index] = nil
    }
    tree.truncate()
    forgetBlanks()
  }

  private mutating func forgetBlanks() {
    let tree = tree
    pathSecrets = pathSecrets.mapValues { $0.filter { !tree.isBlank($0.key) } }
  }

  func newPath(by sender: LeafIndex, into tree: inout RatchetTree) throws -> NewPath {
    guard let old = tree[sender] else { throw MLSError.unknownMember(sender) }
    return try NewPath(
      suite, sender: sender, contents: old.contents, groupID: groupID,
      signatureKey: signatureKeys[Int(sender.rawValue)], tree: &tree, random: random)
  }

  mutating func commit(by sender: LeafIndex) throws {
    let path = try newPath(by: sender, into: &tree)
    encryptionKeys[sender] = path.leafKey.privateKey
    forgetBlanks()
    for leaf in tree.leaves.map(\.index) {
      for (step, secret) in zip(path.steps, path.secrets.secrets) where step.node.isAncestor(of: leaf) {
        pathSecrets[leaf, default: [:]][step.node] = secret
      }
    }
  }
}
