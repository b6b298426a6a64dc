import MLS
import MLSTestKit
import TLSPresentation
import TestKit
import Testing

@Suite("Vectors: tree-operations.json", .enabled(if: Vectors.exist("mls/tree-operations.json"), "vectors are absent"))
struct TreeOperationVectors {
  typealias Case = TreeOperationVector

  @Test("add, update and remove") func operations() throws {
    for test in try Vectors.load("mls/tree-operations.json", Vectors.suites[0], expecting: 5, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    var tree = try RatchetTree(tlsEncoded: test.treeBefore.bytes)
    #expect(tree.rootHash(suite) == test.treeHashBefore.bytes)
    switch try Proposal(tlsEncoded: test.proposal.bytes) {
    case .add(let keyPackage): tree.add(keyPackage.leafNode)
    case .update(let leaf): tree.update(LeafIndex(test.proposalSender), to: leaf)
    case .remove(let index):
      tree.blank(index)
      tree.truncate()
    default: Issue.record("a proposal of another type")
    }
    #expect(tree.tlsEncoded == test.treeAfter.bytes)
    #expect(tree.rootHash(suite) == test.treeHashAfter.bytes)
  }
}

@Suite("Vectors: tree-validation.json", .enabled(if: Vectors.exist("mls/tree-validation.json"), "vectors are absent"))
struct TreeValidationVectors {
  typealias Case = TreeValidationVector

  @Test("resolutions, tree hashes, parent hashes, signatures", arguments: Vectors.suites)
  func validation(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/tree-validation.json", cipherSuite, expecting: 14, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let cipherSuite = CipherSuite(rawValue: test.cipherSuite)
    let suite = try Suite(cipherSuite)
    var tree = try RatchetTree(tlsEncoded: test.tree.bytes)
    #expect(tree.tlsEncoded == test.tree.bytes)
    let root = tree.rootHash(suite)
    for index in 0..<test.resolutions.count {
      #expect(tree.resolution(of: NodeIndex(index)).map(\.value) == test.resolutions[index])
      #expect(tree.hash(of: NodeIndex(index), suite) == test.treeHashes[index].bytes)
    }
    let context = GroupContext(
      cipherSuite: cipherSuite, groupID: test.groupId.bytes, epoch: 1, treeHash: root, confirmedTranscriptHash: [],
      extensions: [])
    try tree.validate(suite, context: context, maximumLifetime: .max, authentication: AcceptAll())
  }

  @Test("a tree whose parent node was exchanged is refused", arguments: Vectors.suites)
  func forged(_ cipherSuite: CipherSuite) throws {
    let suite = try Suite(cipherSuite)
    var count = 0
    for test in try Vectors.load("mls/tree-validation.json", cipherSuite, expecting: 14, of: Case.self) {
      let tree = try RatchetTree(tlsEncoded: test.tree.bytes)
      for index in stride(from: 1, to: tree.nodes.count, by: 2) {
        guard var parent = tree.parent(NodeIndex(index)) else { continue }
        parent.encryptionKey = try suite.generateKeyPair(.system).publicKey
        var forged = tree
        forged.set(NodeIndex(index), to: .parent(parent))
        _ = forged.rootHash(suite)
        #expect(throws: MLSError.invalid(.parentHashChain)) { try forged.validateParentHashes(suite) }
        count += 1
      }
    }
    #expect(count > 100)
  }
}

@Suite("Vectors: treekem.json", .enabled(if: Vectors.exist("mls/treekem.json"), "vectors are absent"))
struct TreeKEMVectors {
  typealias Case = TreeKEMVector

  @Test("update paths, received and made", arguments: Vectors.suites) func paths(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/treekem.json", cipherSuite, expecting: 11, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    var tree = try RatchetTree(tlsEncoded: test.ratchetTree.bytes)
    var context = GroupContext(
      cipherSuite: suite.cipherSuite, groupID: test.groupId.bytes, epoch: test.epoch, treeHash: tree.rootHash(suite),
      confirmedTranscriptHash: test.confirmedTranscriptHash.bytes, extensions: [])
    let state = PublicState(suite, context: context, tree: tree, confirmationTag: [])
    var privateTrees: [LeafIndex: PrivateTree] = [:]
    for leaf in test.leavesPrivate {
      let index = LeafIndex(leaf.index)
      var keys = PrivateTree(leafIndex: index, leafKey: HPKEPrivateKey(secret: leaf.encryptionPriv.secret))
      for secret in leaf.pathSecrets {
        let pair = try suite.deriveKeyPair(suite.deriveSecret(secret.pathSecret.secret, "node"))
        #expect(tree.encryptionKey(of: NodeIndex(secret.node)) == pair.publicKey)
        keys.set(NodeIndex(secret.node), to: pair.privateKey)
      }
      privateTrees[index] = keys
    }
    #expect(!test.updatePaths.isEmpty)
    for path in test.updatePaths {
      let sender = LeafIndex(path.sender)
      let updatePath = try UpdatePath(tlsEncoded: path.updatePath.bytes)
      #expect(updatePath.tlsEncoded == path.updatePath.bytes)
      var merged = tree
      try state.merge(updatePath, at: sender, into: &merged)
      #expect(merged.rootHash(suite) == path.treeHashAfter.bytes)
      try merged.validateParentHashes(suite)
      context.treeHash = path.treeHashAfter.bytes
      for (index, keys) in privateTrees where index != sender {
        var keys = keys
        let found = try keys.decrypt(
          updatePath, from: sender, tree: merged, added: [], context: context.tlsEncoded, suite)
        #expect(found.pathSecret == path.pathSecrets[Int(index.rawValue)]?.secret)
        #expect(found.commitSecret == path.commitSecret.secret)
      }

      let own = try #require(test.leavesPrivate.first { $0.index == path.sender })
      var mine = tree
      let made = try NewPath(
        suite, sender: sender, contents: #require(tree[sender]).contents, groupID: test.groupId.bytes,
        signatureKey: SignaturePrivateKey(
          cipherSuite: suite.cipherSuite, rawRepresentation: own.signaturePriv.bytes),
        tree: &mine, random: .system)
      context.treeHash = mine.rootHash(suite)
      let encrypted = try made.encrypted(for: mine, added: [], context: context.tlsEncoded, suite)
      var received = tree
      try state.merge(UpdatePath(tlsEncoded: encrypted.tlsEncoded), at: sender, into: &received)
      #expect(received == mine)
      for (index, keys) in privateTrees where index != sender {
        var keys = keys
        let found = try keys.decrypt(
          encrypted, from: sender, tree: received, added: [], context: context.tlsEncoded, suite)
        #expect(found.commitSecret == made.commitSecret)
      }
    }
  }
}
