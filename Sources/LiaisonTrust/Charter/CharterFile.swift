package import LiaisonModel
package import TLSPresentation

/// A charter as people and nodes hand it on: with the signatures that it has so far and, beside it, cards of its
/// countries, so that whoever adopts it can propose their nodes.
///
/// ```
/// struct {
///   uint8 version = 1;
///   SignedCharter charter;
///   Signed cards<V>;               // NodeCards, at most 64 and 192 KiB
/// } CharterFile;
/// ```
package struct CharterFile: Hashable, Sendable, TLSCodable {
  /// What stands in its text form's first and last lines.
  package static let label = Charter.label

  package let charter: SignedCharter
  /// Not verified.
  package let cards: [Unverified<NodeCard>]

  /// Cards that do not fit are left out.
  package init(_ charter: SignedCharter, cards: [Unverified<NodeCard>] = []) {
    self.charter = charter
    var bytes = 0
    self.cards = cards.prefix(Limits.charterMembersMax).filter { card in
      bytes += card.tlsEncoded.count
      return bytes <= Limits.charterCardsBytesMax
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a charter's file has an unknown version") }
    charter = try decoder.read()
    cards = try decoder.readVector(bound: Limits.charterCardsBytesMax)
    guard cards.count <= Limits.charterMembersMax else { throw .invalid("a charter's file holds too many cards") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(charter)
    encoder.write(vector: cards)
  }

  /// Those of its cards that a country of `charter` signed with the root key that it names, by handle; of two of one
  /// country, the one with the higher serial.
  package func cards(of charter: Charter) -> [Handle: Signed<NodeCard>] {
    var verified: [Handle: Signed<NodeCard>] = [:]
    for card in cards {
      guard let claim = try? card.claim(), let member = charter.member(claim.handle),
        claim.serial > verified[claim.handle]?.content.serial ?? 0,
        let card = try? card.verified(by: member.rootKey), card.content.rootKey == member.rootKey
      else { continue }
      verified[claim.handle] = card
    }
    return verified
  }

  /// Text that people mail and paste.
  package var armored: String { Armor.encode(self, label: Self.label) }

  /// Reads what ``armored`` gave; text around it is passed over.
  package init(armored text: String) throws(ModelError) {
    self = try Armor.decode(text, label: Self.label, bytesMax: Limits.charterFileBytesMax)
  }
}
