package import Sodium

extension AtomicFile {
  /// Writes a file that a person named with `-o`, and replaces none. Throws ``CommandError`` where there is one already, and
  /// `FileError`.
  package static func writeNew(_ bytes: [UInt8], to path: String, mode: UInt32) throws {
    do { try write(bytes, to: path, mode: mode, replacing: false) } catch {
      guard error.exists else { throw error }
      throw CommandError(.cannotCreate, "\(escaped(path)) exists already; choose another file with -o")
    }
  }
}
