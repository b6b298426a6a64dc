internal import GRDB
package import Sodium

/// A profile's database. Each change is one `BEGIN IMMEDIATE` transaction, flushed before it returns, so that several
/// programs can use a profile at once and a crash leaves all of a change or nothing.
package final class ProfileStore: Sendable {
  let queue: DatabaseQueue
  /// What the profile's values are sealed with.
  let key: StoreKey
  private let cache = ProfileCache()

  /// Opens or makes the database at `path`.
  package init(path: String, key: StoreKey) throws(ClientError) {
    var configuration = Configuration()
    configuration.busyMode = .timeout(30)
    configuration.label = "liaison.profile"
    configuration.prepareDatabase { db in
      try db.execute(
        sql: """
          PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;
          PRAGMA temp_store = MEMORY
          """)
    }
    do {
      queue = try DatabaseQueue(path: path, configuration: configuration)
      try ProfileSchema.migrator.migrate(queue)
    } catch { throw Self.error(error) }
    self.key = key
  }

  /// Runs `body` in a transaction that commits where it returns and leaves no trace where it throws.
  package func change<Result>(_ body: (ProfileTransaction) throws -> Result) throws -> Result {
    do {
      return try queue.writeWithoutTransaction { db in
        do { return try transaction(db, .immediate, body) } catch {
          cache.drop()
          throw error
        }
      }
    } catch let error as DatabaseError { throw Self.error(error) }
  }

  /// Runs `body` over one consistent state.
  package func read<Result>(_ body: (ProfileTransaction) throws -> Result) throws -> Result {
    do {
      // `DatabaseQueue.read` would set `query_only` and back, at which SQLite prepares every statement anew.
      return try queue.unsafeRead { db in try transaction(db, .deferred, body) }
    } catch let error as DatabaseError { throw Self.error(error) }
  }

  private func transaction<Result>(
    _ db: Database, _ kind: Database.TransactionKind, _ body: (ProfileTransaction) throws -> Result
  ) throws -> Result {
    var result: Result?
    try db.inTransaction(kind) {
      try cache.begin(db)
      result = try body(ProfileTransaction(db: db, key: key, cache: cache))
      return .commit
    }
    guard let result else { preconditionFailure("a transaction committed without a result") }
    return result
  }

  private static let full = ClientError(.later, "disk-full", "the disk is full; nothing was changed")

  /// Closes the database; the store is of no use after that. Throws where it is in use.
  func close() throws {
    do { try queue.close() } catch { throw Self.error(error) }
  }

  static func error(_ error: any Error) -> ClientError {
    guard let error = error as? DatabaseError else {
      return error as? ClientError
        ?? ClientError(.inputOutput, "profile-unusable", "the profile's database cannot be used")
    }
    return switch error.resultCode {
    case .SQLITE_FULL: full
    // No room for what programs share.
    case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: full
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      ClientError(.later, "profile-busy", "another program keeps the profile busy; nothing was changed")
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      ClientError(.badData, "profile-damaged", "the profile's database is damaged")
    case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_IOERR:
      ClientError(
        .inputOutput, "profile-unusable", "the profile's database cannot be read or written; nothing was changed")
    default:
      ClientError(
        .badData, "profile-inconsistent",
        "the profile's database breaks one of its rules (SQLite \(error.extendedResultCode.rawValue))")
    }
  }
}
