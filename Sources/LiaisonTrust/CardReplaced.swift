package import LiaisonModel
package import TLSPresentation

/// The country's root key gives the node a card with another key where the one that its card names first is lost, so
/// that the node cannot even run to ask its administrators.
///
/// `struct { uint8 version = 1; LogPosition position; Timestamp replaced_at; Signed<NodeCard> card; } CardReplaced;`
package struct CardReplaced: Statement, Equatable {
  package typealias Signer = RootPurpose
  package static let label = "card replaced"

  /// Where in the log it belongs.
  package var position: LogPosition
  /// When it was signed, the clock of the machine that has the root key.
  package var replacedAt: Timestamp
  /// The node's next card, by the same root key.
  package var card: Unverified<NodeCard>

  package init(position: LogPosition, replacedAt: Timestamp, card: Unverified<NodeCard>) {
    self.position = position
    self.replacedAt = replacedAt
    self.card = card
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a replaced card has an unknown version") }
    position = try decoder.read()
    replacedAt = try decoder.read()
    card = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(position)
    encoder.write(replacedAt)
    encoder.write(card)
  }
}
