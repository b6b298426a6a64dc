package import LiaisonModel
package import TLSPresentation

/// The node's own entry: a known peer showed its next card, signed by the same root key. No administrator is asked,
/// because the root key that they verified is what speaks.
///
/// `struct { uint8 format = 1; LogPosition position; Timestamp received_at; NodeKey node; Signed<NodeCard> card; } CardReceived;`
package struct CardReceived: Statement, Equatable {
  package typealias Signer = NodePurpose
  package static let label = "card received"

  /// Where in the log it belongs.
  package var position: LogPosition
  /// When the card came, the node's clock.
  package var receivedAt: Timestamp
  /// Whose key signs: one that the node's own card names.
  package var nodeKey: NodeKey
  /// The peer's card.
  package var card: Unverified<NodeCard>

  package init(position: LogPosition, receivedAt: Timestamp, nodeKey: NodeKey, card: Unverified<NodeCard>) {
    self.position = position
    self.receivedAt = receivedAt
    self.nodeKey = nodeKey
    self.card = card
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a received card has an unknown format") }
    position = try decoder.read()
    receivedAt = try decoder.read()
    nodeKey = try decoder.read()
    card = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(position)
    encoder.write(receivedAt)
    encoder.write(nodeKey)
    encoder.write(card)
  }
}
