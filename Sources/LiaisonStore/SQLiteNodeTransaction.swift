internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
package import LiaisonNode

/// A transaction on a ``SQLiteNodeStore``; it must not outlive it.
package final class SQLiteNodeTransaction: NodeTransaction {
  private let database: Database
  /// Messages inserted here that nothing has named so far.
  private var unused: Set<MessageKey> = []
  /// What is kept of whom, as this transaction will leave it: many messages of one room change one row once.
  private var totals = KeptTotals()

  init(_ database: Database) { self.database = database }

  package func savepoint<Result>(_ body: () throws -> Result) throws -> Result {
    let totalsBefore = totals
    try run("SAVEPOINT part")
    do {
      let result = try body()
      try run("RELEASE part")
      return result
    } catch {
      totals = totalsBefore
      try run("ROLLBACK TO part")
      try run("RELEASE part")
      throw (error as? DatabaseError).map { StoreError($0) } ?? error
    }
  }

  /// Drops envelopes that came and that nothing needs, and writes what is counted.
  func finish() throws {
    for key in unused.sorted() {
      // One that a savepoint undid is not there any more.
      guard let uses: Int = try row("SELECT uses FROM messages WHERE id = ?", key.rawValue)?[0], uses == 0 else {
        continue
      }
      try dropEnvelope(key)
    }
    for (scope, total) in totals.changed { try save(total, of: scope) }
  }

  /// What is kept of one, with all that this transaction did.
  func total(_ scope: KeptScope) throws(StoreError) -> KeptTotal {
    if let total = totals[scope] { return total }
    let total = try storedTotal(scope)
    totals.note(total, of: scope)
    return total
  }

  func add(_ change: KeptTotal, to scopes: [KeptScope]) throws(StoreError) {
    for scope in scopes { totals.set(try total(scope) + change, of: scope) }
  }

  package func counts() throws(StoreError) -> StoreCounts {
    func count(_ sql: String) throws(StoreError) -> Int { try row(sql)?[0] ?? 0 }
    return StoreCounts(
      members: try count("SELECT count(*) FROM members WHERE revocation IS NULL"),
      devices: try count("SELECT count(*) FROM devices"),
      rooms: try count("SELECT count(*) FROM rooms WHERE is_left = 0"),
      queued: try count("SELECT coalesce(sum(queued), 0) FROM peer_totals"),
      inboxItems: try count("SELECT coalesce(sum(inbox_count), 0) FROM devices"),
      held: try count("SELECT coalesce(sum(held), 0) FROM peer_totals"))
  }
}

// MARK: Statements

extension SQLiteNodeTransaction {
  /// Runs one statement that returns nothing, and says how many rows it changed.
  @discardableResult
  func run(_ sql: String, _ arguments: (any DatabaseValueConvertible)?...) throws(StoreError) -> Int {
    do {
      try database.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
      return database.changesCount
    } catch { throw StoreError(error) }
  }

  func row(_ sql: String, _ arguments: (any DatabaseValueConvertible)?...) throws(StoreError) -> Row? {
    do {
      return try Row.fetchOne(database.cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    } catch { throw StoreError(error) }
  }

  func rows(_ sql: String, _ arguments: (any DatabaseValueConvertible)?...) throws(StoreError) -> [Row] {
    do {
      return try Row.fetchAll(database.cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    } catch { throw StoreError(error) }
  }

  var lastInsertedKey: MessageKey { MessageKey(database.lastInsertedRowID) }

  /// Something new needs a message's envelope.
  func use(_ key: MessageKey) throws(StoreError) {
    try run("UPDATE messages SET uses = uses + 1 WHERE id = ?", key.rawValue)
    unused.remove(key)
  }

  /// Something needs a message's envelope no longer.
  func disuse(_ key: MessageKey) throws(StoreError) {
    guard let uses: Int = try row("UPDATE messages SET uses = uses - 1 WHERE id = ? RETURNING uses", key.rawValue)?[0]
    else {
      throw .unreadable("a message is missing")
    }
    if uses == 0 { try dropEnvelope(key) }
  }

  func noteUnused(_ key: MessageKey) { unused.insert(key) }
}

extension SQLiteNodeTransaction: TrustLogStore {
  package func appendTrustLogEntry(_ entry: TrustLogEntry) throws(StoreError) {
    let count: Int64 = try row("SELECT count(*) FROM trust_log")?[0] ?? 0
    guard entry.sequence == UInt64(count) else { throw .constraint("the trust log has \(count) entries") }
    try run("INSERT INTO trust_log (sequence, entry) VALUES (?, ?)", count, Data(entry.bytes))
  }

  package func saveTrustLogHead(_ head: [UInt8]) throws(StoreError) {
    try run(
      "INSERT INTO trust_log_head (only_row, head) VALUES (1, ?) ON CONFLICT DO UPDATE SET head = excluded.head",
      Data(head))
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
