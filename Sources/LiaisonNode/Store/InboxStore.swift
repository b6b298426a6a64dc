package import LiaisonModel

/// What is put into a device's inbox.
package enum InboxEntry: Hashable, Sendable {
  /// A stored message's envelope.
  case message(MessageKey)
  /// An item of its own, encoded by the core.
  case item([UInt8])
}

/// An item of a device's inbox as it is read.
package struct InboxRecord: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    /// A stored envelope's bytes.
    case envelope([UInt8])
    /// An item of its own.
    case item([UInt8])
  }

  package var sequence: UInt64
  package var content: Content

  /// An item at its place.
  package init(sequence: UInt64, content: Content) {
    self.sequence = sequence
    self.content = content
  }

  /// Bytes of content.
  package var byteCount: Int {
    switch content {
    case .envelope(let bytes), .item(let bytes): bytes.count
    }
  }
}

/// What came of appending to an inbox.
package enum InboxAppend: Hashable, Sendable {
  /// The item's sequence; the first is 1.
  case appended(sequence: UInt64)
  case full
  /// There is no such device, or no more.
  case noDevice
}

/// The inboxes of this node's devices.
package protocol InboxStore {
  /// Appends to a device's inbox, unless it holds `limit` items already. Of an item above PRIORITY it is remembered.
  func appendInbox(
    _ device: DeviceIdentifier, _ entry: InboxEntry, _ precedence: Precedence, limit: Int
  ) throws(StoreError) -> InboxAppend
  /// Items after a sequence, in order.
  func inbox(_ device: DeviceIdentifier, after sequence: UInt64, limit: Int) throws(StoreError) -> [InboxRecord]
  /// Items of IMMEDIATE or of FLASH with these sequences, in order.
  func inbox(
    _ device: DeviceIdentifier, of precedence: Precedence, within sequences: Range<UInt64>, limit: Int
  ) throws(StoreError) -> [InboxRecord]
  /// The sequence of the last item ever put in.
  func inboxEnd(_ device: DeviceIdentifier) throws(StoreError) -> UInt64
  /// How many items an inbox holds, and when the oldest message among them was accepted.
  func inboxTotal(_ device: DeviceIdentifier) throws(StoreError) -> (count: Int, oldest: Timestamp?)
  /// The devices with the most in their inboxes, those with none left out.
  func fullestInboxes(limit: Int) throws(StoreError) -> [DeviceRecord]
  /// Lets go of all items up to a sequence, and of the welcomes among them.
  func acknowledgeInbox(_ device: DeviceIdentifier, through sequence: UInt64) throws(StoreError)
  /// The next item comes after `sequence` at least.
  func advanceInbox(_ device: DeviceIdentifier, past sequence: UInt64) throws(StoreError)
}
