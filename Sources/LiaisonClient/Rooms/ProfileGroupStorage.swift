internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import MLS
internal import Sodium

/// One room's group records in the profile's database, within a transaction. Each is sealed, bound to its room and key.
package struct ProfileGroupStorage: GroupStorage {
  private let tx: ProfileTransaction
  private let room: [UInt8]

  package init(_ tx: ProfileTransaction, _ room: RoomIdentifier) {
    self.tx = tx
    self.room = tx.index(room)
  }

  package func records(in range: ClosedRange<RecordKey>) throws -> [StoredRecord] {
    let statement = try tx.db.cachedStatement(
      sql: """
        SELECT kind, epoch, item, value FROM groupRecords
        WHERE room = ? AND (kind, epoch, item) >= (?, ?, ?) AND (kind, epoch, item) <= (?, ?, ?)
        ORDER BY kind, epoch, item
        """)
    let rows = try Row.fetchCursor(statement, arguments: arguments(range))
    var records: [StoredRecord] = []
    while let row = try rows.next() {
      let kind: Int = row[0]
      guard let kind = UInt8(exactly: kind).flatMap(RecordKey.Kind.init(rawValue:)) else {
        throw ClientError.damagedStore
      }
      let key = RecordKey(kind: kind, epoch: Self.epoch(row[1]), item: UInt64(bitPattern: row[2]))
      let sealed: Data = row[3]
      guard let value = try? tx.key.open(Array(sealed), context: context(key)) else { throw ClientError.damagedStore }
      records.append(StoredRecord(key: key, value: value))
    }
    return records
  }

  package func write(_ value: [UInt8], for key: RecordKey) throws {
    let statement = try tx.db.cachedStatement(
      sql: """
        INSERT INTO groupRecords (room, kind, epoch, item, value) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET value = excluded.value
        """)
    try statement.execute(
      arguments: [Data(room)] + columns(key) + [Data(tx.key.seal(value, context: context(key)))])
  }

  package func remove(_ range: ClosedRange<RecordKey>) throws {
    let statement = try tx.db.cachedStatement(
      sql: """
        DELETE FROM groupRecords
        WHERE room = ? AND (kind, epoch, item) >= (?, ?, ?) AND (kind, epoch, item) <= (?, ?, ?)
        """)
    try statement.execute(arguments: arguments(range))
  }

  private func arguments(_ range: ClosedRange<RecordKey>) -> StatementArguments {
    [Data(room)] + columns(range.lowerBound) + columns(range.upperBound)
  }

  private func columns(_ key: RecordKey) -> StatementArguments {
    // Only the upper bound of a range has an item that is too large for SQLite.
    [Int(key.kind.rawValue), Self.column(key.epoch), Int64(clamping: key.item)]
  }

  /// SQLite's integers are signed: an epoch is shifted by half their range, so that it keeps its order.
  private static func column(_ epoch: UInt64) -> Int64 { Int64(bitPattern: epoch ^ 1 << 63) }

  private static func epoch(_ column: Int64) -> UInt64 { UInt64(bitPattern: column) ^ 1 << 63 }

  private func context(_ key: RecordKey) -> [UInt8] {
    var context = Array("groupRecords".utf8) + [0] + room + [key.kind.rawValue]
    for number in [key.epoch, key.item] {
      for shift in stride(from: 56, through: 0, by: -8) { context.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    return context
  }
}
