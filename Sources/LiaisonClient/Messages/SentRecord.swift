internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// What a number of this device's stands for in a room.
struct SentRecord {
  enum Message {
    /// One that people see.
    case entry(HistoryRecord)
    case content(MessageContent)
    /// A request for missing messages, or an answer: nobody misses it.
    case idle
  }

  /// The epoch in which it was encrypted.
  let epoch: UInt64
  let message: Message
}

extension ProfileTransaction {
  private func row(_ room: RoomIdentifier, _ sequence: UInt64) -> [UInt8] {
    var encoder = TLSEncoder()
    encoder.write(sequence)
    return index(room) + encoder.bytes
  }

  /// Notes what was sent under a number. `position` is its place in history, where people see it.
  func noteSent(_ content: MessageContent, in room: RoomIdentifier, epoch: UInt64, position: Int64?) throws {
    let isIdle =
      switch content.body {
      case .missing, .again: true
      default: false
      }
    let value = position == nil && !isIdle ? seal(content, "sent", row(room, content.sequence)) : nil
    let statement = try db.cachedStatement(
      sql: "INSERT INTO sent (room, sequence, epoch, position, value) VALUES (?, ?, ?, ?, ?)")
    try statement.execute(
      arguments: [
        Data(index(room)), Int64(clamping: content.sequence), Int64(clamping: epoch), position, value,
      ])
  }

  /// What was sent under a number; `nil` where that is not known any more.
  func sent(_ sequence: UInt64, in room: RoomIdentifier) throws -> SentRecord? {
    guard
      let found = try db.row(
        sql: "SELECT epoch, position, value FROM sent WHERE room = ? AND sequence = ?",
        arguments: [Data(index(room)), Int64(clamping: sequence)])
    else { return nil }
    let epoch = UInt64(clamping: found["epoch"] as Int64)
    if let position = found["position"] as Int64? {
      return try db.row(
        sql: "SELECT position, message, value FROM history WHERE position = ?", arguments: [position]
      )
      .map { SentRecord(epoch: epoch, message: .entry(try history($0).record)) }
    }
    guard let value = found["value"] as Data? else { return SentRecord(epoch: epoch, message: .idle) }
    return SentRecord(epoch: epoch, message: .content(try open(value, "sent", row(room, sequence))))
  }

  /// The number of this device's latest message in the room.
  func lastSequence(_ room: RoomIdentifier) throws -> UInt64 {
    UInt64(
      clamping: try db.value(
        Int64.self, sql: "SELECT sequence FROM rooms WHERE room = ?", arguments: [Data(index(room))]) ?? 0)
  }

  /// Forgets what was sent under numbers long past.
  func forgetOldSent() throws {
    for record in try rooms() {
      let last = try lastSequence(record.room)
      guard last > UInt64(AskPolicy.sentPerRoomMax) else { continue }
      try db.run(
        sql: "DELETE FROM sent WHERE room = ? AND sequence <= ?",
        arguments: [Data(index(record.room)), Int64(clamping: last) - Int64(AskPolicy.sentPerRoomMax)])
    }
  }

  /// Whether one more request of a device may be answered now; it is counted by asking.
  func mayAnswer(_ device: DeviceIdentifier, in room: RoomIdentifier, now: Timestamp) throws -> Bool {
    let start = now.milliseconds - min(now.milliseconds, AskPolicy.answersMilliseconds)
    try db.run(
      sql: """
        INSERT INTO answers (room, asker, since, count) VALUES (?, ?, ?, 1) ON CONFLICT (room, asker) DO UPDATE SET
          count = CASE WHEN since <= ?4 OR since > ?3 THEN 1 ELSE count + 1 END,
          since = CASE WHEN since <= ?4 OR since > ?3 THEN ?3 ELSE since END
        WHERE since <= ?4 OR since > ?3 OR count < ?5
        """,
      arguments: [
        Data(index(room)), Data(index(sender: device)), Int64(clamping: now.milliseconds), Int64(clamping: start),
        AskPolicy.answersMax,
      ])
    return db.changesCount > 0
  }
}
