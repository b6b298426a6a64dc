package import LiaisonModel

/// A stored message's number at this node.
package struct MessageKey: Hashable, Sendable, Comparable {
  package let rawValue: Int64

  /// A number that the store gave.
  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// What is remembered of every envelope that was taken, for as long as the same may come again.
package struct MessageRecord: Hashable, Sendable {
  package var message: MessageIdentifier
  /// The node that accepted it first; identifiers of different nodes never collide.
  package var origin: Handle
  package var room: RoomIdentifier
  /// SHA-256 of the envelope, 32 bytes.
  package var digest: [UInt8]
  package var acceptedAt: Timestamp
  /// Its author, where that is a member of this node.
  package var sender: Address?

  /// A message that has just been taken.
  package init(
    message: MessageIdentifier, origin: Handle, room: RoomIdentifier, digest: [UInt8], acceptedAt: Timestamp,
    sender: Address?
  ) {
    self.message = message
    self.origin = origin
    self.room = room
    self.digest = digest
    self.acceptedAt = acceptedAt
    self.sender = sender
  }
}

/// Whose messages are counted together.
package enum KeptScope: Hashable, Sendable {
  /// Messages of another node's members, and of its own.
  case peer(Handle)
  /// Messages of a member of this node.
  case member(Address)
  case room(RoomIdentifier)
}

/// What is kept of one peer, member or room.
package struct KeptTotal: Hashable, Sendable {
  /// Messages that are remembered.
  package var messages: Int
  /// Those whose envelopes are still needed.
  package var envelopes: Int
  /// Bytes of these envelopes.
  package var bytes: Int

  /// Figures of one moment.
  package init(messages: Int = 0, envelopes: Int = 0, bytes: Int = 0) {
    self.messages = messages
    self.envelopes = envelopes
    self.bytes = bytes
  }
}

/// Messages that were taken, and the envelopes of those that somebody still waits for.
package protocol MessageStore {
  /// Remembers a message; `(origin, message)` must be new. Its envelope is kept as long as a queue, an inbox or the
  /// holding area names it, so one that none names when the transaction ends is not kept.
  func insertMessage(_ record: MessageRecord, envelope: [UInt8]) throws(StoreError) -> MessageKey
  /// The message of this identifier that `origin` accepted.
  func message(_ message: MessageIdentifier, from origin: Handle) throws(StoreError) -> (
    key: MessageKey, record: MessageRecord
  )?
  /// The message of this number.
  func message(_ key: MessageKey) throws(StoreError) -> MessageRecord?
  /// The envelope as it came, while it is kept.
  func envelope(_ key: MessageKey) throws(StoreError) -> [UInt8]?
  /// Forgets up to `limit` messages accepted before `time` that nothing names, with their receipts.
  /// - Returns: how many.
  func forgetMessages(acceptedBefore time: Timestamp, limit: Int) throws(StoreError) -> Int

  /// What is kept of a peer, a member or a room, with all that this transaction did. Envelopes that nothing needs any more
  /// are counted, and there, until it ends.
  func kept(_ scope: KeptScope) throws(StoreError) -> KeptTotal

  /// Holds an envelope whose room has not reached its epoch here.
  func hold(_ key: MessageKey, _ held: HeldEnvelope) throws(StoreError)
  /// What is held for a room up to an epoch: lower epochs first, then as it came.
  func held(for room: RoomIdentifier, throughEpoch epoch: UInt64, limit: Int) throws(StoreError) -> [(
    key: MessageKey, held: HeldEnvelope
  )]
  /// What has been held since before `time`, oldest first.
  func held(since time: Timestamp, limit: Int) throws(StoreError) -> [(key: MessageKey, held: HeldEnvelope)]
  /// What is held from one peer: envelopes and their bytes.
  func heldTotal(from peer: Handle) throws(StoreError) -> (count: Int, bytes: Int)
  /// Holds it no longer.
  func release(_ key: MessageKey) throws(StoreError)
}

/// An envelope that came before what it needs.
package struct HeldEnvelope: Hashable, Sendable {
  package var peer: Handle
  package var room: RoomIdentifier
  /// The epoch that the room must have reached.
  package var epoch: UInt64
  package var bytes: Int
  package var heldSince: Timestamp

  /// What came from `peer` and waits.
  package init(peer: Handle, room: RoomIdentifier, epoch: UInt64, bytes: Int, heldSince: Timestamp) {
    self.peer = peer
    self.room = room
    self.epoch = epoch
    self.bytes = bytes
    self.heldSince = heldSince
  }
}
