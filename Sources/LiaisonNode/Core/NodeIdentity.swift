package import LiaisonModel

/// Who this node is.
package struct NodeIdentity: Sendable {
  package var card: Signed<NodeCard>
  /// The private half of the first of the card's node keys.
  package let key: SigningKey<NodePurpose>

  package var handle: Handle { card.content.handle }

  /// Throws ``LiaisonModel/ModelError/mismatch(_:)`` where the card does not name the key first.
  package init(card: Signed<NodeCard>, key: SigningKey<NodePurpose>) throws(ModelError) {
    guard card.content.nodeKeys.first == key.publicKey else {
      throw .mismatch("the node card names another node key than this node holds")
    }
    self.card = card
    self.key = key
  }
}
