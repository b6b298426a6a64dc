internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// What waits for this node's devices.
extension Batch {
  /// Puts an item into devices' inboxes.
  /// - Returns: how many took it, and how many are full. Devices that were removed count as neither.
  @discardableResult
  mutating func putInbox(
    _ entry: InboxEntry, of devices: [DeviceIdentifier]
  ) throws -> (reached: Int, full: Int) {
    var result = (reached: 0, full: 0)
    for device in devices {
      switch try store.appendInbox(device, entry, limit: Limits.inboxItemsPerDeviceMax) {
      case .appended:
        result.reached += 1
        devicesToServe.insert(device)
      case .full:
        result.full += 1
        log(.warning, "a device's inbox is full; revoke it if its owner no longer uses it")
      case .noDevice: break
      }
    }
    return result
  }

  /// Puts an item of its own into the inboxes of all devices of a member.
  mutating func putInbox(_ content: InboxItemContent, ofMember address: Address) throws {
    try putInbox(.item(content.tlsEncoded), of: store.devices(of: address).map(\.identifier))
  }

  /// Tells a message's sender that one node did not take it and never will.
  mutating func tellUndeliverable(
    _ message: MessageIdentifier, to sender: Address, at peer: Handle, _ failure: Frame.Failure
  ) throws {
    try putInbox(.undeliverable(message: message, at: peer, failure), ofMember: sender)
  }

  /// The device holds everything up to a sequence.
  mutating func acknowledge(_ device: DeviceIdentifier, through sequence: UInt64) throws {
    guard try sequence <= store.inboxEnd(device) else {
      throw Violation("an inbox item was acknowledged that was never sent")
    }
    try store.acknowledgeInbox(device, through: sequence)
    for link in memory.links.links(of: device) {
      memory.links.devices[link]?.push.acknowledged(through: sequence)
    }
    devicesToServe.insert(device)
  }

  /// Pushes to each link of a device what it can take.
  mutating func push(_ device: DeviceIdentifier) throws {
    for link in memory.links.links(of: device) {
      guard var push = memory.links.devices[link]?.push else { continue }
      while push.room > 0 {
        let items = try store.inbox(device, after: push.position, limit: min(push.room, 32))
        if items.isEmpty { break }
        for item in items where push.room > 0 {
          push.pushed(item.sequence, bytes: item.byteCount)
          send(Frame(.inboxItem(try Frame.InboxItem(item))), on: link)
        }
      }
      memory.links.devices[link]?.push = push
    }
  }
}

extension Frame.InboxItem {
  init(_ record: InboxRecord) throws {
    switch record.content {
    case .envelope(let bytes): self.init(sequence: record.sequence, .envelope(bytes))
    case .item(let bytes):
      guard let content = try? InboxItemContent(tlsEncoded: bytes) else { throw StoreError.unreadable("an inbox item") }
      switch content {
      case .receipt(let receipt): self.init(sequence: record.sequence, .receipt(receipt))
      case .undeliverable(let message, let handle, let failure):
        self.init(sequence: record.sequence, .undeliverable(message: message, at: handle, failure))
      case .envelope(let bytes): self.init(sequence: record.sequence, .envelope(bytes))
      }
    }
  }
}
