package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: RoomStore {
  package func room(_ room: RoomIdentifier) throws(StoreError) -> RoomRecord? {
    if let known = pending.rooms[room] { return known }
    var record: RoomRecord?
    if let row = try row("SELECT hub, epoch, is_left, restored_at FROM rooms WHERE room = ?", room.bytes) {
      record = RoomRecord(
        room: room, hub: try row.handle(0), epoch: row.unsigned(1), isLeft: row.integer(2) != 0,
        restoredAt: row.optionalInteger(3).map { _ in row.timestamp(3) })
    }
    pending.rooms[room] = record
    return record
  }

  package func roomCount(hub: Handle) throws(StoreError) -> Int {
    try row("SELECT count(*) FROM rooms WHERE hub = ? AND is_left = 0", hub.description)?.number(0) ?? 0
  }

  package func roomCount(of member: Address) throws(StoreError) -> Int {
    try row("SELECT count(DISTINCT room) FROM room_leaves WHERE address = ?", member.description)?.number(0) ?? 0
  }

  package func rooms(
    of member: Address, for device: DeviceIdentifier, limit: Int
  ) throws(StoreError) -> [(room: RoomRecord, isPresent: Bool)] {
    let found = try rows(
      "SELECT room, max(device = ?) FROM room_leaves WHERE address = ? GROUP BY room LIMIT ?", device.bytes,
      member.description, limit
    ).stored { row throws(StoreError) in (try row.identifier(0) as RoomIdentifier, row.integer(1) != 0) }
    var rooms: [(room: RoomRecord, isPresent: Bool)] = []
    for (identifier, isPresent) in found {
      if let record = try room(identifier) { rooms.append((record, isPresent)) }
    }
    return rooms
  }

  package func roomState(_ room: RoomIdentifier) throws(StoreError) -> RoomState? {
    try row("SELECT public_group, group_info FROM room_states WHERE room = ?", room.bytes)
      .map { RoomState(publicGroup: $0.bytes(0), groupInfo: $0.bytes(1)) }
  }

  package func leaves(_ room: RoomIdentifier) throws(StoreError) -> [RoomLeaf] {
    try rows("SELECT leaf, address, device, since_epoch FROM room_leaves WHERE room = ? ORDER BY leaf", room.bytes)
      .stored { row throws(StoreError) in
        RoomLeaf(
          leaf: UInt32(clamping: row.integer(0)), address: try row.address(1), device: try row.identifier(2),
          sinceEpoch: row.unsigned(3))
      }
  }

  package func insertRoom(_ record: RoomRecord, state: RoomState, leaves: [RoomLeaf]) throws(StoreError) {
    pending.forget(record.room)
    // A room that was left is taken up anew: what was known of it is of other epochs.
    for table in ["room_participants", "room_commits", "room_ballots"] {
      try run("DELETE FROM \(table) WHERE room = ?", record.room.bytes)
    }
    try run(
      """
      INSERT INTO rooms (room, hub, epoch, is_left) VALUES (?, ?, ?, 0)
      ON CONFLICT DO UPDATE SET hub = excluded.hub, epoch = excluded.epoch, is_left = 0
      """, record.room.bytes, record.hub.description, record.epoch.integer)
    try run(
      "INSERT INTO room_states (room, public_group, group_info) VALUES (?, ?, ?)", record.room.bytes,
      state.publicGroup, state.groupInfo)
    try save(leaves, of: record)
  }

  package func advanceRoom(_ record: RoomRecord, state: RoomState, leaves: [RoomLeaf]) throws(StoreError) {
    pending.forget(record.room)
    try run(
      "UPDATE rooms SET hub = ?, epoch = ? WHERE room = ?", record.hub.description, record.epoch.integer,
      record.room.bytes)
    try run("DELETE FROM room_ballots WHERE room = ?", record.room.bytes)
    try run(
      "UPDATE room_states SET public_group = ?, group_info = ? WHERE room = ?", state.publicGroup,
      state.groupInfo, record.room.bytes)
    try run("DELETE FROM room_leaves WHERE room = ?", record.room.bytes)
    try save(leaves, of: record)
  }

  private func save(_ leaves: [RoomLeaf], of record: RoomRecord) throws(StoreError) {
    for leaf in leaves {
      try run(
        "INSERT INTO room_leaves (room, leaf, address, device, since_epoch) VALUES (?, ?, ?, ?, ?)", record.room.bytes,
        Int64(leaf.leaf), leaf.address.description, leaf.device.bytes, leaf.sinceEpoch.integer)
    }
    let present = Set(leaves.map(\.address.handle.description))
    let before = Set(
      try rows("SELECT handle FROM room_participants WHERE room = ? AND to_epoch IS NULL", record.room.bytes)
        .map { $0.text(0) })
    for handle in before.subtracting(present).sorted() {
      try run(
        "UPDATE room_participants SET to_epoch = ? WHERE room = ? AND handle = ? AND to_epoch IS NULL",
        record.epoch.integer - 1, record.room.bytes, handle)
    }
    for handle in present.subtracting(before).sorted() {
      try run(
        "INSERT INTO room_participants (room, handle, from_epoch) VALUES (?, ?, ?)", record.room.bytes, handle,
        record.epoch.integer)
    }
  }

  package func rooms(with handle: Handle) throws(StoreError) -> [RoomIdentifier] {
    try rows(
      "SELECT room FROM room_participants WHERE handle = ? AND to_epoch IS NULL ORDER BY room", handle.description
    )
    .stored { row throws(StoreError) in try row.identifier(0) }
  }

  package func leaveRoom(_ record: RoomRecord) throws(StoreError) {
    pending.forget(record.room)
    for table in ["room_states", "room_leaves", "room_participants", "room_commits", "room_ballots"] {
      try run("DELETE FROM \(table) WHERE room = ?", record.room.bytes)
    }
    try run("UPDATE rooms SET epoch = ?, is_left = 1 WHERE room = ?", record.epoch.integer, record.room.bytes)
  }

  package func tookPart(_ handle: Handle, in room: RoomIdentifier, epoch: UInt64) throws(StoreError) -> Bool {
    let participation = Participation(handle: handle, room: room, epoch: epoch)
    if let known = pending.participation[participation] { return known }
    let tookPart =
      try row(
        """
        SELECT 1 FROM room_participants
        WHERE room = ? AND handle = ? AND from_epoch <= ? AND (to_epoch IS NULL OR to_epoch >= ?)
        """, room.bytes, handle.description, epoch.integer, epoch.integer) != nil
    pending.participation[participation] = tookPart
    return tookPart
  }

  package func insertCommit(_ commit: CommitRecord, in room: RoomIdentifier) throws(StoreError) {
    try run(
      "INSERT INTO room_commits (room, epoch, message, digest, content) VALUES (?, ?, ?, ?, ?)", room.bytes,
      commit.epoch.integer, commit.message.bytes, commit.digest, commit.content)
    guard commit.epoch >= UInt64(Limits.commitsKeptPerRoomMax) else { return }
    try run(
      "UPDATE room_commits SET content = x'' WHERE room = ? AND epoch = ?", room.bytes,
      (commit.epoch - UInt64(Limits.commitsKeptPerRoomMax)).integer)
  }

  package func commit(_ message: MessageIdentifier, in room: RoomIdentifier) throws(StoreError) -> CommitRecord? {
    try row("SELECT epoch, digest, content FROM room_commits WHERE room = ? AND message = ?", room.bytes, message.bytes)
      .map {
        CommitRecord(message: message, epoch: $0.unsigned(0), digest: $0.bytes(1), content: $0.bytes(2))
      }
  }

  package func commit(ending epoch: UInt64, in room: RoomIdentifier) throws(StoreError) -> CommitRecord? {
    guard
      let row = try row(
        "SELECT message, digest, content FROM room_commits WHERE room = ? AND epoch = ?", room.bytes, epoch.integer)
    else { return nil }
    return CommitRecord(message: try row.identifier(0), epoch: epoch, digest: row.bytes(1), content: row.bytes(2))
  }

  package func ballot(_ room: RoomIdentifier) throws(StoreError) -> RoomBallot? {
    guard
      let row = try row(
        "SELECT promised_number, promised_to, voted, is_proposer FROM room_ballots WHERE room = ?", room.bytes)
    else { return nil }
    return RoomBallot(
      promised: Term(number: UInt32(clamping: row.integer(0)), orderer: try row.handle(1)),
      voted: row.optionalBytes(2), isProposer: row.integer(3) != 0)
  }

  package func saveBallot(_ ballot: RoomBallot, of room: RoomIdentifier) throws(StoreError) {
    try run(
      """
      INSERT INTO room_ballots (room, promised_number, promised_to, voted, is_proposer) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET promised_number = excluded.promised_number, promised_to = excluded.promised_to,
      voted = excluded.voted, is_proposer = excluded.is_proposer
      """, room.bytes, Int64(ballot.promised.number), ballot.promised.orderer.description, ballot.voted,
      ballot.isProposer ? 1 : 0)
  }

  package func noteRestored(at time: Timestamp) throws(StoreError) {
    pending.rooms = [:]
    // Numbers of changes that peers have seen are given again: the directory that they have begins anew.
    try run("DELETE FROM directory_identifier")
    try run("UPDATE rooms SET restored_at = ?1 WHERE restored_at IS NULL OR restored_at < ?1 - 86400000", time.integer)
  }

  package func roomsRestored(since time: Timestamp) throws(StoreError) -> [RoomIdentifier] {
    try rows("SELECT room FROM rooms WHERE restored_at >= ? ORDER BY room", time.integer).stored {
      row throws(StoreError) in try row.identifier(0)
    }
  }

  package func forgetRestored(_ room: RoomIdentifier) throws(StoreError) {
    pending.rooms[room] = nil
    try run("UPDATE rooms SET restored_at = NULL WHERE room = ?", room.bytes)
  }

  package func roomsWithProposals() throws(StoreError) -> [RoomIdentifier] {
    try rows("SELECT room FROM room_ballots WHERE is_proposer = 1 ORDER BY room").stored { row throws(StoreError) in
      try row.identifier(0)
    }
  }

  package func insertWelcome(
    _ welcome: WelcomeRecord, to room: RoomIdentifier, for device: DeviceIdentifier, sequence: UInt64
  ) throws(StoreError) {
    try run(
      """
      INSERT INTO welcome_states (room, epoch, group_info, ratchet_tree) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
      """, room.bytes, welcome.epoch.integer, welcome.groupInfo, welcome.ratchetTree)
    try run(
      "INSERT INTO welcomes (device, sequence, room, epoch) VALUES (?, ?, ?, ?)", device.bytes, sequence.integer,
      room.bytes, welcome.epoch.integer)
  }

  package func welcome(
    to room: RoomIdentifier, for device: DeviceIdentifier
  ) throws(StoreError) -> WelcomeRecord? {
    try row(
      """
      SELECT s.epoch, s.group_info, s.ratchet_tree
      FROM welcomes w JOIN welcome_states s ON s.room = w.room AND s.epoch = w.epoch
      WHERE w.device = ? AND w.room = ? ORDER BY w.sequence DESC LIMIT 1
      """, device.bytes, room.bytes
    ).map { WelcomeRecord(epoch: $0.unsigned(0), groupInfo: $0.bytes(1), ratchetTree: $0.bytes(2)) }
  }
}
