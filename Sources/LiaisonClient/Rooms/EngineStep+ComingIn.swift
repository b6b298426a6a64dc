internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// How a device comes into rooms of its member by itself, by an external commit (RFC 9420 §12.4.3.2): a new device into
/// those where the member is already, and one that lost its state back into its own.
extension EngineStep {
  /// Plans that this device comes in, for the first time or again. What was planned in the room stays and waits.
  func planToComeIn(_ room: RoomIdentifier, hub: Handle) throws {
    if let pending = try tx.pendingCommit(room) {
      try tx.dequeue(pending.message)
      for var intent in try tx.intents(room) where intent.state == .committing {
        intent.state = .open
        try tx.save(intent)
      }
    }
    var record =
      try tx.room(room)
      ?? RoomRecord(
        room: room, hub: hub, title: "", state: .comingIn, isRegistered: true, addressees: [], refreshedAt: now)
    record.state = .comingIn
    record.comesInFrom = 0
    try tx.save(record)
  }

  /// Takes the node's list of this member's rooms: the device comes into those where it is not.
  func take(_ rooms: [Frame.Room]) throws {
    for room in rooms where !room.isWelcomed {
      // One that it is in and does not know, it lost: with a backup, or because it had no key for the welcome. What it left
      // when it was alone in it stays left.
      if let record = try tx.room(room.room) {
        guard record.state == .ended, try group(room.room)?.isActive != true else { continue }
      }
      try planToComeIn(room.room, hub: room.hub)
    }
  }

  /// Makes the commit by which this device comes in, on top of the state that the node gave.
  func comeIn(_ room: RoomIdentifier, _ state: Frame.RoomState) throws -> WorkOutcome {
    guard var record = try tx.room(room), record.state == .comingIn, try tx.pendingCommit(room) == nil else {
      return .done
    }
    guard case .groupInfo(let info)? = try? MLSMessage(state.groupInfo), info.groupContext.groupID == room.bytes,
      let tree = try? RatchetTree(tlsEncoded: state.ratchetTree)
    else { return .retry(reason: "the node gave a malformed state of a room") }
    guard info.groupContext.epoch >= record.comesInFrom else {
      return .retry(reason: "the node does not know the room's latest change yet")
    }
    let own = tree.leaves.first { (try? DeviceCredential($0.node.credential))?.device == identity.device }?.index
    let joined: ExternalJoin
    do {
      joined = try Group.joinExternally(
        info, ratchetTree: tree, credential: credential, signatureKey: identity.leafKey(),
        capabilities: RoomProfile.capabilities, replacing: own,
        authenticatedData: identity.authorisation?.tlsEncoded ?? [], configuration: RoomPolicy.configuration,
        random: RandomSource(random), authentication: authenticationToFollow(), now: now.seconds)
    } catch MLSError.credentialRefused {
      return .retry(reason: "somebody in the room is of a country that is not known here")
    } catch {
      try stayOut(record, because: "the room's state that the node gave does not verify")
      return .done
    }
    guard let hub = try? RoomExtension(of: joined.group.groupContextExtensions).hub, hub == state.hub else {
      return .retry(reason: "the node names another hub than the room does")
    }
    try tx.deleteGroup(room)
    record.hub = hub
    record.state = .comingIn
    record.isRegistered = true
    record.comesInFrom = info.groupContext.epoch
    try tx.save(record)
    try save(joined.group, room)
    try tx.enqueue(
      PendingCommit(
        message: newIdentifier(), room: room, commit: joined.commit.tlsEncoded, welcome: [],
        groupInfo: joined.groupInfo.tlsEncoded, isExternal: true))
    return .done
  }

  /// Another commit won: this device comes in on top of that one.
  func comeInAgain(_ commit: PendingCommit, from epoch: UInt64) throws {
    try tx.dequeue(commit.message)
    guard var record = try tx.room(commit.room), record.state == .comingIn else { return }
    try tx.deleteGroup(commit.room)
    record.comesInFrom = epoch
    try tx.save(record)
  }

  /// The device cannot come in; the reason, for people.
  func stayOut(_ record: RoomRecord, because reason: String) throws {
    var record = record
    if let pending = try tx.pendingCommit(record.room) { try tx.dequeue(pending.message) }
    try tx.deleteGroup(record.room)
    record.state = .damaged
    try tx.save(record)
    try giveUp(record.room, because: "this device could not come into the room")
    try appendNotice(
      .damaged("this device could not come into the room: \(reason.prefix(200))"), record.room, isUnread: true)
  }

  /// The member is in the room no longer.
  func endComingIn(_ room: RoomIdentifier) throws {
    guard var record = try tx.room(room), record.state == .comingIn else { return }
    if let pending = try tx.pendingCommit(room) { try tx.dequeue(pending.message) }
    try tx.deleteGroup(room)
    // Somebody's node spoke of a room that it does not know: there never was one for this member.
    guard try tx.hasHistory(of: room) else { return try tx.delete(record) }
    record.state = .ended
    try tx.save(record)
    try giveUp(room, because: "you are no longer a member of the room")
    try appendNotice(.ended(by: nil), room, isUnread: true)
  }

  /// A commit of a room that this device is coming into: its own opens the room, and others are not for it.
  func receiveCommitWhileComingIn(_ commit: RoomCommit, _ record: RoomRecord) throws {
    guard let pending = try tx.pendingCommit(record.room), pending.isExternal, pending.commit == commit.commit,
      let group = try group(record.room)
    else { return }
    var record = record
    try tx.dequeue(pending.message)
    record.state = .active
    record.refreshedAt = now
    try tx.save(record)
    let latest = try tx.latest(in: record.room)
    try tx.setJoinEpoch(group.epoch, record.room)
    try tx.restartSequence(record.room)
    for member in group.roomMembers {
      try takeFromRoom(member.card)
      try tx.expect(.firstSeen, from: member, in: record.room, since: group.epoch)
    }
    try appendNotice(.cameIn(since: latest), record.room, isUnread: true)
  }
}

extension ProfileTransaction {
  /// Forgets a room's MLS state.
  func deleteGroup(_ room: RoomIdentifier) throws {
    cache[group: room] = nil
    try db.run(sql: "DELETE FROM groupRecords WHERE room = ?", arguments: [Data(index(room))])
  }

  /// Whether people would see anything of a room.
  fileprivate func hasHistory(of room: RoomIdentifier) throws -> Bool {
    try db.value(
      Bool.self, sql: "SELECT EXISTS (SELECT 1 FROM history WHERE room = ?)", arguments: [Data(index(room))]) ?? false
  }

  /// Forgets a room of which there is no history.
  fileprivate func delete(_ record: RoomRecord) throws {
    let row = Data(index(record.room))
    for table in ["intents", "outbox"] { try db.execute(sql: "DELETE FROM \(table) WHERE room = ?", arguments: [row]) }
    try db.run(sql: "DELETE FROM rooms WHERE room = ?", arguments: [row])
    cache[\.rooms] = nil
  }

  /// When this device had the latest entry of a room.
  fileprivate func latest(in room: RoomIdentifier) throws -> Timestamp? {
    try db.row(
      sql: "SELECT position, message, value FROM history WHERE room = ? ORDER BY position DESC LIMIT 1",
      arguments: [Data(index(room))]
    ).map { try history($0).record.at }
  }
}
