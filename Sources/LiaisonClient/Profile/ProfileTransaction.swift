internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import Sodium
internal import TLSPresentation

/// One transaction on a profile: rows that seal themselves. Each concept adds its own operations in an extension.
package struct ProfileTransaction {
  let db: Database
  let key: StoreKey
  let cache: ProfileCache

  /// The sealed form of a value of this table and row.
  func seal(_ value: some TLSEncodable, _ table: StaticString, _ row: [UInt8]) -> Data {
    Data(key.seal(value.tlsEncoded, context: Self.context(table, row)))
  }

  /// Opens a sealed value of this table and row.
  func open<Value: TLSDecodable>(
    _ sealed: Data, _ table: StaticString, _ row: [UInt8], as type: Value.Type = Value.self
  ) throws -> Value {
    guard let bytes = try? key.open(Array(sealed), context: Self.context(table, row)),
      let value = try? Value(tlsEncoded: bytes)
    else { throw ClientError.damagedStore }
    return value
  }

  private static func context(_ table: StaticString, _ row: [UInt8]) -> [UInt8] {
    Array("\(table)".utf8) + [0] + row
  }

  /// A blind index: `kind` keeps equal bytes of different kinds apart.
  private func index(_ kind: StaticString, _ bytes: [UInt8]) -> [UInt8] {
    key.index(Array("\(kind)".utf8) + [0] + bytes)
  }

  func index(_ room: RoomIdentifier) -> [UInt8] { index("room", room.bytes) }
  func index(_ message: MessageIdentifier) -> [UInt8] { index("message", message.bytes) }
  func index(_ handle: Handle) -> [UInt8] { index("node", Array(handle.description.utf8)) }
  func index(_ address: Address) -> [UInt8] { index("member", Array(address.description.utf8)) }
  func index(envelope digest: [UInt8]) -> [UInt8] { index("envelope", digest) }
  func index(keyPackage reference: [UInt8]) -> [UInt8] { index("keyPackage", reference) }
  func index(sender: DeviceIdentifier) -> [UInt8] { index("sender", sender.bytes) }
  func index(file: [UInt8]) -> [UInt8] { index("file", file) }
  func index(vouch: VouchIdentifier, of voucher: Address) -> [UInt8] {
    index("vouch", vouch.bytes + Array(voucher.description.utf8))
  }
  /// Of the first four hexadecimal digits of an identifier.
  func index(prefix: [UInt8]) -> [UInt8] { index("prefix", Array(prefix.prefix(2))) }

  // MARK: Settings and counters

  func setting<Value: TLSDecodable>(_ name: String, as type: Value.Type = Value.self) throws -> Value? {
    try db.value(Data.self, sql: "SELECT value FROM settings WHERE name = ?", arguments: [name])
      .map { try open($0, "settings", Array(name.utf8)) }
  }

  func set(_ name: String, to value: (some TLSEncodable)?) throws {
    guard let value else { return try db.run(sql: "DELETE FROM settings WHERE name = ?", arguments: [name]) }
    try db.run(
      sql: "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      arguments: [name, seal(value, "settings", Array(name.utf8))])
  }

  func counter(_ name: String) throws -> UInt64 {
    UInt64(
      bitPattern: try db.value(Int64.self, sql: "SELECT value FROM counters WHERE name = ?", arguments: [name]) ?? 0)
  }

  func setCounter(_ name: String, to value: UInt64) throws {
    try db.run(
      sql: "INSERT INTO counters (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      arguments: [name, Int64(bitPattern: value)])
  }

  /// Runs `body` so that what it changed is undone where it throws, and the transaction goes on.
  func attempt<Result>(_ body: () throws -> Result) throws -> Result {
    let before = cache.snapshot
    try db.run(sql: "SAVEPOINT attempt")
    do {
      let result = try body()
      try db.run(sql: "RELEASE attempt")
      return result
    } catch {
      cache.snapshot = before
      try db.run(sql: "ROLLBACK TO attempt")
      try db.run(sql: "RELEASE attempt")
      throw error
    }
  }
}

/// Statements that stay prepared: each is run once a message or more.
extension Database {
  func run(sql: String, arguments: StatementArguments = []) throws {
    try cachedStatement(sql: sql).execute(arguments: arguments)
  }

  func row(sql: String, arguments: StatementArguments = []) throws -> Row? {
    try Row.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }

  func rows(sql: String, arguments: StatementArguments = []) throws -> [Row] {
    try Row.fetchAll(cachedStatement(sql: sql), arguments: arguments)
  }

  /// The first column of the first row.
  func value<Value: DatabaseValueConvertible & StatementColumnConvertible>(
    _ type: Value.Type, sql: String, arguments: StatementArguments = []
  ) throws -> Value? {
    try Value.fetchOne(cachedStatement(sql: sql), arguments: arguments)
  }
}
