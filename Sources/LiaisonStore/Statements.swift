internal import FoundationEssentials
internal import GRDB
internal import GRDBSQLite
internal import LiaisonNode

// GRDB prepares the statements and keeps them; they are bound, stepped and read by SQLite's own functions. A message
// takes dozens of them, and most of what one cost was boxing its arguments and copying its row twice.

/// What a parameter of a statement can be.
protocol Bindable {
  /// Binds it, and gives SQLite's result code.
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32
}

/// SQLite copies what is bound before it returns.
private let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: Bindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, self) }
}

extension Int: Bindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 { sqlite3_bind_int64(statement, index, Int64(self)) }
}

extension String: Bindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    withCString { sqlite3_bind_text(statement, index, $0, Int32(clamping: utf8.count), transient) }
  }
}

extension Array: Bindable where Element == UInt8 {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    isEmpty
      ? sqlite3_bind_zeroblob(statement, index, 0)
      : sqlite3_bind_blob64(statement, index, self, UInt64(count), transient)
  }
}

extension Optional: Bindable where Wrapped: Bindable {
  func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
    self?.bind(to: statement, at: index) ?? sqlite3_bind_null(statement, index)
  }
}

/// A row as it was read. The tables are STRICT: a column holds what its type says, or NULL where it may.
struct Row {
  private enum Value {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
  }

  private let values: [Value]

  fileprivate init(_ statement: OpaquePointer) {
    values = (0..<sqlite3_column_count(statement)).map { column in
      switch sqlite3_column_type(statement, column) {
      case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
      case SQLITE_TEXT:
        let text = sqlite3_column_text(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
      case SQLITE_BLOB:
        let blob = sqlite3_column_blob(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return .blob(Array(UnsafeRawBufferPointer(start: blob, count: count)))
      default: return .null
      }
    }
  }

  func optionalInteger(_ column: Int) -> Int64? { if case .integer(let value) = values[column] { value } else { nil } }
  func optionalText(_ column: Int) -> String? { if case .text(let value) = values[column] { value } else { nil } }
  func optionalBytes(_ column: Int) -> [UInt8]? { if case .blob(let value) = values[column] { value } else { nil } }

  func integer(_ column: Int) -> Int64 { optionalInteger(column) ?? 0 }
  func number(_ column: Int) -> Int { Int(clamping: integer(column)) }
  func unsigned(_ column: Int) -> UInt64 { UInt64(clamping: integer(column)) }
  func text(_ column: Int) -> String { optionalText(column) ?? "" }
  func bytes(_ column: Int) -> [UInt8] { optionalBytes(column) ?? [] }
}

extension SQLiteNodeTransaction {
  /// Runs one statement that returns nothing, and says how many rows it changed.
  @discardableResult
  func run<each Argument: Bindable>(_ sql: String, _ arguments: repeat each Argument) throws(StoreError) -> Int {
    _ = try step(sql, atMost: 0, repeat each arguments)
    return database.changesCount
  }

  /// The first row, where there is one.
  func row<each Argument: Bindable>(_ sql: String, _ arguments: repeat each Argument) throws(StoreError) -> Row? {
    try step(sql, atMost: 1, repeat each arguments).first
  }

  func rows<each Argument: Bindable>(_ sql: String, _ arguments: repeat each Argument) throws(StoreError) -> [Row] {
    try step(sql, atMost: .max, repeat each arguments)
  }

  /// Runs a statement until it has given so many rows, or is done.
  private func step<each Argument: Bindable>(
    _ sql: String, atMost count: Int, _ arguments: repeat each Argument
  ) throws(StoreError) -> [Row] {
    let statement: OpaquePointer
    do { statement = try database.cachedStatement(sql: sql).sqliteStatement } catch { throw StoreError(error) }
    defer {
      // It gives again what the last step gave.
      sqlite3_reset(statement)
      sqlite3_clear_bindings(statement)
    }
    var index: Int32 = 0
    for argument in repeat each arguments {
      index += 1
      let code = argument.bind(to: statement, at: index)
      guard code == SQLITE_OK else { throw failure(code) }
    }
    precondition(index == sqlite3_bind_parameter_count(statement), "a statement has as many parameters as arguments")
    var rows: [Row] = []
    while true {
      switch sqlite3_step(statement) {
      case SQLITE_ROW:
        rows.append(Row(statement))
        if rows.count >= count { return rows }
      case SQLITE_DONE: return rows
      case let code: throw failure(code)
      }
    }
  }

  private func failure(_ code: Int32) -> StoreError {
    let message = database.sqliteConnection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
    return StoreError(DatabaseError(resultCode: ResultCode(rawValue: code), message: message))
  }
}
