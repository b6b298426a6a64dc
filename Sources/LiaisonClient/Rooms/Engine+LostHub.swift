package import LiaisonModel
internal import MLS

/// What can be done about a room whose hub is gone for good.
extension Engine {
  /// Plans to make the own node the room's hub, in the place of one that is gone for good.
  package func takeOver(_ room: RoomIdentifier, now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      let group = try step.standing(room)
      guard let record = try step.tx.room(room) else { throw ClientError.noSuchRoom(room.description) }
      guard record.hub != step.identity.address.handle else {
        throw ClientError(.usage, "hub-already", "your own node orders this room already")
      }
      guard Set(group.addresses.map(\.handle)).union([record.hub]).count > 2 else {
        throw ClientError(
          .notPermitted, "no-majority",
          "without \(record.hub) no majority of the room's nodes is left; use: liaison room successor")
      }
      // What was asked of the old hub is asked anew: nobody knows what became of it there.
      if var commit = try step.tx.pendingCommit(room) {
        commit.standing = commit.standing.again
        try step.tx.save(commit)
      }
      let planned = try step.tx.intents(room).first { $0.isTakeOver && $0.state != .failed }
      if let planned { return RoomRequest(room: room, intents: [planned.identifier]) }
      return try step.plan([.takeOver(from: record.hub)], room)
    }
  }

  /// Makes a room of the same people and title, which goes on in the place of one whose hub is gone and has no majority
  /// without it; and tells the old one.
  package func startSuccessor(of room: RoomIdentifier, now: Timestamp) throws -> RoomRequest {
    try change(now: now) { step in
      let group = try step.standing(room)
      guard let record = try step.tx.room(room) else { throw ClientError.noSuchRoom(room.description) }
      if let successor = record.successor {
        throw ClientError(.usage, "successor-already", "room \(successor) goes on in the place of this one already")
      }
      let request = try step.createRoom(title: record.title, members: group.addresses)
      guard var made = try step.tx.room(request.room) else { throw ClientError.damagedStore }
      made.predecessor = room
      try step.tx.save(made)
      if !record.title.isEmpty { _ = try step.send(Draft(.title(record.title), marking: .red), to: request.room) }
      _ = try step.send(Draft(.successor(request.room), marking: .red), to: room)
      try step.noteSuccessor(request.room, of: record, by: step.identity.address)
      return request
    }
  }
}

extension EngineStep {
  /// The title of the room in whose place another goes on: who comes in later has not heard it said there.
  func title(ofSuccessor room: RoomIdentifier) throws -> String {
    try tx.rooms().first { $0.successor == room }?.title ?? ""
  }

  /// Remembers the room that goes on in another's place: of several the one whose identifier is lowest, so that all who
  /// know of them choose the same.
  func noteSuccessor(_ room: RoomIdentifier, of record: RoomRecord, by address: Address) throws {
    guard room != record.room, var record = try tx.room(record.room) else { return }
    record.successor = [record.successor, room].compactMap(\.self)
      .min { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    try tx.save(record)
    if var made = try tx.room(room), made.title.isEmpty {
      made.title = record.title
      try tx.save(made)
    }
    try appendNotice(.succeeded(by: room, madeBy: address), record.room, isUnread: address != identity.address)
  }
}
