package import LiaisonModel
internal import Sodium

/// Evidence that a node showed two directories, as it is shown and as a file that anybody can verify.
package enum EvidenceFile {
  /// Evidence that holds, for people and for programs.
  package struct Line: Encodable {
    package let country: String
    package let name: String
    /// `two-roots`, `rewritten` or `two-logs`.
    package let kind: String
    package let firstSize: UInt64
    package let firstRoot: String
    package let firstSignedAt: String
    package let secondSize: UInt64
    package let secondRoot: String
    package let secondSignedAt: String
    /// SHA-256 of the evidence, which names it.
    package let digest: String

    /// What evidence proves of the country of a card. Throws `ModelError` where it proves nothing.
    package init(_ evidence: DirectoryEvidence, of card: Signed<NodeCard>) throws(ModelError) {
      let proven = try evidence.verified(by: card)
      country = card.content.handle.description
      name = card.content.name
      kind = proven.kind.rawValue
      firstSize = proven.first.size
      firstRoot = Hex.encode(proven.first.root)
      firstSignedAt = proven.first.signedAt.rfc3339
      secondSize = proven.second.size
      secondRoot = Hex.encode(proven.second.root)
      secondSignedAt = proven.second.signedAt.rfc3339
      digest = Hex.encode(evidence.digest)
      sentence = proven.sentence
      fingerprint = card.content.fingerprint
    }

    private let sentence: String
    private let fingerprint: Fingerprint

    private enum CodingKeys: CodingKey {
      case country, name, kind, firstSize, firstRoot, firstSignedAt, secondSize, secondRoot, secondSignedAt, digest
    }

    /// Several lines for a person.
    package var text: String {
      """
      \(country), \(escaped(name)), lied: \(sentence).
        root key   \(fingerprint)
        signed at  \(firstSignedAt)  \(firstSize) entries  \(firstRoot)
        signed at  \(secondSignedAt)  \(secondSize) entries  \(secondRoot)
      """
    }
  }

  /// Writes a text that proves something to a file, which replaces none.
  package static func write(_ text: String, to path: String) throws {
    try AtomicFile.writeNew(Array(text.utf8), to: path, mode: 0o644)
  }

  /// What the evidence in one file proves of the country of which a card is in another one. Nobody is asked.
  package static func verify(_ path: String, card: String) throws -> Line {
    let text = try CardFile.text(
      path, holding: DirectoryEvidence.label, bytesMax: Limits.directoryEvidenceBytesMax)
    let card = try CardFile.read(card)
    do throws(ModelError) { return try Line(try Armor.decodeEvidence(text), of: card) } catch {
      throw CommandError(.badData, escaped("\(path) proves nothing: \(error.sentence)"))
    }
  }
}
