internal import GRDB
internal import LiaisonModel
package import LiaisonNode

/// A transaction on a ``SQLiteNodeStore``; it must not outlive it.
package final class SQLiteNodeTransaction: NodeTransaction {
  let database: Database
  /// What this transaction will have counted.
  var pending = Pending()

  init(_ database: Database) { self.database = database }

  package func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
    let before = pending
    try run("SAVEPOINT part")
    do {
      let result = try body()
      try run("RELEASE part")
      return result
    } catch {
      pending = before
      try run("ROLLBACK TO part")
      try run("RELEASE part")
      throw (error as? DatabaseError).map { StoreError($0) } ?? error
    }
  }

  package func touch() throws(StoreError) {
    // Of no meaning to SQLite or to us, and its page is written even where the number stays.
    try run("PRAGMA user_version = 0")
  }

  package func counts() throws(StoreError) -> StoreCounts {
    try flush()
    func count(_ sql: String) throws(StoreError) -> Int { try row(sql)?.number(0) ?? 0 }
    return StoreCounts(
      members: try count("SELECT count(*) FROM members WHERE revocation IS NULL"),
      devices: try count("SELECT count(*) FROM devices"),
      rooms: try count("SELECT count(*) FROM rooms WHERE is_left = 0"),
      queued: try count("SELECT coalesce(sum(queued), 0) FROM peer_totals"),
      inboxItems: try count("SELECT coalesce(sum(inbox_count), 0) FROM devices"),
      held: try count("SELECT coalesce(sum(held), 0) FROM peer_totals"))
  }
}

extension SQLiteNodeTransaction: TrustLogStore {
  package func appendTrustLogEntry(_ entry: TrustLogEntry) throws(StoreError) {
    let count: Int64 = try row("SELECT coalesce(max(sequence) + 1, 0) FROM trust_log")?.integer(0) ?? 0
    guard entry.sequence == UInt64(count) else { throw .constraint("the trust log has \(count) entries") }
    try run("INSERT INTO trust_log (sequence, entry) VALUES (?, ?)", count, entry.bytes)
  }

  package func saveTrustLogHead(_ head: [UInt8]) throws(StoreError) {
    try run(
      "INSERT INTO trust_log_head (only_row, head) VALUES (1, ?) ON CONFLICT DO UPDATE SET head = excluded.head",
      head)
  }

  package func trustLogHead() throws(StoreError) -> [UInt8]? {
    try row("SELECT head FROM trust_log_head").map { $0.bytes(0) }
  }

  package func trustLogEntries() throws(StoreError) -> [TrustLogEntry] {
    try rows("SELECT sequence, entry FROM trust_log ORDER BY sequence").map {
      TrustLogEntry(sequence: $0.unsigned(0), bytes: $0.bytes(1))
    }
  }
}
