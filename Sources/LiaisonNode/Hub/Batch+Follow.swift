internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Following the order that another hub gives.
extension Batch {
  /// The commit in an envelope. Throws a `Failure` where there is none of this room.
  func roomCommit(in envelope: Envelope) throws -> RoomCommit {
    guard let commit = try? RoomCommit(tlsEncoded: envelope.payload), commit.epoch < UInt64(Int64.max) else {
      throw Frame.Failure.malformed("the payload is not a commit")
    }
    return commit
  }

  /// Takes the next commit of a room, or one that has been taken.
  mutating func follow(commit envelope: Envelope, in room: RoomRecord, _ key: MessageKey) throws -> Placement {
    guard room.hub == envelope.origin, room.hub != handle else {
      throw Frame.Failure.notPermitted("only the room's hub orders its commits")
    }
    let content = try roomCommit(in: envelope)
    guard content.epoch == room.epoch else {
      // A node that came in by this commit, or later, knows its outcome from its welcome.
      guard try !store.tookPart(handle, in: envelope.room, epoch: content.epoch) else {
        throw Frame.Failure.conflict("another commit ended that epoch")
      }
      return .placed
    }
    guard let message = try? MLSMessage(content.commit), message.contentType == .commit,
      message.groupID == envelope.room.bytes, message.epoch == content.epoch
    else { throw Frame.Failure.malformed("the commit is malformed") }
    guard let state = try store.roomState(envelope.room) else { throw StoreError.unreadable("a room without state") }
    let step: CommitStep
    do {
      step = try CommitStep(
        message, groupInfo: content.groupInfo, on: publicGroup(state), leaves: leaves(envelope.room), hub: room.hub,
        authentication: authentication(.following, at: envelope.acceptedAt), at: envelope.acceptedAt)
    } catch MLSError.credentialRefused {
      log(.warning, peer: room.hub, "a commit brings in a device of a node that is not trusted here: it waits")
      return .early(epoch: room.epoch)
    } catch let error as RoomError {
      throw Frame.Failure.malformed(error.sentence)
    } catch is MLSError { throw Frame.Failure.malformed("the commit is not valid") }

    var next = room
    next.epoch = step.newEpoch
    try store.insertCommit(
      CommitRecord(
        message: envelope.message, epoch: content.epoch, digest: Envelope.digest(ofEncoded: envelope.tlsEncoded)),
      in: envelope.room)
    try putInbox(.message(key), of: step.witnesses(at: handle))
    rosters[envelope.room] = nil
    if step.after.contains(where: { $0.address.handle == handle }) {
      try store.advanceRoom(
        next, state: RoomState(publicGroup: step.group.serialized, groupInfo: step.groupInfo), leaves: step.after)
    } else {
      next.isLeft = true
      try store.leaveRoom(next)
    }
    roomsToRelease.insert(envelope.room)
    return .placed
  }

  /// Throws where the hub may not bring those into the room who were not in it. Asked when the welcome comes, and not
  /// again when it finds its place.
  mutating func permit(welcome envelope: Envelope) throws {
    guard let content = try? RoomWelcome(tlsEncoded: envelope.payload),
      case .groupInfo(let info)? = try? MLSMessage(content.groupInfo)
    else { return }
    let room = try store.room(envelope.room)
    let isHere = room.map { !$0.isLeft } ?? false
    let before = try isHere ? leaves(envelope.room).filter { $0.sinceEpoch < info.groupContext.epoch } : []
    let entering = Set(content.added).subtracting(before.map { $0.address })
    guard !entering.isEmpty else { return }
    try peers.permit(.rooms, with: envelope.origin, at: nil)
    try permitEntry(of: entering, by: envelope.origin)
  }

  /// Takes up a room that a commit brought to this node, and hands the welcome to those whom it is for.
  mutating func follow(welcome envelope: Envelope, in room: RoomRecord?) throws -> Placement {
    guard let content = try? RoomWelcome(tlsEncoded: envelope.payload),
      case .welcome? = try? MLSMessage(content.welcome), case .groupInfo(let info)? = try? MLSMessage(content.groupInfo)
    else { throw Frame.Failure.malformed("the payload is not a welcome") }
    let epoch = info.groupContext.epoch
    let added = Set(content.added)
    guard !added.isEmpty, added.allSatisfy({ $0.handle == handle }) else {
      throw Frame.Failure.malformed("the welcome is for nobody of this node")
    }
    if let room {
      guard room.hub == envelope.origin, room.hub != handle else {
        throw Frame.Failure.notPermitted("only the room's hub orders its commits")
      }
      guard epoch >= room.epoch else { throw Frame.Failure.conflict("the room has moved past this welcome") }
    }
    if let room, !room.isLeft {
      guard epoch == room.epoch else { return .early(epoch: epoch) }
      guard let state = try store.roomState(envelope.room), try publicGroup(state).groupContext == info.groupContext
      else { throw Frame.Failure.conflict("the welcome is into another state of the room") }
    } else {
      try check(.roomsPerPeer, of: envelope.origin, used: try store.roomCount(hub: envelope.origin))
      let group: PublicGroup
      do {
        group = try self.group(
          content.groupInfo, content.ratchetTree, of: envelope.room, hub: envelope.origin, at: envelope.acceptedAt,
          .following)
      } catch is UntrustedLeaf {
        log(.warning, peer: envelope.origin, "a room holds a device of a node that is not trusted here: it waits")
        return .early(epoch: epoch)
      }
      try store.insertRoom(
        RoomRecord(room: envelope.room, hub: envelope.origin, epoch: epoch, isLeft: false),
        state: RoomState(publicGroup: group.serialized, groupInfo: content.groupInfo),
        leaves: roster(group).entries.map { RoomLeaf($0, since: epoch) })
      rosters[envelope.room] = nil
    }
    let leaves = try leaves(envelope.room).filter { added.contains($0.address) && $0.sinceEpoch == epoch }
    guard Set(leaves.map(\.address)) == added, let state = try store.roomState(envelope.room) else {
      throw Frame.Failure.malformed("the welcome is for members who were not added")
    }
    let tree = try publicGroup(state).ratchetTree.tlsEncoded
    try handOver(
      content.welcome, groupInfo: content.groupInfo, ratchetTree: tree, epoch: epoch, to: leaves, in: envelope.room,
      origin: envelope.origin, at: envelope.acceptedAt)
    roomsToRelease.insert(envelope.room)
    return .placed
  }

  /// Puts a welcome into the inboxes of this node's devices that were added, and keeps what they will ask for.
  mutating func handOver(
    _ welcome: [UInt8], groupInfo: [UInt8], ratchetTree: [UInt8], epoch: UInt64, to leaves: [RoomLeaf],
    in room: RoomIdentifier, origin: Handle, at time: Timestamp
  ) throws {
    guard !leaves.isEmpty else { return }
    let content = RoomWelcome(
      welcome: welcome, groupInfo: groupInfo, ratchetTree: [], added: Set(leaves.map(\.address)).sorted())
    let envelope = Envelope(
      message: MessageIdentifier(using: &random), room: room, origin: origin, precedence: .flash, acceptedAt: time,
      kind: .welcome, payload: content.tlsEncoded)
    let item = InboxItemContent.envelope(envelope.tlsEncoded).tlsEncoded
    for leaf in leaves {
      // In its turn: what comes before it may be of the room's earlier epochs.
      let appended = try store.appendInbox(leaf.device, .item(item), .routine, limit: Limits.inboxItemsPerDeviceMax)
      guard case .appended(let sequence) = appended else { continue }
      try store.insertWelcome(
        WelcomeRecord(epoch: epoch, groupInfo: groupInfo, ratchetTree: ratchetTree), to: room, for: leaf.device,
        sequence: sequence)
      devicesToServe.insert(leaf.device)
    }
  }
}
