internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// What waits for this node's devices.
extension Batch {
  /// Puts an item into devices' inboxes.
  /// - Returns: how many took it, and how many are full. Devices that were removed count as neither.
  @discardableResult
  mutating func putInbox(
    _ entry: InboxEntry, of devices: [DeviceIdentifier], precedence: Precedence = .routine
  ) throws -> (reached: Int, full: Int) {
    var result = (reached: 0, full: 0)
    for device in devices {
      switch try store.appendInbox(device, entry, precedence, limit: Limits.inboxItemsPerDeviceMax) {
      case .appended:
        result.reached += 1
        devicesToServe.insert(device)
      case .full:
        result.full += 1
        complain("a device's inbox is full; revoke it if its owner no longer uses it")
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

  /// Pushes to each link of a device what it can take: what is urgent and would be late ahead of its turn, then what
  /// comes next.
  mutating func push(_ device: DeviceIdentifier) throws {
    for link in memory.links.links(of: device) {
      guard var open = memory.links.devices[link] else { continue }
      let before = open.push.position
      var next: [Frame] = []
      var isMore = true
      while isMore, open.push.room > 0, open.backlog.takes(.routine) {
        let items = try store.inbox(device, after: open.push.position, limit: min(open.push.room, 32))
        isMore = !items.isEmpty
        for item in items where open.push.room > 0 && open.backlog.takes(.routine) {
          open.push.pushed(item.sequence, bytes: item.byteCount)
          open.backlog.add(item.byteCount, .routine)
          next.append(Frame(.inboxItem(try Frame.InboxItem(item, isAhead: false))))
        }
      }
      // Where all was pushed and little is unacknowledged, nothing is late.
      if isMore || open.push.isLong { try pushAhead(device, &open, since: before, on: link) }
      for frame in next { send(frame, on: link) }
      if !next.isEmpty { tally.count(.pushed, next.count) }
      if !open.backlog.takes(.routine) { watch(&open.backlog, of: link) }
      memory.links.devices[link] = open
    }
  }

  private mutating func pushAhead(
    _ device: DeviceIdentifier, _ open: inout Links.Device, since before: UInt64, on link: LinkID
  ) throws {
    for precedence in [Precedence.flash, .immediate] where open.push.roomAhead > 0 {
      let items = try store.inbox(
        device, of: precedence, within: open.push.isAhead(precedence, since: before), limit: open.push.roomAhead)
      for item in items where open.push.roomAhead > 0 && open.backlog.takes(precedence) {
        open.push.pushedAhead(item.sequence, precedence, bytes: item.byteCount, before: before)
        open.backlog.add(item.byteCount, precedence)
        send(Frame(.inboxItem(try Frame.InboxItem(item, isAhead: true))), on: link)
        tally.count(.pushedAhead)
      }
    }
  }

  /// Asks to be told when what was put on a link has left.
  mutating func watch(_ backlog: inout Backlog, of link: LinkID) {
    guard !backlog.isWatched else { return }
    backlog.isWatched = true
    outputs.append(.watch(link))
  }

  /// What was put on a link has left: more can follow.
  mutating func drained(_ link: LinkID) {
    switch memory.links.owners[link] {
    case .peer(let handle):
      memory.links.peers[handle]?.backlog = Backlog()
      peersToServe.insert(handle)
      memory.tunnels.drained(link)
      for (peer, tunnel) in memory.tunnels.open where tunnel.road == link && tunnel.link != nil {
        memory.links.peers[peer]?.backlog = Backlog()
        peersToServe.insert(peer)
      }
    case .device(let device):
      memory.links.devices[link]?.backlog = Backlog()
      devicesToServe.insert(device)
    case .enrolment, nil: break
    }
  }
}

extension Frame.InboxItem {
  init(_ record: InboxRecord, isAhead: Bool) throws {
    let content: Content
    switch record.content {
    case .envelope(let bytes): content = .envelope(bytes)
    case .item(let bytes):
      guard let item = try? InboxItemContent(tlsEncoded: bytes) else { throw StoreError.unreadable("an inbox item") }
      switch item {
      case .receipt(let receipt): content = .receipt(receipt)
      case .undeliverable(let message, let handle, let failure):
        content = .undeliverable(message: message, at: handle, failure)
      case .envelope(let bytes): content = .envelope(bytes)
      }
    }
    self.init(sequence: record.sequence, isAhead: isAhead, content)
  }
}
