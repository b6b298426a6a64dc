package import CommandKit
internal import LiaisonModel
package import LiaisonTrust
internal import Sodium

extension CharterFile {
  /// The charter in a file. Throws ``CommandKit/CommandError`` and `ModelError`.
  package static func read(_ path: String) throws -> CharterFile {
    try CharterFile(armored: CardFile.text(path, holding: label, bytesMax: Limits.charterFileBytesMax))
  }

  /// Writes it to be handed on. Throws `FileError`.
  package func write(to path: String) throws {
    try AtomicFile.write(Array(armored.utf8), to: path, mode: 0o644)
  }
}
