package import LiaisonModel

/// A room that this node takes part in, or has left.
package struct RoomRecord: Hashable, Sendable {
  package var room: RoomIdentifier
  package var hub: Handle
  /// The epoch it is in, or, where it was left, the first epoch that this node is not in.
  package var epoch: UInt64
  /// Whether no member of this node is in it any more.
  package var isLeft: Bool
  /// When this store was found to come from a backup, where that was after the room was taken up.
  package var restoredAt: Timestamp?

  /// A room at an epoch.
  package init(
    room: RoomIdentifier, hub: Handle, epoch: UInt64, isLeft: Bool, restoredAt: Timestamp? = nil
  ) {
    self.room = room
    self.hub = hub
    self.epoch = epoch
    self.isLeft = isLeft
    self.restoredAt = restoredAt
  }
}

/// What a node follows of a room's MLS group.
package struct RoomState: Hashable, Sendable {
  /// The serialized `PublicGroup`.
  package var publicGroup: [UInt8]
  /// An MLSMessage with the epoch's GroupInfo.
  package var groupInfo: [UInt8]

  /// The state of one epoch.
  package init(publicGroup: [UInt8], groupInfo: [UInt8]) {
    self.publicGroup = publicGroup
    self.groupInfo = groupInfo
  }
}

/// A device in a room.
package struct RoomLeaf: Hashable, Sendable {
  package var leaf: UInt32
  package var address: Address
  package var device: DeviceIdentifier
  /// The first epoch that it is in.
  package var sinceEpoch: UInt64

  /// A leaf of the present tree.
  package init(leaf: UInt32, address: Address, device: DeviceIdentifier, sinceEpoch: UInt64) {
    self.leaf = leaf
    self.address = address
    self.device = device
    self.sinceEpoch = sinceEpoch
  }
}

/// A commit in a room's order, as the hub and those who follow remember it.
package struct CommitRecord: Hashable, Sendable {
  package var message: MessageIdentifier
  /// The epoch that it ended.
  package var epoch: UInt64
  /// ``LiaisonModel/RoomCommit/digest``, 32 bytes.
  package var digest: [UInt8]
  /// The encoded `RoomCommit`; empty once enough others came after it.
  package var content: [UInt8]

  /// A commit at its place.
  package init(message: MessageIdentifier, epoch: UInt64, digest: [UInt8], content: [UInt8]) {
    self.message = message
    self.epoch = epoch
    self.digest = digest
    self.content = content
  }
}

/// What a node has promised and voted in the epoch that a room is in.
package struct RoomBallot: Hashable, Sendable {
  /// It votes in no lower term.
  package var promised: Term
  /// What it voted for last: an encoded frame with a `Proposal`.
  package var voted: [UInt8]?
  /// Whether it proposed this itself, so that it asks the others for their votes.
  package var isProposer: Bool

  /// A ballot as it stands.
  package init(promised: Term, voted: [UInt8]?, isProposer: Bool) {
    self.promised = promised
    self.voted = voted
    self.isProposer = isProposer
  }
}

/// A welcome that a device has not acknowledged, and the state that it opens.
package struct WelcomeRecord: Hashable, Sendable {
  package var epoch: UInt64
  /// An MLSMessage with that epoch's GroupInfo.
  package var groupInfo: [UInt8]
  package var ratchetTree: [UInt8]

  /// The state of a welcome's epoch.
  package init(epoch: UInt64, groupInfo: [UInt8], ratchetTree: [UInt8]) {
    self.epoch = epoch
    self.groupInfo = groupInfo
    self.ratchetTree = ratchetTree
  }
}

/// The rooms that this node takes part in.
package protocol RoomStore {
  /// The room, also one that was left.
  func room(_ room: RoomIdentifier) throws(StoreError) -> RoomRecord?
  /// How many rooms this hub has, those that were left not counted.
  func roomCount(hub: Handle) throws(StoreError) -> Int
  /// The rooms in which a node has members now.
  func rooms(with handle: Handle) throws(StoreError) -> [RoomIdentifier]
  /// How many rooms a member is in.
  func roomCount(of member: Address) throws(StoreError) -> Int
  /// The rooms that a member is in, and whether this device of theirs is.
  func rooms(
    of member: Address, for device: DeviceIdentifier, limit: Int
  ) throws(StoreError) -> [(room: RoomRecord, isPresent: Bool)]
  /// What is followed of the room; `nil` where it was left.
  func roomState(_ room: RoomIdentifier) throws(StoreError) -> RoomState?
  /// The present leaves, lowest first.
  func leaves(_ room: RoomIdentifier) throws(StoreError) -> [RoomLeaf]
  /// Takes up a room, for the first time or again.
  func insertRoom(_ record: RoomRecord, state: RoomState, leaves: [RoomLeaf]) throws(StoreError)
  /// Goes to the room's next epoch, with the record's hub. Handles that `leaves` no longer name took part up to the epoch before.
  func advanceRoom(_ record: RoomRecord, state: RoomState, leaves: [RoomLeaf]) throws(StoreError)
  /// Forgets all but the record, which says from which epoch on this node is not in the room.
  func leaveRoom(_ record: RoomRecord) throws(StoreError)
  /// Whether a node took part in an epoch of the room.
  func tookPart(_ handle: Handle, in room: RoomIdentifier, epoch: UInt64) throws(StoreError) -> Bool
  /// Records a commit; one for each epoch.
  func insertCommit(_ commit: CommitRecord, in room: RoomIdentifier) throws(StoreError)
  /// The commit that ended an epoch.
  func commit(ending epoch: UInt64, in room: RoomIdentifier) throws(StoreError) -> CommitRecord?
  /// What was promised and voted in the room's present epoch; it is forgotten as the room goes on.
  func ballot(_ room: RoomIdentifier) throws(StoreError) -> RoomBallot?
  /// Replaces it.
  func saveBallot(_ ballot: RoomBallot, of room: RoomIdentifier) throws(StoreError)
  /// Notes in all rooms that the store comes from a backup: what was promised and voted since is forgotten. Where that was
  /// noted less than a day before, it stays as it is.
  func noteRestored(at time: Timestamp) throws(StoreError)
  /// Rooms in which that was noted at or after `time`.
  func roomsRestored(since time: Timestamp) throws(StoreError) -> [RoomIdentifier]
  /// Takes the note back in one room: nothing that was forgotten matters any more.
  func forgetRestored(_ room: RoomIdentifier) throws(StoreError)
  /// Rooms in which this node has proposed something that does not stand yet.
  func roomsWithProposals() throws(StoreError) -> [RoomIdentifier]
  /// The commit that was asked for under an identifier.
  func commit(_ message: MessageIdentifier, in room: RoomIdentifier) throws(StoreError) -> CommitRecord?
  /// Remembers that item `sequence` of a device's inbox is a welcome, and what it opens.
  func insertWelcome(
    _ welcome: WelcomeRecord, to room: RoomIdentifier, for device: DeviceIdentifier, sequence: UInt64
  ) throws(StoreError)
  /// The latest welcome to a room that the device has not acknowledged.
  func welcome(to room: RoomIdentifier, for device: DeviceIdentifier) throws(StoreError) -> WelcomeRecord?
}
