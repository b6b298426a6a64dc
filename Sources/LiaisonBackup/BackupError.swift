/// Why something is no backup that may be relied on; for people.
package struct BackupError: Error, Equatable, Sendable {
  /// One sentence.
  package let sentence: String

  init(_ sentence: String) { self.sentence = sentence }

  static let truncated = BackupError("the backup ends too soon: it is not whole")
  static let malformed = BackupError("this is not a backup, or one of another version")
  static let unauthentic = BackupError("the backup was altered or damaged: a part of it does not open with its key")
}
