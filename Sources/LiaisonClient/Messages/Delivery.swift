internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// How far an own message came at one node.
struct Delivery: TLSCodable {
  enum Outcome {
    /// The own node has it on disk.
    case accepted(at: Timestamp)
    /// The node proved that it holds it.
    case receipt(Receipt)
    /// The node will not take it; its words, for people.
    case refused(reason: String, at: Timestamp)
    /// No receipt has come, and somebody there missed it: it was sent again inside another message.
    case sentAgain(at: Timestamp)
  }

  let node: Handle
  let outcome: Outcome

  init(node: Handle, _ outcome: Outcome) {
    self.node = node
    self.outcome = outcome
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a delivery has an unknown format") }
    node = try decoder.read()
    switch try decoder.read(UInt8.self) {
    case 1: outcome = .accepted(at: try decoder.read())
    case 2: outcome = .receipt(try decoder.read())
    case 3: outcome = .refused(reason: try decoder.readString(bound: 1024), at: try decoder.read())
    case 4: outcome = .sentAgain(at: try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(node)
    switch outcome {
    case .accepted(let at):
      encoder.write(UInt8(1))
      encoder.write(at)
    case .receipt(let receipt):
      encoder.write(UInt8(2))
      encoder.write(receipt)
    case .refused(let reason, let at):
      encoder.write(UInt8(3))
      encoder.write(string: reason)
      encoder.write(at)
    case .sentAgain(let at):
      encoder.write(UInt8(4))
      encoder.write(at)
    }
  }
}

/// What a person did with a message, as they said themselves.
struct Reading: TLSCodable {
  let member: Address
  /// Only what was said in the message's own room counts.
  let room: RoomIdentifier
  var displayedAt: Timestamp?
  var acknowledgedAt: Timestamp?

  init(member: Address, room: RoomIdentifier) {
    self.member = member
    self.room = room
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a reading has an unknown format") }
    member = try decoder.read()
    room = try decoder.read()
    displayedAt = try decoder.readOptional()
    acknowledgedAt = try decoder.readOptional()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(member)
    encoder.write(room)
    encoder.write(optional: displayedAt)
    encoder.write(optional: acknowledgedAt)
  }
}

extension ProfileTransaction {
  private func row(_ message: MessageIdentifier, _ second: [UInt8]) -> [UInt8] { index(message) + second }

  func save(_ delivery: Delivery, _ message: MessageIdentifier) throws {
    let node = index(delivery.node)
    try db.run(
      sql: """
        INSERT INTO deliveries (message, node, value) VALUES (?, ?, ?)
        ON CONFLICT (message, node) DO UPDATE SET value = excluded.value
        """,
      arguments: [Data(index(message)), Data(node), seal(delivery, "deliveries", row(message, node))])
  }

  func delivery(_ message: MessageIdentifier, _ node: Handle) throws -> Delivery? {
    try db.value(
      Data.self, sql: "SELECT value FROM deliveries WHERE message = ? AND node = ?",
      arguments: [Data(index(message)), Data(index(node))]
    ).map { try open($0, "deliveries", row(message, index(node))) }
  }

  /// How far an own message came, at each node that is known of.
  func deliveries(_ message: MessageIdentifier) throws -> [Delivery] {
    try db.rows(sql: "SELECT node, value FROM deliveries WHERE message = ?", arguments: [Data(index(message))])
      .map { try open($0["value"], "deliveries", index(message) + Array($0["node"] as Data)) }
  }

  /// Notes what `member` said of a message; the first time counts.
  func note(
    _ message: MessageIdentifier, in room: RoomIdentifier, by member: Address, displayedAt: Timestamp? = nil,
    acknowledgedAt: Timestamp? = nil
  ) throws {
    var reading = try reading(message, member) ?? Reading(member: member, room: room)
    guard reading.room == room else { return }
    reading.displayedAt = reading.displayedAt ?? displayedAt
    reading.acknowledgedAt = reading.acknowledgedAt ?? acknowledgedAt
    let row = index(member)
    try db.run(
      sql: """
        INSERT INTO readings (message, member, value) VALUES (?, ?, ?)
        ON CONFLICT (message, member) DO UPDATE SET value = excluded.value
        """,
      arguments: [Data(index(message)), Data(row), seal(reading, "readings", self.row(message, row))])
  }

  func reading(_ message: MessageIdentifier, _ member: Address) throws -> Reading? {
    try db.value(
      Data.self, sql: "SELECT value FROM readings WHERE message = ? AND member = ?",
      arguments: [Data(index(message)), Data(index(member))]
    ).map { try open($0, "readings", row(message, index(member))) }
  }
}
