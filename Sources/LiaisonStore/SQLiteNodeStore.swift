internal import FoundationEssentials
internal import GRDB
package import LiaisonNode

/// The node's store in one SQLite file: write-ahead log, flushed at each commit. One process uses it.
package final class SQLiteNodeStore: NodeStore, Sendable {
  private let queue: DatabaseQueue

  /// Opens the file at `path`, which is made where there is none, and brings its schema up to date.
  package convenience init(path: String) throws(StoreError) {
    try self.init { try DatabaseQueue(path: path, configuration: Self.configuration) }
  }

  /// A store that is gone with the process, for tests and simulations.
  package static func inMemory() throws(StoreError) -> SQLiteNodeStore {
    try SQLiteNodeStore { try DatabaseQueue(configuration: configuration) }
  }

  /// A copy in memory, as a backup of this moment has it.
  package func copy() throws -> SQLiteNodeStore {
    let copy = try SQLiteNodeStore.inMemory()
    do { try queue.backup(to: copy.queue) } catch { throw StoreError(error) }
    return copy
  }

  /// Copies the store at `path`, as it is at one moment and while a node writes to it, to a new file. Key packages that are
  /// given out once are left out: a node that is restored must not give them out again.
  package static func backUp(_ path: String, to copyPath: String) throws {
    do {
      var reading = Configuration()
      reading.readonly = true
      reading.busyMode = .timeout(30)
      let source = try DatabaseQueue(path: path, configuration: reading)
      var writing = Configuration()
      writing.foreignKeysEnabled = true
      let copy = try DatabaseQueue(path: copyPath, configuration: writing)
      try source.backup(to: copy)
      try source.close()
      try copy.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = DELETE") }
      try copy.write { database in
        try database.execute(sql: "DELETE FROM key_packages WHERE is_last_resort = 0")
        // Those of others, which a bundle brought.
        try database.execute(sql: "DELETE FROM bundle_questions WHERE subject LIKE 'k %'")
      }
      try copy.vacuum()
      try copy.close()
    } catch { throw StoreError(error) }
  }

  private init(_ open: () throws -> DatabaseQueue) throws(StoreError) {
    do {
      queue = try open()
      let migrator = Schema.migrator
      guard try !queue.read(migrator.hasBeenSuperseded) else { throw StoreError.newer }
      try migrator.migrate(queue)
    } catch { throw StoreError(error) }
  }

  private static var configuration: Configuration {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(2)
    configuration.label = "node.sqlite"
    configuration.prepareDatabase { database in
      // FULL: a commit is on the disk before it is acknowledged. GRDB's own way to the write-ahead log would take that back.
      try database.execute(sql: "PRAGMA journal_mode = WAL")
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try database.execute(sql: "PRAGMA cell_size_check = ON")
      // What a savepoint would undo stays in memory: as a temporary file it took most of a message's writes.
      try database.execute(sql: "PRAGMA temp_store = MEMORY")
      // 16 MiB: a page that one batch after the other changes is copied into the database once for many of them.
      try database.execute(sql: "PRAGMA wal_autocheckpoint = 4096")
    }
    return configuration
  }

  package func write<Result>(_ body: (SQLiteNodeTransaction) throws -> Result) throws -> Result {
    do {
      return try queue.write { database in
        let transaction = SQLiteNodeTransaction(database)
        let result = try body(transaction)
        try transaction.flush()
        return result
      }
    } catch let error as DatabaseError { throw StoreError(error) }
  }

  package func read<Result>(_ body: (SQLiteNodeTransaction) throws -> Result) throws -> Result {
    do {
      // `DatabaseQueue.read` would set `query_only` and back, at which SQLite prepares every statement anew.
      return try queue.unsafeRead { database in
        var result: Result?
        try database.inTransaction(.deferred) {
          result = try body(SQLiteNodeTransaction(database))
          return .commit
        }
        guard let result else { preconditionFailure("a transaction committed without a result") }
        return result
      }
    } catch let error as DatabaseError { throw StoreError(error) }
  }

  package func checkIntegrity() throws(StoreError) {
    do {
      try queue.read { database in
        let findings = try String.fetchAll(database, sql: "PRAGMA integrity_check")
        guard findings == ["ok"] else { throw StoreError.corrupt }
        let transaction = SQLiteNodeTransaction(database)
        guard try transaction.row("PRAGMA foreign_key_check") == nil else { throw StoreError.corrupt }
        // What is counted apart must agree with what is there.
        guard try transaction.row(Schema.disagreements) == nil else { throw StoreError.corrupt }
      }
    } catch { throw StoreError(error) }
  }

  /// The schema as `schema.sql` shows it.
  package func schema() throws -> String {
    try queue.read { database in
      try String.fetchAll(
        database,
        sql: """
          SELECT sql || ';' FROM sqlite_schema
          WHERE sql IS NOT NULL AND tbl_name <> 'grdb_migrations' ORDER BY tbl_name, type DESC, name
          """
      ).joined(separator: "\n\n") + "\n"
    }
  }
}

extension SQLiteNodeStore {
  /// How SQLite would run a statement, a line a step.
  package func plan(of statement: String) throws -> [String] {
    // Columns: id, parent, notused, detail.
    try queue.read { try SQLiteNodeTransaction($0).rows("EXPLAIN QUERY PLAN \(statement)").map { $0.text(3) } }
  }

  /// What SQLite says of how it keeps a commit: the journal's mode, and 2 where each commit is flushed.
  package func durability() throws -> (journal: String?, synchronous: Int?) {
    try queue.read { database in
      (
        try String.fetchOne(database, sql: "PRAGMA journal_mode"), try Int.fetchOne(database, sql: "PRAGMA synchronous")
      )
    }
  }

  /// Lets the file grow to that many pages, as a full disk would.
  package func limit(pages: Int) throws {
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
  }
}

extension StoreError {
  init(_ error: any Error) {
    switch error {
    case let error as StoreError: self = error
    case let error as DatabaseError: self.init(error)
    default: self = .other("\(error)")
    }
  }

  init(_ error: DatabaseError) {
    switch error.resultCode {
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
    case .SQLITE_FULL: self = .full
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt
    case .SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM:
      self = .inputOutput(error.message ?? "unknown")
    case .SQLITE_CONSTRAINT: self = .constraint(error.message ?? "unknown")
    default: self = .other(error.message ?? "SQLite error \(error.resultCode.rawValue)")
    }
  }
}
