internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Rooms as this node follows them, at the hub and elsewhere.
extension Batch {
  /// Takes up a room whose hub this node is to be, with one device in it.
  mutating func create(_ request: Frame.CreateRoom, by device: DeviceIdentifier) throws {
    if let room = try store.room(request.room) {
      // The same again is done already.
      guard room.hub == handle, room.epoch == 0, try store.roomState(request.room)?.groupInfo == request.groupInfo
      else { throw Frame.Failure.conflict("another room has this identifier") }
      return
    }
    if let member = try store.device(device)?.address {
      try Quota.roomsPerMember.check(try store.roomCount(of: member))
    }
    let group = try group(request.groupInfo, request.ratchetTree, of: request.room, at: now, .creating)
    guard try extensions(of: group).hub == handle else {
      throw Frame.Failure.notPermitted("the room names another hub")
    }
    guard group.epoch == 0 else { throw Frame.Failure.malformed("a new room is in epoch 0") }
    let roster = try roster(group)
    guard roster.entries.count == 1, roster.entries.first?.device == device else {
      throw Frame.Failure.notPermitted("a new room holds its creator's device alone")
    }
    try store.insertRoom(
      RoomRecord(room: request.room, hub: handle, epoch: 0, isLeft: false),
      state: RoomState(publicGroup: group.serialized, groupInfo: request.groupInfo),
      leaves: roster.entries.map { RoomLeaf($0, since: 0) })
    rosters[request.room] = nil
  }

  /// What a device needs to join, or to come back.
  mutating func state(
    of room: RoomIdentifier, for device: DeviceIdentifier, _ address: Address
  ) throws -> Frame.RoomState {
    guard let record = try store.room(room) else { throw Frame.Failure.unknown("this node knows no such room") }
    if let welcome = try store.welcome(to: room, for: device) {
      return Frame.RoomState(groupInfo: welcome.groupInfo, ratchetTree: welcome.ratchetTree, hub: record.hub)
    }
    guard try leaves(room).contains(where: { $0.address == address }), let state = try store.roomState(room) else {
      throw Frame.Failure.unknown("this node knows no such room")
    }
    let group = try publicGroup(state)
    return Frame.RoomState(
      groupInfo: state.groupInfo, ratchetTree: group.ratchetTree.tlsEncoded, hub: record.hub)
  }

  func publicGroup(_ state: RoomState) throws -> PublicGroup {
    do { return try PublicGroup(serialized: state.publicGroup) } catch {
      throw StoreError.unreadable("a room's public group")
    }
  }

  /// Whose leaves are taken.
  enum Scrutiny {
    /// A room's first leaf: of this node's own member, with a card in force.
    case creating
    /// A new leaf must be of this node or of an active peer, with cards in force now. The hub is the judge.
    case ordering
    /// What the hub has accepted, at the time that it says: of any node that was ever trusted here.
    case following
  }

  /// The rule for leaves of a change made at `time`.
  func authentication(_ scrutiny: Scrutiny, at time: Timestamp) -> RoomAuthentication {
    var present = peers.trustedOnceCards
    present[handle] = identity.card
    switch scrutiny {
    case .creating: return RoomAuthentication(entering: [handle: identity.card], now: time)
    case .ordering:
      var entering = peers.activeCards.filter { (try? $0.value.checkInForce(at: time)) != nil }
      entering[handle] = identity.card
      return RoomAuthentication(entering: entering, present: present, now: time)
    case .following: return RoomAuthentication(entering: present, now: time)
    }
  }

  /// Reads and verifies a whole group that was handed over.
  func group(
    _ groupInfo: [UInt8], _ ratchetTree: [UInt8], of room: RoomIdentifier, at time: Timestamp, _ scrutiny: Scrutiny
  ) throws -> PublicGroup {
    guard let message = try? MLSMessage(groupInfo), case .groupInfo(let info) = message,
      let tree = try? RatchetTree(tlsEncoded: ratchetTree), info.groupContext.groupID == room.bytes,
      groupInfo.count <= Limits.commitBytesMax, info.groupContext.epoch < UInt64(Int64.max)
    else { throw Frame.Failure.malformed("the room's group info or tree is malformed") }
    let group: PublicGroup
    do {
      group = try PublicGroup(
        groupInfo: info, ratchetTree: tree, leafLifetimeMax: RoomProfile.lifetimeSecondsMax,
        authentication: authentication(scrutiny, at: time), now: time.seconds)
    } catch .credentialRefused {
      throw UntrustedLeaf()
    } catch { throw Frame.Failure.malformed("the room's state is not valid") }
    return group
  }

  func extensions(of group: PublicGroup) throws -> RoomExtension {
    do { return try RoomExtension(of: group.groupContextExtensions) } catch {
      throw Frame.Failure.malformed(error.sentence)
    }
  }

  func roster(_ group: PublicGroup) throws -> Roster {
    do { return try Roster(group.members) } catch { throw Frame.Failure.malformed(error.sentence) }
  }
}

/// A leaf's card is of a node that is not trusted here, or not yet.
struct UntrustedLeaf: Error {}

extension RoomLeaf {
  init(_ entry: Roster.Entry, since epoch: UInt64) {
    self.init(leaf: entry.leaf.rawValue, address: entry.address, device: entry.device, sinceEpoch: epoch)
  }
}
