internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
internal import TLSPresentation

/// What was wrong with a message that could be read all the same.
package struct MessageFlags: OptionSet, Sendable, Hashable {
  package let rawValue: UInt16
  package init(rawValue: UInt16) { self.rawValue = rawValue }

  /// The envelope names another message: a node altered it.
  package static let identifierDiffers = MessageFlags(rawValue: 1)
  /// The envelope has another precedence: a node altered it.
  package static let precedenceDiffers = MessageFlags(rawValue: 2)
  /// The envelope comes from another country than its sender.
  package static let originDiffers = MessageFlags(rawValue: 4)
  /// Its sender used this number before.
  package static let sequenceRepeated = MessageFlags(rawValue: 8)
  /// It is marked less strictly than what it replies to.
  package static let markingLowered = MessageFlags(rawValue: 16)
  /// It was kept here and not sent, since nobody could be added to its room.
  package static let notSent = MessageFlags(rawValue: 32)

  /// It did not come, was asked for, and was sent again.
  package static let sentAgain = MessageFlags(rawValue: 64)

  /// The names of the flags that are set, for programs.
  package var names: [String] {
    let all: [(MessageFlags, String)] = [
      (.identifierDiffers, "identifierDiffers"), (.precedenceDiffers, "precedenceDiffers"),
      (.originDiffers, "originDiffers"), (.sequenceRepeated, "sequenceRepeated"), (.markingLowered, "markingLowered"),
      (.notSent, "notSent"), (.sentAgain, "sentAgain"),
    ]
    return all.compactMap { contains($0.0) ? $0.1 : nil }
  }
}

/// Something that happened in a room, other than a message.
package enum RoomNotice: Sendable, Hashable {
  /// This member came in.
  case joined(by: Address?)
  case added([Address], by: Address?)
  case removed([Address], by: Address?)
  /// This member left or was removed.
  case ended(by: Address?)
  /// An envelope could not be read; the reason, for people.
  case unreadable(String)
  /// A commit could not be followed; the reason, for people.
  case damaged(String)
  /// This device came in by itself; what was written since then, if it was in before, is not here.
  case cameIn(since: Timestamp?)
  /// A member who is in uses one more device, which another device of theirs authorised, or only their node vouches for.
  case device(Address, DeviceIdentifier, authorisedBy: DeviceIdentifier?)
  /// A member's device lost its state, and came back with fresh keys.
  case deviceReturned(Address, DeviceIdentifier)
  /// A member who stays in uses a device no longer.
  case deviceRemoved(Address, DeviceIdentifier, by: Address?)
  /// Another node orders the room from now on.
  case moved(to: Handle, by: Address?)
  /// Another room goes on in the place of this one.
  case succeeded(by: RoomIdentifier, madeBy: Address)
}

/// A message or an event, as history keeps it.
struct HistoryRecord: TLSCodable {
  enum Content {
    case message(MessageContent)
    case notice(RoomNotice)
  }

  /// Of the message, or a random one for a notice.
  var identifier: MessageIdentifier
  var room: RoomIdentifier
  /// When this device had it; for an own message, when it was written.
  var at: Timestamp
  var content: Content
  /// The member of the leaf that sent it, which MLS authenticated; `nil` for notices.
  var sender: Address?
  var device: DeviceIdentifier?
  var flags: MessageFlags = []
  /// SHA-256 of the envelope, for receipts; empty while it waits, and for notices.
  var digest: [UInt8] = []
  /// The nodes that the envelope goes to, and the people it is for, as of when it was made.
  var nodes: [Handle] = []
  var recipients: [Address] = []

  init(
    identifier: MessageIdentifier, room: RoomIdentifier, at: Timestamp, content: Content, sender: Address? = nil,
    device: DeviceIdentifier? = nil
  ) {
    self.identifier = identifier
    self.room = room
    self.at = at
    self.content = content
    self.sender = sender
    self.device = device
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a history record has an unknown format") }
    identifier = try decoder.read()
    room = try decoder.read()
    at = try decoder.read()
    switch try decoder.read(UInt8.self) {
    case 1: content = .message(try decoder.read())
    case 2: content = .notice(try RoomNotice(from: &decoder))
    case let other: throw .unknownValue(UInt64(other))
    }
    sender = try decoder.readOptional()
    device = try decoder.readOptional()
    flags = MessageFlags(rawValue: try decoder.read())
    digest = try decoder.readOpaque(bound: 32)
    nodes = try decoder.readVector()
    recipients = try decoder.readVector()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(identifier)
    encoder.write(room)
    encoder.write(at)
    switch content {
    case .message(let message):
      encoder.write(UInt8(1))
      encoder.write(message)
    case .notice(let notice):
      encoder.write(UInt8(2))
      notice.encode(to: &encoder)
    }
    encoder.write(optional: sender)
    encoder.write(optional: device)
    encoder.write(flags.rawValue)
    encoder.write(opaque: digest)
    encoder.write(vector: nodes)
    encoder.write(vector: recipients)
  }
}

extension RoomNotice {
  fileprivate init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .joined(by: try decoder.readOptional())
    case 2: self = .added(try decoder.readVector(), by: try decoder.readOptional())
    case 3: self = .removed(try decoder.readVector(), by: try decoder.readOptional())
    case 4: self = .ended(by: try decoder.readOptional())
    case 5: self = .unreadable(try decoder.readString(bound: 1024))
    case 6: self = .damaged(try decoder.readString(bound: 1024))
    case 7: self = .cameIn(since: try decoder.readOptional())
    case 8: self = .device(try decoder.read(), try decoder.read(), authorisedBy: try decoder.readOptional())
    case 9: self = .deviceReturned(try decoder.read(), try decoder.read())
    case 10: self = .deviceRemoved(try decoder.read(), try decoder.read(), by: try decoder.readOptional())
    case 11: self = .moved(to: try decoder.read(), by: try decoder.readOptional())
    case 12: self = .succeeded(by: try decoder.read(), madeBy: try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  fileprivate func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .joined(let by):
      encoder.write(UInt8(1))
      encoder.write(optional: by)
    case .added(let members, let by):
      encoder.write(UInt8(2))
      encoder.write(vector: members)
      encoder.write(optional: by)
    case .removed(let members, let by):
      encoder.write(UInt8(3))
      encoder.write(vector: members)
      encoder.write(optional: by)
    case .ended(let by):
      encoder.write(UInt8(4))
      encoder.write(optional: by)
    case .unreadable(let why):
      encoder.write(UInt8(5))
      encoder.write(string: why)
    case .damaged(let why):
      encoder.write(UInt8(6))
      encoder.write(string: why)
    case .cameIn(let since):
      encoder.write(UInt8(7))
      encoder.write(optional: since)
    case .device(let address, let device, let authoriser):
      encoder.write(UInt8(8))
      encoder.write(address)
      encoder.write(device)
      encoder.write(optional: authoriser)
    case .deviceReturned(let address, let device):
      encoder.write(UInt8(9))
      encoder.write(address)
      encoder.write(device)
    case .deviceRemoved(let address, let device, let by):
      encoder.write(UInt8(10))
      encoder.write(address)
      encoder.write(device)
      encoder.write(optional: by)
    case .moved(let hub, let by):
      encoder.write(UInt8(11))
      encoder.write(hub)
      encoder.write(optional: by)
    case .succeeded(let room, let by):
      encoder.write(UInt8(12))
      encoder.write(room)
      encoder.write(by)
    }
  }
}

extension ProfileTransaction {
  /// Appends to a room's history; gives the position.
  @discardableResult
  func append(_ record: HistoryRecord, isUnread: Bool) throws -> Int64 {
    let row = index(record.identifier)
    try db.run(
      sql: "INSERT INTO history (room, message, prefix, value) VALUES (?, ?, ?, ?)",
      arguments: [
        Data(index(record.room)), Data(row), Data(index(prefix: record.identifier.bytes)), seal(record, "history", row),
      ])
    let position = db.lastInsertedRowID
    guard isUnread else { return position }
    try db.run(sql: "INSERT INTO unread (position) VALUES (?)", arguments: [position])
    if case .message(let content) = record.content, content.body.isToBeAcknowledged {
      try awaitAcknowledgement(of: position, content.precedence)
    }
    return position
  }

  /// Puts a record of earlier at a place where there is none.
  func insert(_ record: HistoryRecord, at position: Int64) throws {
    let row = index(record.identifier)
    try db.run(
      sql: "INSERT INTO history (position, room, message, prefix, value) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        position, Data(index(record.room)), Data(row), Data(index(prefix: record.identifier.bytes)),
        seal(record, "history", row),
      ])
  }

  func replace(_ record: HistoryRecord) throws {
    let row = index(record.identifier)
    try db.run(
      sql: "UPDATE history SET value = ? WHERE message = ?", arguments: [seal(record, "history", row), Data(row)])
  }

  func history(_ message: MessageIdentifier) throws -> (position: Int64, record: HistoryRecord)? {
    try db.row(
      sql: "SELECT position, message, value FROM history WHERE message = ?", arguments: [Data(index(message))]
    ).map(history)
  }

  func history(_ row: Row) throws -> (position: Int64, record: HistoryRecord) {
    (row["position"], try open(row["value"], "history", Array(row["message"] as Data)))
  }
}
