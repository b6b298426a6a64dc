/// Why the store did not do what was asked. Nothing of the transaction remains.
package enum StoreError: Error, Equatable, Sendable {
  /// Another process holds the database.
  case busy
  /// The disk, or the file system's quota, is full.
  case full
  /// The file is not a database, or is damaged.
  case corrupt
  /// The disk failed; the system's words.
  case inputOutput(String)
  /// A constraint of the schema stopped a write: our own bug.
  case constraint(String)
  /// The database was written by a later release.
  case newer
  /// Stored bytes are not what this release wrote.
  case unreadable(String)
  case other(String)

  /// One sentence for a person.
  package var sentence: String {
    switch self {
    case .busy: "another process is using the store"
    case .full: "the disk is full"
    case .corrupt: "the store is damaged; restore it from a backup"
    case .inputOutput(let what): "the store's disk failed: \(what)"
    case .constraint(let what): "a rule of the store was broken, which is a fault of this program: \(what)"
    case .newer: "the store was written by a later release of Liaison"
    case .unreadable(let what): "the store holds something that this release cannot read: \(what)"
    case .other(let what): "the store failed: \(what)"
    }
  }

  /// Whether the same may succeed later without anybody's help.
  package var isPassing: Bool {
    switch self {
    case .busy, .full, .inputOutput: true
    case .corrupt, .constraint, .newer, .unreadable, .other: false
    }
  }
}
