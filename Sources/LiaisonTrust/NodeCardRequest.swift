package import LiaisonModel
package import TLSPresentation

/// A node asks its country's root key, which may be on a machine without a network, for its next card. It gives no
/// right; the root key's signature over the card does.
///
/// `struct { uint8 version = 1; NodeCard card; } NodeCardRequest;`
package struct NodeCardRequest: Statement, Equatable {
  package typealias Signer = NodePurpose
  package static let label = "node card request"

  /// What the root key is to sign.
  package var card: NodeCard

  package init(card: NodeCard) { self.card = card }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a card's request has an unknown version") }
    card = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(card)
  }
}

extension Unverified<NodeCardRequest> {
  /// The request, where one of the keys that the card would name signed it.
  package func verifiedBySelf() throws(ModelError) -> (request: NodeCardRequest, signer: NodeKey) {
    for key in try claim().card.nodeKeys {
      if let signed = try? verified(by: key) { return (signed.content, key) }
    }
    throw .badSignature
  }
}
