internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
internal import TLSPresentation

/// Whose numbers a row of `senders` counts.
struct SenderRecord: TLSCodable {
  let address: Address

  init(address: Address) { self.address = address }
  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { address = try decoder.read() }
  func encode(to encoder: inout TLSEncoder) { encoder.write(address) }
}

/// Messages of one sender that have not come, although a later one has.
package struct Gap: Sendable, Equatable {
  package let sender: Address
  package let numbers: ClosedRange<UInt64>
}

extension ProfileTransaction {
  private func senderRow(_ room: RoomIdentifier, _ device: DeviceIdentifier) -> [UInt8] {
    index(room) + index(sender: device)
  }

  /// The number that this sender's next message should have; kept where something is known of the sender already.
  func expect(_ number: UInt64, from sender: RoomMember, in room: RoomIdentifier) throws {
    try db.execute(
      sql: "INSERT INTO senders (room, sender, next, value) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      arguments: [
        Data(index(room)), Data(index(sender: sender.device)), Int64(clamping: number),
        seal(SenderRecord(address: sender.address), "senders", senderRow(room, sender.device)),
      ])
  }

  /// Counts a message of `sender`. What it skips is missing from now on; what was missing no longer is. `false` where
  /// the number was there before.
  func count(_ number: UInt64, of sender: RoomMember, in room: RoomIdentifier) throws -> Bool {
    guard let number = Int64(exactly: number), number > 0, number < .max else { return false }
    // The first message that is ever seen of somebody who was here before sets where counting starts.
    try expect(UInt64(number), from: sender, in: room)
    let key: StatementArguments = [Data(index(room)), Data(index(sender: sender.device))]
    guard
      let next = try Int64.fetchOne(db, sql: "SELECT next FROM senders WHERE room = ? AND sender = ?", arguments: key)
    else { throw ClientError.damagedStore }
    if number < next { return try fillGap(number, key) }
    if number > next {
      let count =
        try Int.fetchOne(db, sql: "SELECT count(*) FROM gaps WHERE room = ? AND sender = ?", arguments: key) ?? 0
      if count < RoomPolicy.gapsPerSenderMax { try insertGap(next, number - 1, key) }
    }
    try db.execute(
      sql: "UPDATE senders SET next = ? WHERE room = ? AND sender = ?", arguments: [number + 1] + key)
    return true
  }

  /// Takes a number out of the range that misses it.
  private func fillGap(_ number: Int64, _ key: StatementArguments) throws -> Bool {
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT first, last FROM gaps WHERE room = ? AND sender = ? AND first <= ? AND last >= ?",
        arguments: key + [number, number])
    else { return false }
    let first: Int64 = row["first"]
    let last: Int64 = row["last"]
    try db.execute(sql: "DELETE FROM gaps WHERE room = ? AND sender = ? AND first = ?", arguments: key + [first])
    if first < number { try insertGap(first, number - 1, key) }
    if number < last { try insertGap(number + 1, last, key) }
    return true
  }

  private func insertGap(_ first: Int64, _ last: Int64, _ key: StatementArguments) throws {
    try db.execute(
      sql: "INSERT INTO gaps (room, sender, first, last) VALUES (?, ?, ?, ?)", arguments: key + [first, last])
  }

  /// What is missing in a room, by sender.
  func gaps(_ room: RoomIdentifier) throws -> [Gap] {
    let row = index(room)
    return try Row.fetchAll(
      db,
      sql: """
        SELECT senders.sender AS sender, value, first, last FROM gaps JOIN senders USING (room, sender)
        WHERE gaps.room = ? ORDER BY gaps.sender, first
        """, arguments: [Data(row)]
    ).map { found in
      let sender: SenderRecord = try open(found["value"], "senders", row + Array(found["sender"] as Data))
      let first: Int64 = found["first"]
      let last: Int64 = found["last"]
      return Gap(sender: sender.address, numbers: UInt64(first)...UInt64(last))
    }
  }
}
