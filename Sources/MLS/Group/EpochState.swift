package import TLSPresentation

/// Everything that a member knows in one epoch.
package struct EpochState: Sendable, Equatable {
  package var shared: PublicState
  package var secrets: EpochSecrets
  package var secretTree: SecretTree
  package var privateTree: PrivateTree

  package init(shared: PublicState, schedule: KeySchedule, privateTree: PrivateTree) {
    self.shared = shared
    secrets = schedule.secrets
    secretTree = SecretTree(encryptionSecret: schedule.encryptionSecret, leafCount: shared.tree.leafCount)
    self.privateTree = privateTree
  }

  /// What stays of the epoch once another has followed.
  package var past: PastEpoch {
    var roster: [LeafIndex: PastEpoch.Sender] = [:]
    for leaf in shared.tree.leaves {
      roster[leaf.index] = PastEpoch.Sender(signatureKey: leaf.node.signatureKey, credential: leaf.node.credential)
    }
    return PastEpoch(
      context: shared.context, senderDataSecret: secrets.senderData, secretTree: secretTree, roster: roster)
  }
}

extension EpochState: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(shared)
    encoder.write(secrets)
    encoder.write(secretTree)
    encoder.write(privateTree.leafIndex)
    encoder.writeVector { encoder in
      for (node, key) in privateTree.keys.sorted(by: { $0.key < $1.key }) {
        encoder.write(UInt32(truncatingIfNeeded: node.value))
        encoder.write(sealing: key.secret)
      }
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    shared = try decoder.read()
    secrets = try decoder.read()
    secretTree = try decoder.read()
    let leafIndex: LeafIndex = try decoder.read()
    var content = try decoder.readVectorContent()
    var keys: [NodeIndex: HPKEPrivateKey] = [:]
    while !content.isAtEnd {
      let node = NodeIndex(Int(try content.read(UInt32.self)))
      keys[node] = HPKEPrivateKey(secret: try content.readSecret())
    }
    privateTree = PrivateTree(leafIndex: leafIndex, keys: keys)
  }
}

/// A past epoch, kept for application messages that come late.
package struct PastEpoch: Sendable, Equatable {
  package struct Sender: Sendable, Equatable {
    package let signatureKey: SignaturePublicKey
    package let credential: Credential
  }

  package let context: GroupContext
  package let senderDataSecret: Secret
  package var secretTree: SecretTree
  package let roster: [LeafIndex: Sender]
}

extension PastEpoch: TLSCodable {
  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(context)
    encoder.write(sealing: senderDataSecret)
    encoder.write(secretTree)
    encoder.writeVector { encoder in
      for (index, sender) in roster.sorted(by: { $0.key < $1.key }) {
        encoder.write(index)
        encoder.write(sender.signatureKey)
        encoder.write(sender.credential)
      }
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    context = try decoder.read()
    senderDataSecret = try decoder.readSecret()
    secretTree = try decoder.read()
    var content = try decoder.readVectorContent()
    var roster: [LeafIndex: Sender] = [:]
    while !content.isAtEnd {
      let index: LeafIndex = try content.read()
      roster[index] = Sender(signatureKey: try content.read(), credential: try content.read())
    }
    self.roster = roster
  }
}
