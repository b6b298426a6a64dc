internal import FoundationEssentials
internal import GRDB
package import LiaisonModel

extension ProfileStore {
  /// What a backup leaves out: keys that must never be used again from it, what was made with them, and what was under way.
  private static let leftOut = [
    "groupRecords", "keyPackages", "outbox", "intents", "waiting", "sent", "asks", "answers", "shareChunks", "shares",
  ]

  /// Copies the database, as it is at one moment and while others use it, to a new file at `path`: without any state of
  /// MLS and any key package, and with a mark of `madeAt`, so that whoever opens the copy knows what it is.
  package func copy(to path: String, madeAt: Timestamp) throws {
    do {
      var configuration = Configuration()
      configuration.label = "liaison.backup"
      let copy = try DatabaseQueue(path: path, configuration: configuration)
      try queue.backup(to: copy)
      try copy.writeWithoutTransaction { db in
        try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA secure_delete = ON")
      }
      try copy.write { db in
        for table in Self.leftOut { try db.execute(sql: "DELETE FROM \(table)") }
        try db.execute(
          sql: "INSERT OR REPLACE INTO counters (name, value) VALUES (?, ?)",
          arguments: [Self.restoredCounter, Int64(clamping: madeAt.milliseconds)])
      }
      try copy.vacuum()
      try copy.close()
    } catch let error as DatabaseError { throw Self.error(error) }
  }

  /// When the backup was made from which this database was restored, until that was taken in.
  static let restoredCounter = "restoredFrom"

  /// Whether the file is a whole database.
  static func checkIntegrity(at path: String) throws {
    do {
      var configuration = Configuration()
      configuration.readonly = true
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      let findings = try queue.read { try String.fetchAll($0, sql: "PRAGMA integrity_check") }
      try queue.close()
      guard findings == ["ok"] else {
        throw ClientError(.badData, "backup-damaged", "the database in the backup is damaged")
      }
    } catch let error as DatabaseError { throw Self.error(error) }
  }
}
