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

/// The number from which a sender's messages are expected.
enum CountingStart: Int64 {
  /// Whichever is seen first: what was before that was for others.
  case firstSeen = 0
  /// 1: the sender came when this device was there already.
  case one = 1
}

extension ProfileTransaction {
  private func senderRow(_ room: RoomIdentifier, _ device: DeviceIdentifier) -> [UInt8] {
    index(room) + index(sender: device)
  }

  /// The sender's messages of epoch `since` and later are numbered anew, because it or this device came into the room
  /// in that epoch. Late messages of earlier epochs are still counted as they were.
  func expect(_ start: CountingStart, from sender: RoomMember, in room: RoomIdentifier, since epoch: UInt64) throws {
    try db.run(
      sql: """
        INSERT INTO senders (room, sender, since, first, next, value) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
        """,
      arguments: [
        Data(index(room)), Data(index(sender: sender.device)), Int64(clamping: epoch), start.rawValue, start.rawValue,
        seal(SenderRecord(address: sender.address), "senders", senderRow(room, sender.device)),
      ])
  }

  /// Counts a message that `sender` encrypted in `epoch`. What it skips is missing from now on; what was missing no
  /// longer is. `false` where the number was there before.
  func count(_ number: UInt64, of sender: RoomMember, in room: RoomIdentifier, epoch: UInt64) throws -> Bool {
    guard let number = Int64(exactly: number), number > 0, number < .max else { return false }
    let key: StatementArguments = [Data(index(room)), Data(index(sender: sender.device))]
    guard
      let row = try db.row(
        sql: "SELECT * FROM senders WHERE room = ? AND sender = ? AND since <= ? ORDER BY since DESC LIMIT 1",
        arguments: key + [Int64(clamping: epoch)])
    else { throw ClientError.damagedStore }
    let counted = Counted(key: key + [row["since"] as Int64], first: row["first"], next: row["next"])
    if counted.next == CountingStart.firstSeen.rawValue {
      try update(counted, first: number, next: number + 1)
    } else if number < counted.first {
      // Counting began with a later one that overtook it.
      try insertGap(number + 1, counted.first - 1, counted)
      try update(counted, first: number, next: counted.next)
    } else if number < counted.next {
      return try fillGap(number, counted)
    } else {
      try insertGap(counted.next, number - 1, counted)
      try update(counted, first: counted.first, next: number + 1)
    }
    return true
  }

  /// A row of `senders`.
  private struct Counted {
    let key: StatementArguments
    let first: Int64
    let next: Int64
  }

  private func update(_ counted: Counted, first: Int64, next: Int64) throws {
    try db.run(
      sql: "UPDATE senders SET first = ?, next = ? WHERE room = ? AND sender = ? AND since = ?",
      arguments: [first, next] + counted.key)
  }

  /// Takes a number out of the range that misses it.
  private func fillGap(_ number: Int64, _ counted: Counted) throws -> Bool {
    let isHere = "room = ? AND sender = ? AND since = ?"
    guard
      let row = try db.row(
        sql: "SELECT first, last FROM gaps WHERE \(isHere) AND first <= ? AND last >= ?",
        arguments: counted.key + [number, number])
    else { return false }
    let first: Int64 = row["first"]
    let last: Int64 = row["last"]
    try db.run(sql: "DELETE FROM gaps WHERE \(isHere) AND first = ?", arguments: counted.key + [first])
    try insertGap(first, number - 1, counted)
    try insertGap(number + 1, last, counted)
    return true
  }

  /// Notes that these are missing, if any, and unless too much is noted of this sender already.
  private func insertGap(_ first: Int64, _ last: Int64, _ counted: Counted) throws {
    guard first <= last else { return }
    try db.run(
      sql: """
        INSERT INTO gaps (room, sender, since, first, last) SELECT ?1, ?2, ?3, ?4, ?5
        WHERE (SELECT count(*) FROM gaps WHERE room = ?1 AND sender = ?2) < ?6
        """,
      arguments: counted.key + [first, last, RoomPolicy.gapsPerSenderMax])
  }

  /// What is missing in a room, by sender.
  func gaps(_ room: RoomIdentifier) throws -> [Gap] {
    let row = index(room)
    return try db.rows(
      sql: """
        SELECT gaps.sender AS sender, value, gaps.first AS first, last FROM gaps JOIN senders USING (room, sender, since)
        WHERE gaps.room = ? ORDER BY gaps.sender, since, gaps.first
        """, arguments: [Data(row)]
    ).map { found in
      let sender: SenderRecord = try open(found["value"], "senders", row + Array(found["sender"] as Data))
      let first: Int64 = found["first"]
      let last: Int64 = found["last"]
      return Gap(sender: sender.address, numbers: UInt64(first)...UInt64(last))
    }
  }
}
