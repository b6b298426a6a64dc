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
    try follow(roomCommit(in: envelope), in: room, key, from: envelope.origin)
  }

  /// Takes a commit that is proven to stand, whoever passes it on; `key` is the envelope that it came in, and `sender`
  /// whoever sent that.
  mutating func follow(
    _ content: RoomCommit, in room: RoomRecord, _ key: MessageKey, from sender: Handle
  ) throws -> Placement {
    guard content.epoch == room.epoch else {
      // A node that came in by this commit, or later, knows its outcome from its welcome.
      if let known = try store.commit(ending: content.epoch, in: room.room), known.digest == content.digest {
        return .placed
      }
      guard try !store.tookPart(handle, in: room.room, epoch: content.epoch) else {
        throw Frame.Failure.conflict("another commit ended that epoch")
      }
      return .placed
    }
    let nodes = try electorate(of: room)
    do throws(ModelError) {
      try content.proof.verify(
        content.digest, in: room.room, of: content.epoch, hub: room.hub, among: nodes, from: sender,
        keys: nodeKeys)
    } catch { throw Frame.Failure.notPermitted(error.sentence) }
    let step: CommitStep
    do {
      step = try self.step(
        content.commit, groupInfo: content.groupInfo, at: content.proposedAt, term: content.proof.term,
        in: room)
    } catch MLSError.credentialRefused {
      log(.warning, peer: room.hub, "a commit brings in a device of a node that is not trusted here: it waits")
      return .early(epoch: room.epoch)
    } catch let error as RoomError {
      throw Frame.Failure.malformed(error.sentence)
    } catch is MLSError { throw Frame.Failure.malformed("the commit is not valid") }
    guard let message = try store.message(key)?.message else { throw StoreError.unreadable("a commit's envelope") }
    try putInbox(.message(key), of: step.witnesses(at: handle))
    try advance(room, by: step, content, message: message)
    roomsToRelease.insert(room.room)
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
          content.groupInfo, content.ratchetTree, of: envelope.room, at: envelope.acceptedAt, .following)
      } catch is UntrustedLeaf {
        log(.warning, peer: envelope.origin, "a room holds a device of a node that is not trusted here: it waits")
        return .early(epoch: epoch)
      }
      // Whoever ordered the commit sends the welcome: the hub, or a node that took its place.
      let (hub, roster) = (try extensions(of: group).hub, try roster(group))
      guard hub == envelope.origin || roster.handles.contains(envelope.origin) else {
        throw Frame.Failure.notPermitted("a node that is not in the room invites nobody into it")
      }
      try store.insertRoom(
        RoomRecord(room: envelope.room, hub: hub, epoch: epoch, isLeft: false),
        state: RoomState(publicGroup: group.serialized, groupInfo: content.groupInfo),
        leaves: roster.entries.map { RoomLeaf($0, since: epoch) })
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
