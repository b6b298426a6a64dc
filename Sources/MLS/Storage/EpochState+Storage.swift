package import TLSPresentation

extension EpochState {
  /// The state without the trees, which are stored apart.
  package func encodeCore(to encoder: inout TLSEncoder) {
    encoder.write(shared.context)
    encoder.write(opaque: shared.confirmationTag)
    encoder.write(secrets)
    encoder.write(UInt32(truncatingIfNeeded: shared.tree.nodes.count))
    encoder.write(UInt32(truncatingIfNeeded: secretTree.leafCount))
    encoder.write(privateTree.leafIndex)
    encoder.writeVector { encoder in
      for (node, key) in privateTree.keys.sorted(by: { $0.key < $1.key }) {
        encoder.write(UInt32(truncatingIfNeeded: node.value))
        encoder.write(sealing: key.secret)
      }
    }
  }

  /// What ``encodeCore(to:)`` wrote.
  package struct Core: Sendable {
    package let suite: Suite
    package let context: GroupContext
    package let confirmationTag: [UInt8]
    package let secrets: EpochSecrets
    package let nodeCount: Int
    package let secretLeafCount: Int
    package let privateTree: PrivateTree

    package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      context = try decoder.read()
      guard let suite = try? Suite(context.cipherSuite) else {
        throw .unknownValue(UInt64(context.cipherSuite.rawValue))
      }
      self.suite = suite
      confirmationTag = try decoder.readOpaque()
      secrets = try decoder.read()
      nodeCount = Int(try decoder.read(UInt32.self))
      secretLeafCount = Int(try decoder.read(UInt32.self))
      guard (1...RatchetTree.leafCountMax).contains(secretLeafCount) else { throw .invalid("a secret tree's size") }
      let leafIndex: LeafIndex = try decoder.read()
      var content = try decoder.readVectorContent()
      var keys: [NodeIndex: HPKEPrivateKey] = [:]
      while !content.isAtEnd {
        let node = NodeIndex(Int(try content.read(UInt32.self)))
        keys[node] = HPKEPrivateKey(secret: try content.readSecret())
      }
      privateTree = PrivateTree(leafIndex: leafIndex, keys: keys)
    }

    package var binding: RecordBinding { RecordBinding(confirmationTag: confirmationTag) }

    /// The whole state. `tree` is one of the right hash where `isVerified`, and else is checked.
    package func state(
      tree: RatchetTree, secretTree: SecretTree, isVerified: Bool = false
    ) throws(TLSPresentationError) -> EpochState {
      var tree = tree
      // Nodes that are missing, of an older state or of another group give another hash.
      guard isVerified || tree.rootHash(suite) == context.treeHash else { throw .invalid("the hash of a stored tree") }
      return EpochState(
        shared: PublicState(suite, context: context, tree: tree, confirmationTag: confirmationTag), secrets: secrets,
        secretTree: secretTree, privateTree: privateTree)
    }
  }
}

extension Group.PendingCommit {
  /// A commit's epoch as what it changes. Its secret tree has not been used yet.
  package func encode(to encoder: inout TLSEncoder) {
    next.encodeCore(to: &encoder)
    encoder.write(sealing: next.secretTree.nodes.first?.value ?? Secret([]))
    encoder.writeVector { encoder in
      // What lies outside a tree that has shrunk is gone without a word.
      for node in next.shared.tree.changes.sorted() where node.value < next.shared.tree.nodes.count {
        encoder.write(UInt32(truncatingIfNeeded: node.value))
        encoder.write(optional: next.shared.tree.node(node))
      }
    }
    encoder.write(sealing: signatureKey)
    encoder.write(optional: reInit)
  }

  /// - Parameter tree: of the epoch that the commit follows.
  package init(from decoder: inout TLSDecoder, tree: RatchetTree) throws(TLSPresentationError) {
    let core = try EpochState.Core(from: &decoder)
    let secretTree = SecretTree(encryptionSecret: try decoder.readSecret(), leafCount: core.secretLeafCount)
    var content = try decoder.readVectorContent()
    var nodes: [(index: NodeIndex, node: Node?)] = []
    while !content.isAtEnd {
      nodes.append((NodeIndex(Int(try content.read(UInt32.self))), try content.readOptional()))
    }
    self.init(
      next: try core.state(tree: tree.changed(nodeCount: core.nodeCount, nodes: nodes), secretTree: secretTree),
      signatureKey: try decoder.readSignatureKey(core.context.cipherSuite), reInit: try decoder.readOptional())
  }
}

extension PastEpoch {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(context)
    encoder.write(binding)
    encoder.write(sealing: senderDataSecret)
    encoder.write(UInt32(truncatingIfNeeded: secretTree.leafCount))
    encoder.write(endedAt)
    encoder.writeVector { encoder in
      for (index, sender) in replaced.sorted(by: { $0.key < $1.key }) {
        encoder.write(index)
        encoder.write(UInt8(sender == nil ? 0 : 1))
        guard let sender else { continue }
        encoder.write(sender.signatureKey)
        encoder.write(sender.credential)
      }
    }
  }

  /// - Parameter loadSecretTree: reads the secret tree of the epoch.
  package init(
    _ record: StoredRecord, loadSecretTree: (_ binding: RecordBinding, _ leafCount: Int) throws -> SecretTree
  ) throws {
    var decoder = TLSDecoder(record.value)
    context = try decoder.read()
    guard context.epoch == record.key.epoch else { throw TLSPresentationError.invalid("a past epoch out of place") }
    binding = try decoder.read()
    senderDataSecret = try decoder.readSecret()
    let leafCount = Int(try decoder.read(UInt32.self))
    guard (1...RatchetTree.leafCountMax).contains(leafCount) else {
      throw TLSPresentationError.invalid("a secret tree's size")
    }
    endedAt = try decoder.read()
    var content = try decoder.readVectorContent()
    var replaced: [LeafIndex: Sender?] = [:]
    while !content.isAtEnd {
      let index: LeafIndex = try content.read()
      let sender =
        try content.read(UInt8.self) == 1
        ? Sender(signatureKey: try content.read(), credential: try content.read()) : nil
      replaced.updateValue(sender, forKey: index)
    }
    self.replaced = replaced
    try decoder.finish()
    secretTree = try loadSecretTree(binding, leafCount)
  }
}

extension TLSEncoder {
  package mutating func write(sealing key: SignaturePrivateKey) {
    key.withUnsafeBytes { write(opaque: $0) }
  }
}

extension TLSDecoder {
  package mutating func readSignatureKey(
    _ cipherSuite: CipherSuite
  ) throws(TLSPresentationError) -> SignaturePrivateKey {
    let raw = try readOpaque()
    guard let key = try? SignaturePrivateKey(cipherSuite: cipherSuite, rawRepresentation: raw) else {
      throw .invalid("a signature key")
    }
    return key
  }
}
