/// Everything that a member knows in one epoch.
package struct EpochState: Sendable {
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

  /// One that was stored.
  package init(shared: PublicState, secrets: EpochSecrets, secretTree: SecretTree, privateTree: PrivateTree) {
    self.shared = shared
    self.secrets = secrets
    self.secretTree = secretTree
    self.privateTree = privateTree
  }

  /// What stays of the epoch once another has followed.
  package func past(before next: RatchetTree, endedAt: UInt64) -> PastEpoch {
    var replaced: [LeafIndex: PastEpoch.Sender?] = [:]
    for node in next.changes where node.isLeaf {
      let sender = shared.tree[node.leaf].map { PastEpoch.Sender($0) }
      if sender != next[node.leaf].map({ PastEpoch.Sender($0) }) { replaced.updateValue(sender, forKey: node.leaf) }
    }
    return PastEpoch(
      context: shared.context, binding: binding, senderDataSecret: secrets.senderData, secretTree: secretTree,
      replaced: replaced, endedAt: endedAt)
  }

  /// What ties the epoch's stored records to it.
  package var binding: RecordBinding { RecordBinding(confirmationTag: shared.confirmationTag) }
}

/// A past epoch, kept for application messages that come late.
package struct PastEpoch: Sendable {
  /// What is needed of a member to verify its messages.
  package struct Sender: Sendable, Equatable {
    package let signatureKey: SignaturePublicKey
    package let credential: Credential

    package init(signatureKey: SignaturePublicKey, credential: Credential) {
      self.signatureKey = signatureKey
      self.credential = credential
    }

    package init(_ leaf: LeafNode) {
      self.init(signatureKey: leaf.signatureKey, credential: leaf.credential)
    }
  }

  package let context: GroupContext
  package let binding: RecordBinding
  package let senderDataSecret: Secret
  package var secretTree: SecretTree
  /// The senders that the epoch after this one no longer had at these leaves; nil for a leaf that was blank until then.
  /// The rest of the roster is the next epoch's, so that a roster costs no more than what changed.
  package let replaced: [LeafIndex: Sender?]
  /// Seconds since 1970.
  package let endedAt: UInt64

  package init(
    context: GroupContext, binding: RecordBinding, senderDataSecret: Secret, secretTree: SecretTree,
    replaced: [LeafIndex: Sender?], endedAt: UInt64
  ) {
    self.context = context
    self.binding = binding
    self.senderDataSecret = senderDataSecret
    self.secretTree = secretTree
    self.replaced = replaced
    self.endedAt = endedAt
  }
}
