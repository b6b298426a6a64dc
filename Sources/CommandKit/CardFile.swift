package import LiaisonModel
internal import Sodium

/// Node cards, and other texts that people hand to one another, as files.
package enum CardFile {
  /// The card in a file, which the root key that it names signed. Throws ``CommandError`` and `ModelError`.
  package static func read(_ path: String) throws -> Signed<NodeCard> {
    let text = try text(path, holding: NodeCard.label, bytesMax: Limits.statementBytesMax)
    return try Armor.decode(text, as: NodeCard.self).verifiedBySelf()
  }

  /// The text of a file that holds an armored `label` of at most `bytesMax` bytes. Throws ``CommandError``.
  package static func text(_ path: String, holding label: String, bytesMax: Int) throws -> String {
    guard let bytes = try AtomicFile.read(path, limit: Armor.textBytesMax(for: bytesMax)) else {
      throw CommandError(.badData, "\(escaped(path)) is too long for a \(label), or is not a file")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.badData, "\(escaped(path)) holds no \(label)")
    }
    return text
  }
}
