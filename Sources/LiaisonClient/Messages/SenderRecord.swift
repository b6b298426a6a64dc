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
  package enum State: Sendable {
    case missing
    /// Their sender was asked for them.
    case asked
    /// Their sender said that it cannot send them again.
    case gone
  }

  package let sender: Address
  package let numbers: ClosedRange<UInt64>
  package let state: State
}

/// The number from which a sender's messages are expected.
enum CountingStart: Int64 {
  /// Whichever is seen first: what was before that was for others.
  case firstSeen = 0
  /// 1: the sender came when this device was there already.
  case one = 1
}

/// A row of `senders`: what came of a device since it, or this device, came into the room.
struct Counted {
  fileprivate let key: StatementArguments
  fileprivate let first: Int64
  fileprivate let next: Int64
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

  /// The epoch since which a device has been in the room, as far back as this device itself has been.
  func since(_ device: DeviceIdentifier, in room: RoomIdentifier) throws -> UInt64? {
    try db.value(
      Int64.self, sql: "SELECT max(since) FROM senders WHERE room = ? AND sender = ?",
      arguments: [Data(index(room)), Data(index(sender: device))]
    ).map { UInt64(clamping: $0) }
  }

  /// How the messages are counted that `device` encrypted in `epoch`.
  func counted(_ device: DeviceIdentifier, in room: RoomIdentifier, epoch: UInt64) throws -> Counted? {
    let key: StatementArguments = [Data(index(room)), Data(index(sender: device))]
    return try db.row(
      sql: "SELECT * FROM senders WHERE room = ? AND sender = ? AND since <= ? ORDER BY since DESC LIMIT 1",
      arguments: key + [Int64(clamping: epoch)]
    ).map { Counted(key: key + [$0["since"] as Int64], first: $0["first"], next: $0["next"]) }
  }

  /// Counts a message that `sender` encrypted in `epoch`. What it skips is missing from now on, and its sender is asked
  /// for it after a while; what was missing no longer is. `false` where the number was there before.
  func count(
    _ number: UInt64, of sender: RoomMember, in room: RoomIdentifier, epoch: UInt64, now: Timestamp
  ) throws -> Bool {
    guard let number = Int64(exactly: number), number > 0, number < .max else { return false }
    guard let counted = try counted(sender.device, in: room, epoch: epoch) else { throw ClientError.damagedStore }
    if counted.next == CountingStart.firstSeen.rawValue {
      try update(counted, first: number, next: number + 1)
    } else if number < counted.first {
      // Counting began with a later one that overtook it.
      if try insertGap(number + 1, counted.first - 1, counted) { try beginAsking(sender, in: room, now: now) }
      try update(counted, first: number, next: counted.next)
    } else if number < counted.next {
      guard try fill(number, counted) != nil else { return false }
      try endAskingWhereComplete(sender.device, in: room)
    } else {
      if try insertGap(counted.next, number - 1, counted) { try beginAsking(sender, in: room, now: now) }
      try update(counted, first: counted.first, next: number + 1)
    }
    return true
  }

  private func update(_ counted: Counted, first: Int64, next: Int64) throws {
    try db.run(
      sql: "UPDATE senders SET first = ?, next = ? WHERE room = ? AND sender = ? AND since = ?",
      arguments: [first, next] + counted.key)
  }

  private static let isCounted = "room = ? AND sender = ? AND since = ?"

  /// Whether a number is missing, and was not said to be gone.
  func isMissing(_ number: UInt64, _ counted: Counted) throws -> Bool {
    guard let number = Int64(exactly: number) else { return false }
    return try db.value(
      Bool.self,
      sql: "SELECT EXISTS (SELECT 1 FROM gaps WHERE \(Self.isCounted) AND first <= ? AND last >= ? AND gone = 0)",
      arguments: counted.key + [number, number]) ?? false
  }

  /// Takes a number out of the range that misses it. `nil` where none does; else whether it was said to be gone.
  @discardableResult
  private func fill(_ number: Int64, _ counted: Counted) throws -> Bool? {
    guard
      let row = try db.row(
        sql: "SELECT first, last, gone FROM gaps WHERE \(Self.isCounted) AND first <= ? AND last >= ?",
        arguments: counted.key + [number, number])
    else { return nil }
    let (first, last, isGone): (Int64, Int64, Bool) = (row["first"], row["last"], row["gone"])
    try db.run(sql: "DELETE FROM gaps WHERE \(Self.isCounted) AND first = ?", arguments: counted.key + [first])
    try insertGap(first, number - 1, counted, isGone: isGone)
    try insertGap(number + 1, last, counted, isGone: isGone)
    return isGone
  }

  /// A missing message came again, or its sender said that there is nothing to miss.
  func fill(missing number: UInt64, _ counted: Counted) throws {
    guard try isMissing(number, counted), let number = Int64(exactly: number) else { return }
    try fill(number, counted)
  }

  /// The sender said of these that it cannot send them again: those that are missing are gone for good.
  func giveUp(missing range: ClosedRange<UInt64>, _ counted: Counted) throws {
    guard let first = Int64(exactly: range.lowerBound) else { return }
    let last = Int64(clamping: range.upperBound)
    let rows = try db.rows(
      sql: "SELECT first, last FROM gaps WHERE \(Self.isCounted) AND first <= ? AND last >= ? AND gone = 0",
      arguments: counted.key + [last, first])
    for row in rows {
      let (start, end): (Int64, Int64) = (row["first"], row["last"])
      try db.run(sql: "DELETE FROM gaps WHERE \(Self.isCounted) AND first = ?", arguments: counted.key + [start])
      if start < first { try insertGap(start, first - 1, counted) }
      try insertGap(max(start, first), min(end, last), counted, isGone: true)
      if end > last { try insertGap(last + 1, end, counted) }
    }
  }

  /// Notes that these are missing, if any, and unless too much is noted of this sender already. Gives whether it did.
  @discardableResult
  private func insertGap(_ first: Int64, _ last: Int64, _ counted: Counted, isGone: Bool = false) throws -> Bool {
    guard first <= last else { return false }
    try db.run(
      sql: """
        INSERT INTO gaps (room, sender, since, first, last, gone) SELECT ?1, ?2, ?3, ?4, ?5, ?6
        WHERE (SELECT count(*) FROM gaps WHERE room = ?1 AND sender = ?2) < ?7
        """,
      arguments: counted.key + [first, last, isGone, RoomPolicy.gapsPerSenderMax])
    return db.changesCount > 0
  }

  /// What is missing of a sender and not gone, lowest numbers first, in at most `limit` ranges.
  func missing(_ counted: Counted, limit: Int) throws -> [NumberRange] {
    try db.rows(
      sql: "SELECT first, last FROM gaps WHERE \(Self.isCounted) AND gone = 0 ORDER BY first LIMIT ?",
      arguments: counted.key + [limit]
    ).map { row in
      let (first, last): (Int64, Int64) = (row["first"], row["last"])
      return NumberRange(UInt64(first)...UInt64(last))
    }
  }

  /// What is missing in a room, by sender.
  func gaps(_ room: RoomIdentifier) throws -> [Gap] {
    let index = index(room)
    return try db.rows(
      sql: """
        SELECT gaps.sender AS sender, senders.value AS value, gaps.first AS first, last, gone, asks.value AS ask,
          since = (SELECT max(since) FROM senders AS other WHERE other.room = gaps.room AND other.sender = gaps.sender)
            AS isLatest
        FROM gaps JOIN senders USING (room, sender, since) LEFT JOIN asks USING (room, sender)
        WHERE gaps.room = ? ORDER BY gaps.sender, since, gaps.first
        """, arguments: [Data(index)]
    ).map { found in
      let row = index + Array(found["sender"] as Data)
      let sender: SenderRecord = try open(found["value"], "senders", row)
      let ask: AskRecord? = try (found["ask"] as Data?).map { try open($0, "asks", row) }
      let (first, last): (Int64, Int64) = (found["first"], found["last"])
      let isAsked = found["isLatest"] && ask?.attempts ?? 0 > 0
      return Gap(
        sender: sender.address, numbers: UInt64(first)...UInt64(last),
        state: found["gone"] ? .gone : isAsked ? .asked : .missing)
    }
  }
}
