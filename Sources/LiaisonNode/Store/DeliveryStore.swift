package import LiaisonModel

/// An envelope in a peer's queue.
package struct QueuedEnvelope: Hashable, Sendable {
  package var key: MessageKey
  package var message: MessageIdentifier
  package var precedence: Precedence
  /// Grows with each envelope queued for the peer.
  package var sequence: Int64
  package var bytes: Int
  package var queuedAt: Timestamp

  /// An entry of a queue.
  package init(
    key: MessageKey, message: MessageIdentifier, precedence: Precedence, sequence: Int64, bytes: Int,
    queuedAt: Timestamp
  ) {
    self.key = key
    self.message = message
    self.precedence = precedence
    self.sequence = sequence
    self.bytes = bytes
    self.queuedAt = queuedAt
  }
}

/// A peer's queue in figures.
package struct QueueRecord: Hashable, Sendable {
  package var peer: Handle
  package var count: Int
  package var bytes: Int
  package var oldest: Timestamp?

  /// Figures of one moment.
  package init(peer: Handle, count: Int, bytes: Int, oldest: Timestamp?) {
    self.peer = peer
    self.count = count
    self.bytes = bytes
    self.oldest = oldest
  }
}

/// How far one message has come towards one peer.
package enum DeliveryState: UInt8, Sendable {
  case queued = 0
  /// The peer's receipt is kept.
  case delivered = 1
  /// Expired or refused; the sender was told.
  case undeliverable = 2
}

/// The queues of envelopes for peers, and what became of each.
package protocol DeliveryStore {
  /// Puts a message at the end of a peer's queue.
  func enqueue(_ key: MessageKey, for peer: Handle, precedence: Precedence, at time: Timestamp) throws(StoreError)
  /// Envelopes queued for a peer, and their bytes.
  func queueTotal(for peer: Handle) throws(StoreError) -> (count: Int, bytes: Int)
  /// The queue of one precedence after a sequence, oldest first.
  func queue(for peer: Handle, precedence: Precedence, after sequence: Int64, limit: Int) throws(StoreError)
    -> [QueuedEnvelope]
  /// Every queue that is not empty.
  func queues() throws(StoreError) -> [QueueRecord]
  /// The state of a message towards a peer; `nil` where it was never queued for it.
  func delivery(of key: MessageKey, to peer: Handle) throws(StoreError) -> DeliveryState?
  /// The receipt of a message by a peer, in its encoding.
  func receipt(of key: MessageKey, by peer: Handle) throws(StoreError) -> [UInt8]?
  /// Keeps a peer's receipt, in its encoding, and takes the message out of its queue.
  func markDelivered(_ key: MessageKey, to peer: Handle, receipt: [UInt8]) throws(StoreError)
  /// Gives up a message's delivery to a peer and takes it out of its queue.
  func markUndeliverable(_ key: MessageKey, to peer: Handle) throws(StoreError)
  /// Entries of all queues since before `time`, oldest first.
  func queued(before time: Timestamp, limit: Int) throws(StoreError) -> [(peer: Handle, entry: QueuedEnvelope)]
}
