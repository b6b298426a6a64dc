internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import MLS
internal import TLSPresentation

/// A device of whose messages some are missing here.
struct AskRecord: TLSCodable {
  let room: RoomIdentifier
  let device: DeviceIdentifier
  /// How often it was asked for them.
  var attempts: UInt32 = 0
  /// What opens its answers; made with the first request.
  var answerKey: HPKEPrivateKey?

  init(room: RoomIdentifier, device: DeviceIdentifier) {
    self.room = room
    self.device = device
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a request has an unknown format") }
    room = try decoder.read()
    device = try decoder.read()
    attempts = try decoder.read()
    let key = try decoder.readOpaque(bound: 256)
    if !key.isEmpty { answerKey = HPKEPrivateKey(secret: Secret(wiping: key)) }
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(room)
    encoder.write(device)
    encoder.write(attempts)
    encoder.write(opaque: answerKey?.secret.exposedBytes ?? [])
  }
}

extension ProfileTransaction {
  private func row(_ room: RoomIdentifier, _ device: DeviceIdentifier) -> [UInt8] {
    index(room) + index(sender: device)
  }

  /// Some of a sender's messages are missing: it is asked for them if they do not come by themselves.
  func beginAsking(_ sender: RoomMember, in room: RoomIdentifier, now: Timestamp) throws {
    guard try ask(sender.device, in: room) == nil else { return }
    try save(
      AskRecord(room: room, device: sender.device), nextAt: now.adding(milliseconds: AskPolicy.firstMilliseconds))
  }

  func ask(_ device: DeviceIdentifier, in room: RoomIdentifier) throws -> AskRecord? {
    try db.value(
      Data.self, sql: "SELECT value FROM asks WHERE room = ? AND sender = ?",
      arguments: [Data(index(room)), Data(index(sender: device))]
    ).map { try open($0, "asks", row(room, device)) }
  }

  /// What is planned for later than this was planned by a clock that has been set back since, and is due.
  private func lastAskAt(from now: Timestamp) -> Int64 {
    Int64(clamping: now.adding(milliseconds: AskPolicy.waitsMilliseconds.max() ?? 0).milliseconds)
  }

  /// Those who are to be asked by now, at most `limit`.
  func dueAsks(now: Timestamp, limit: Int) throws -> [AskRecord] {
    let statement = try db.cachedStatement(
      sql: "SELECT room, sender, value FROM asks WHERE nextAt <= ? OR nextAt > ? ORDER BY nextAt LIMIT ?")
    return try Row.fetchAll(
      statement, arguments: [Int64(clamping: now.milliseconds), lastAskAt(from: now), limit]
    ).map { found in
      try open(found["value"], "asks", Array(found["room"] as Data) + Array(found["sender"] as Data))
    }
  }

  /// When somebody is to be asked next, if anybody is.
  func nextAskAt(now: Timestamp) throws -> Timestamp? {
    try db.value(
      Int64.self, sql: "SELECT min(CASE WHEN nextAt > ? THEN ? ELSE nextAt END) FROM asks",
      arguments: [lastAskAt(from: now), Int64(clamping: now.milliseconds)]
    ).map { Timestamp(milliseconds: UInt64(clamping: $0)) }
  }

  func save(_ ask: AskRecord, nextAt: Timestamp) throws {
    try db.run(
      sql: """
        INSERT INTO asks (room, sender, nextAt, value) VALUES (?, ?, ?, ?)
        ON CONFLICT (room, sender) DO UPDATE SET nextAt = excluded.nextAt, value = excluded.value
        """,
      arguments: [
        Data(index(ask.room)), Data(index(sender: ask.device)), Int64(clamping: nextAt.milliseconds),
        seal(ask, "asks", row(ask.room, ask.device)),
      ])
  }

  func delete(_ ask: AskRecord) throws {
    try db.run(
      sql: "DELETE FROM asks WHERE room = ? AND sender = ?",
      arguments: [Data(index(ask.room)), Data(index(sender: ask.device))])
  }

  /// Nobody is asked for what has come.
  func endAskingWhereComplete(_ device: DeviceIdentifier, in room: RoomIdentifier) throws {
    try db.run(
      sql: """
        DELETE FROM asks WHERE room = ?1 AND sender = ?2
        AND NOT EXISTS (SELECT 1 FROM gaps WHERE room = ?1 AND sender = ?2 AND gone = 0)
        """, arguments: [Data(index(room)), Data(index(sender: device))])
  }
}
