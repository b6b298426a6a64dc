internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
internal import MLS

/// What a person asked to be done to a room, to follow it until it is done.
package struct RoomRequest: Sendable {
  package let room: RoomIdentifier
  let intents: [[UInt8]]
}

/// How a request stands.
package enum RoomProgress: Sendable, Equatable {
  case done
  /// Still to be done; what it waits for, where the node said.
  case waiting(reason: String)
  case failed(reason: String)
}

extension Engine {
  /// All rooms, those with something unread first, then by name.
  package func rooms() throws -> [Room] {
    try read { step in
      let own = step.identity.address
      let hidden = try step.tx.ownRooms()
      return try step.tx.rooms().filter { !hidden.contains($0.room) }.map(step.describe)
        .sorted { ($0.unreadCount == 0 ? 1 : 0, $0.name(for: own)) < ($1.unreadCount == 0 ? 1 : 0, $1.name(for: own)) }
    }
  }

  /// The room with these people and no title, with this title or identifier, or with at least four digits that begin
  /// only its identifier.
  package func room(named name: String) throws -> Room {
    let rooms = try rooms()
    let own = try identity.address
    // A room without a title goes by its people. It comes first: no title may pass for a person's address.
    if let room = rooms.first(where: { $0.title.isEmpty && $0.name(for: own) == name }) { return room }
    let titled = rooms.filter { $0.title == name }
    if titled.count == 1 { return titled[0] }
    let digits = name.lowercased()
    let identified = digits.count >= 4 ? rooms.filter { $0.identifier.description.hasPrefix(digits) } : []
    if titled.isEmpty, identified.count == 1 { return identified[0] }
    guard titled.isEmpty && identified.isEmpty else {
      throw ClientError(.usage, "room-ambiguous", "\(name) names more than one room; use an identifier")
    }
    throw ClientError.noSuchRoom(name)
  }

  /// Makes a room with a title, and plans to add its members.
  package func createRoom(title: String, members: [Address], now: Timestamp) throws -> RoomRequest {
    try Self.checkTitle(title)
    return try change(now: now) { step in
      let request = try step.createRoom(title: title, members: members)
      _ = try step.send(Draft(.title(title), marking: .red), to: request.room)
      return request
    }
  }

  /// The untitled room of exactly these people and oneself; made where there is none.
  package func roomOf(_ addresses: [Address], now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      let wanted = Set(addresses).subtracting([step.identity.address])
      guard !wanted.isEmpty else {
        throw ClientError(.usage, "nobody-else", "name somebody other than yourself")
      }
      let candidates = try step.tx.rooms().filter {
        $0.title.isEmpty && $0.duty == nil && $0.successor == nil && ($0.state == .active || $0.state == .establishing)
      }
      for record in candidates.sorted(by: { $0.room.description < $1.room.description }) {
        let planned = try step.tx.intents(record.room)
        if planned.contains(where: { $0.isAdd && $0.state == .failed }) { continue }
        var present = Set(try step.group(record.room)?.addresses ?? [])
        for intent in planned where intent.state != .failed {
          switch intent.action {
          case .add(let address, _): present.insert(address)
          case .remove(let address): present.remove(address)
          case .removeDevice, .refresh, .message, .takeOver: break
          }
        }
        if present.subtracting([step.identity.address]) == wanted {
          return RoomRequest(room: record.room, intents: planned.filter(\.isAdd).map(\.identifier))
        }
      }
      return try step.createRoom(title: "", members: wanted.sorted())
    }
  }

  /// Plans to add people to a room.
  package func add(_ addresses: [Address], to room: RoomIdentifier, now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      let group = try step.standing(room)
      let present = Set(group.addresses)
      for address in addresses where present.contains(address) {
        throw ClientError(.usage, "member-already", "\(address) is in the room already")
      }
      guard group.members.count + addresses.count <= Limits.roomMembersMax else {
        throw ClientError(.notPermitted, "room-full", "a room holds at most \(Limits.roomMembersMax) devices")
      }
      return try step.plan(addresses.map { .add($0, keyPackages: []) }, room)
    }
  }

  /// Plans to remove somebody from a room. What is written from now on waits until they are out.
  package func remove(_ address: Address, from room: RoomIdentifier, now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      guard address != step.identity.address else {
        throw ClientError(.usage, "remove-self", "to go yourself, use: liaison room leave")
      }
      guard try step.standing(room).addresses.contains(address) else {
        throw ClientError(.noInput, "member-unknown", "\(address) is not in the room")
      }
      return try step.plan([.remove(address)], room)
    }
  }

  /// Plans that this device comes back into a room by itself, with fresh keys, where it lost its place or cannot follow.
  /// What it has stays; what was written since and before it is back, it cannot read.
  package func rejoin(_ room: RoomIdentifier, now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      guard let record = try step.tx.room(room) else { throw ClientError.noSuchRoom(room.description) }
      guard record.isRegistered, record.state != .leaving else {
        throw ClientError(.usage, "rejoin-unregistered", "there is nothing to come back to")
      }
      try step.planToComeIn(room, hub: record.hub)
      return RoomRequest(room: room, intents: [])
    }
  }

  /// Tells the room that oneself leaves; somebody's device will commit it. Gives the announcement's identifier.
  package func leave(_ room: RoomIdentifier, now: Timestamp) throws -> MessageIdentifier? {
    try change(now: now) { step in
      guard var record = try step.tx.room(room) else { throw ClientError.noSuchRoom(room.description) }
      guard record.state != .ended, record.state != .leaving else { throw ClientError.notInRoom }
      let isAlone = try step.group(room)?.addresses == [step.identity.address]
      try step.giveUp(room, because: "you left the room")
      for intent in try step.tx.intents(room) { try step.tx.delete(intent) }
      if isAlone || record.state == .damaged {
        record.state = .ended
        try step.tx.save(record)
        return nil
      }
      record.state = .active
      try step.tx.save(record)
      let message = try step.send(Draft(.leave, marking: .red), to: room)
      record.state = .leaving
      try step.tx.save(record)
      return message
    }
  }

  /// How a request stands.
  package func progress(of request: RoomRequest) throws -> RoomProgress {
    try store.read { tx in
      var waiting: String?
      if let record = try tx.room(request.room) {
        if !record.isRegistered || record.state == .comingIn { waiting = "" }
        if record.state == .damaged { return .failed(reason: "this device is not in the room") }
      }
      for identifier in request.intents {
        guard let intent = try tx.intent(identifier) else { continue }
        if intent.state == .failed { return .failed(reason: intent.reason) }
        if waiting == nil || waiting == "" { waiting = intent.reason }
      }
      return waiting.map { .waiting(reason: $0) } ?? .done
    }
  }

  /// Forgets what failed of a request, once a person was told.
  package func dismiss(_ request: RoomRequest) throws {
    try store.change { tx in
      for identifier in request.intents {
        if let intent = try tx.intent(identifier), intent.state == .failed { try tx.delete(intent) }
      }
    }
  }

  private static func checkTitle(_ title: String) throws {
    guard 1...Limits.titleBytesMax ~= title.utf8.count else {
      throw ClientError(.usage, "title-length", "a title is 1 to \(Limits.titleBytesMax) bytes long")
    }
  }
}

extension EngineStep {
  func createRoom(title: String, members: [Address]) throws -> RoomRequest {
    let members = Set(members).subtracting([identity.address]).sorted()
    guard members.count < Limits.roomMembersMax else {
      throw ClientError(.notPermitted, "room-full", "a room holds at most \(Limits.roomMembersMax) devices")
    }
    let room: RoomIdentifier = newIdentifier()
    let group = try newGroup(room)
    try tx.save(
      RoomRecord(
        room: room, hub: identity.address.handle, title: title, state: .establishing, isRegistered: false,
        addressees: members, refreshedAt: now))
    try save(group, room)
    let added = otherDevices.isEmpty ? members : members + [identity.address]
    return try plan(added.map { .add($0, keyPackages: []) }, room)
  }

  func plan(_ actions: [Intent.Action], _ room: RoomIdentifier) throws -> RoomRequest {
    let intents = actions.map { Intent(identifier: random(16), room: room, $0) }
    for intent in intents { try tx.append(intent) }
    try settle(room)
    return RoomRequest(room: room, intents: intents.map(\.identifier))
  }

  /// The group of a room that can be changed.
  func standing(_ room: RoomIdentifier) throws -> Group {
    guard let record = try tx.room(room), let group = try group(room) else {
      throw ClientError.noSuchRoom(room.description)
    }
    guard record.state == .active || record.state == .establishing else { throw ClientError.notInRoom }
    return group
  }

  fileprivate func describe(_ record: RoomRecord) throws -> Room {
    let group = try group(record.room)
    let intents = try tx.intents(record.room)
    func changes(_ isWanted: (Intent) -> Bool) -> [Room.Change] {
      intents.filter(isWanted).compactMap { intent in
        switch intent.action {
        case .add(let address, _), .remove(let address), .removeDevice(let address, _):
          Room.Change(address: address, reason: intent.reason)
        case .refresh, .message, .takeOver: nil
        }
      }
    }
    let unread =
      try tx.db.value(
        Int.self, sql: "SELECT count(*) FROM unread JOIN history USING (position) WHERE room = ?",
        arguments: [Data(tx.index(record.room))]) ?? 0
    return Room(
      identifier: record.room, title: record.title, hub: record.hub, state: record.state,
      members: group.map { $0.isActive ? $0.addresses : [] } ?? [],
      joining: changes { $0.isAdd && $0.state != .failed }, leaving: changes { $0.isRemove && $0.state != .failed },
      failed: changes { $0.state == .failed }, epoch: group?.epoch ?? 0,
      epochAuthenticator: group?.epochAuthenticator ?? [], unreadCount: unread, gaps: try tx.gaps(record.room),
      successor: record.successor, role: record.duty?.role, correspondent: record.duty?.correspondent)
  }
}
