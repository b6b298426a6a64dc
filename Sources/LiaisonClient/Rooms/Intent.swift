internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// Something that is to be done to a room. It stays until it is done, whatever fails on the way.
struct Intent: TLSCodable {
  enum Action {
    /// To add a member; the key packages once the node gave them, an MLSMessage each.
    case add(Address, keyPackages: [[UInt8]])
    case remove(Address)
    /// To give this device's leaf fresh keys.
    case refresh
    /// To remove one device of this member.
    case removeDevice(Address, DeviceIdentifier)
    /// To make this device's node the hub, in the place of this one.
    case takeOver(from: Handle)
    /// To send a message once what stands before it is done. Its sequence is 0 until then.
    case message(MessageContent)
  }

  enum State: Int64 {
    case open = 0
    case committing = 1
    case failed = 2
  }

  /// 16 random bytes.
  let identifier: [UInt8]
  let room: RoomIdentifier
  var action: Action
  var state: State = .open
  /// How often the node could not give key packages.
  var attempts: UInt32 = 0
  /// Why it failed, or has to wait; from others, for people.
  var reason = ""

  init(identifier: [UInt8], room: RoomIdentifier, _ action: Action) {
    self.identifier = identifier
    self.room = room
    self.action = action
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("an intent has an unknown format") }
    identifier = try decoder.read(fixed: 16)
    room = try decoder.read()
    switch try decoder.read(UInt8.self) {
    case 1:
      let address = try decoder.read(Address.self)
      var content = try decoder.readVectorContent()
      var keyPackages: [[UInt8]] = []
      while !content.isAtEnd { keyPackages.append(try content.readOpaque()) }
      action = .add(address, keyPackages: keyPackages)
    case 2: action = .remove(try decoder.read())
    case 3: action = .refresh
    case 4: action = .message(try decoder.read())
    case 5: action = .removeDevice(try decoder.read(), try decoder.read())
    case 6: action = .takeOver(from: try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
    attempts = try decoder.read()
    reason = try decoder.readString(bound: 1024)
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(fixed: identifier)
    encoder.write(room)
    switch action {
    case .add(let address, let keyPackages):
      encoder.write(UInt8(1))
      encoder.write(address)
      encoder.writeVector { encoder in
        for keyPackage in keyPackages { encoder.write(opaque: keyPackage) }
      }
    case .remove(let address):
      encoder.write(UInt8(2))
      encoder.write(address)
    case .refresh: encoder.write(UInt8(3))
    case .message(let content):
      encoder.write(UInt8(4))
      encoder.write(content)
    case .removeDevice(let address, let device):
      encoder.write(UInt8(5))
      encoder.write(address)
      encoder.write(device)
    case .takeOver(let hub):
      encoder.write(UInt8(6))
      encoder.write(hub)
    }
    encoder.write(attempts)
    encoder.write(string: reason)
  }

  var isMessage: Bool { if case .message = action { true } else { false } }
  var isAdd: Bool { if case .add = action { true } else { false } }
  var isTakeOver: Bool { if case .takeOver = action { true } else { false } }
  var isRemove: Bool {
    switch action {
    case .remove, .removeDevice: true
    case .add, .refresh, .message, .takeOver: false
    }
  }
}

extension ProfileTransaction {
  func append(_ intent: Intent) throws {
    try db.run(
      sql: "INSERT INTO intents (identifier, room, state, value) VALUES (?, ?, ?, ?)",
      arguments: [
        Data(intent.identifier), Data(index(intent.room)), intent.state.rawValue,
        seal(intent, "intents", intent.identifier),
      ])
  }

  func save(_ intent: Intent) throws {
    try db.run(
      sql: "UPDATE intents SET state = ?, value = ? WHERE identifier = ?",
      arguments: [intent.state.rawValue, seal(intent, "intents", intent.identifier), Data(intent.identifier)])
  }

  func delete(_ intent: Intent) throws {
    try db.run(sql: "DELETE FROM intents WHERE identifier = ?", arguments: [Data(intent.identifier)])
  }

  /// A room's intents in their order; `nil` gives those of all rooms.
  func intents(_ room: RoomIdentifier?) throws -> [Intent] {
    let rows =
      try room.map { room in
        try db.rows(
          sql: "SELECT identifier, state, value FROM intents WHERE room = ? ORDER BY position",
          arguments: [Data(index(room))])
      } ?? db.rows(sql: "SELECT identifier, state, value FROM intents ORDER BY position")
    return try rows.map(intent)
  }

  func intent(_ identifier: [UInt8]) throws -> Intent? {
    try db.row(
      sql: "SELECT identifier, state, value FROM intents WHERE identifier = ?", arguments: [Data(identifier)]
    ).map(intent)
  }

  private func intent(_ row: Row) throws -> Intent {
    var intent: Intent = try open(row["value"], "intents", Array(row["identifier"] as Data))
    guard let state = Intent.State(rawValue: row["state"]) else { throw ClientError.damagedStore }
    intent.state = state
    return intent
  }
}
