internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import TLSPresentation

/// Where this device stands with a room.
package enum RoomState: UInt8, Sendable {
  /// Made here; those whom it is for are being added, and what was written to it waits.
  case establishing = 1
  case active = 2
  /// This member announced its leave; somebody's commit will make it so.
  case leaving = 3
  /// This member is out: it left or was removed.
  case ended = 4
  /// A commit could not be followed: what comes after it cannot be read.
  case damaged = 5
  /// This device is not in it, or not any more, and comes in by itself; what was written to it waits.
  case comingIn = 6
}

/// A room as the profile keeps it, besides its MLS state.
package struct RoomRecord: TLSCodable {
  let room: RoomIdentifier
  var hub: Handle
  var title: String
  var state: RoomState
  /// Whether the hub knows the room.
  var isRegistered: Bool
  /// Whom it was made for, where it was made here without a title.
  var addressees: [Address]
  /// When this device's leaf got its present keys.
  var refreshedAt: Timestamp
  /// The earliest epoch on top of which this device can come in.
  var comesInFrom: UInt64 = 0
  /// The room that goes on in the place of this one, and the room in whose place this one goes on.
  var successor: RoomIdentifier?
  var predecessor: RoomIdentifier?
  /// The duty role that it is written to, where it is one's room.
  var duty: RoomDuty?

  package init(
    room: RoomIdentifier, hub: Handle, title: String, state: RoomState, isRegistered: Bool, addressees: [Address],
    refreshedAt: Timestamp
  ) {
    self.room = room
    self.hub = hub
    self.title = title
    self.state = state
    self.isRegistered = isRegistered
    self.addressees = addressees
    self.refreshedAt = refreshedAt
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let version = try decoder.read(UInt8.self)
    guard 1...2 ~= version else { throw .invalid("a room's record has an unknown format") }
    room = try decoder.read()
    hub = try decoder.read()
    title = try decoder.readString(bound: Limits.titleBytesMax)
    guard let state = RoomState(rawValue: try decoder.read(UInt8.self)) else {
      throw .invalid("a room's record has an unknown state")
    }
    self.state = state
    isRegistered = try decoder.read(UInt8.self) == 1
    addressees = try decoder.readVector(bound: Limits.roomMembersMax * 98)
    refreshedAt = try decoder.read()
    comesInFrom = try decoder.read()
    successor = try decoder.readOptional()
    predecessor = try decoder.readOptional()
    if version == 2 { duty = try decoder.read() }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(duty == nil ? 1 : 2))
    encoder.write(room)
    encoder.write(hub)
    encoder.write(string: title)
    encoder.write(state.rawValue)
    encoder.write(UInt8(isRegistered ? 1 : 0))
    encoder.write(vector: addressees)
    encoder.write(refreshedAt)
    encoder.write(comesInFrom)
    encoder.write(optional: successor)
    encoder.write(optional: predecessor)
    if let duty { encoder.write(duty) }
  }
}

extension ProfileTransaction {
  func room(_ room: RoomIdentifier) throws -> RoomRecord? {
    if let rooms = cache[\.rooms] { return rooms.first { $0.room == room } }
    return try db.value(Data.self, sql: "SELECT value FROM rooms WHERE room = ?", arguments: [Data(index(room))])
      .map { try open($0, "rooms", index(room)) }
  }

  func rooms() throws -> [RoomRecord] {
    if let rooms = cache[\.rooms] { return rooms }
    let rooms: [RoomRecord] = try db.rows(sql: "SELECT room, value FROM rooms").map { row in
      try open(row["value"], "rooms", Array(row["room"] as Data))
    }
    cache[\.rooms] = rooms
    return rooms
  }

  package func save(_ room: RoomRecord) throws {
    let row = index(room.room)
    try db.run(
      sql: """
        INSERT INTO rooms (room, sequence, value) VALUES (?, 0, ?) ON CONFLICT (room) DO UPDATE SET value = excluded.value
        """, arguments: [Data(row), seal(room, "rooms", row)])
    guard var rooms = cache[\.rooms] else { return }
    if let place = rooms.firstIndex(where: { $0.room == room.room }) { rooms[place] = room } else { rooms.append(room) }
    cache[\.rooms] = rooms
  }

  /// The number of this device's next message in the room; it is used up by asking.
  func nextSequence(_ room: RoomIdentifier) throws -> UInt64 {
    let row = Data(index(room))
    try db.run(sql: "UPDATE rooms SET sequence = sequence + 1 WHERE room = ?", arguments: [row])
    guard let value = try db.value(Int64.self, sql: "SELECT sequence FROM rooms WHERE room = ?", arguments: [row])
    else { throw ClientError.damagedStore }
    return UInt64(value)
  }

  /// This device came into the room, perhaps again: its next message is number 1.
  func restartSequence(_ room: RoomIdentifier) throws {
    try db.run(sql: "UPDATE rooms SET sequence = 0 WHERE room = ?", arguments: [Data(index(room))])
    try db.run(sql: "DELETE FROM sent WHERE room = ?", arguments: [Data(index(room))])
  }
}
