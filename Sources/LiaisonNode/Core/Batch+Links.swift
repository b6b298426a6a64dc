internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol

/// Links that come and go.
extension Batch {
  mutating func opened(_ link: LinkID, _ peer: LinkPeer) throws {
    switch peer {
    case .peer(let handle, let isDialledHere, let clockDifference):
      try opened(link, to: handle, isDialledHere: isDialledHere, clockDifference: clockDifference)
    case .device(let device, let position): try opened(link, by: device, position: position)
    case .enrolment(let key): memory.links.insert(link, enrolment: key)
    }
  }

  private mutating func opened(
    _ link: LinkID, to peer: Handle, isDialledHere: Bool, clockDifference: Int64
  ) throws {
    // The registry may have changed while the Hellos were under way.
    guard peers.takesLinks(of: peer) else {
      outputs.append(.close(link, .notPermitted("not accepted")))
      return
    }
    // A link is better than a way through a third node.
    if let standing = memory.links.peers[peer], LinkID.isTunnel(standing.link) {
      endTunnel(to: peer, because: "a link stands")
    }
    if let standing = memory.links.peers[peer] {
      let age = now.milliseconds - min(now.milliseconds, standing.openedAt.milliseconds)
      guard
        SimultaneousDial.replaces(
          standingDialledBy: standing.isDialledHere ? handle : peer, standingForMilliseconds: age,
          newDialledBy: isDialledHere ? handle : peer, between: handle, and: peer)
      else {
        outputs.append(.close(link, nil))
        return
      }
      memory.links.remove(standing.link)
      outputs.append(.close(standing.link, nil))
    } else {
      log(.info, peer: peer, "the link stands")
    }
    memory.links.insert(
      link,
      Links.Peer(
        link: link, isDialledHere: isDialledHere, openedAt: now, clockDifferenceMilliseconds: clockDifference),
      of: peer)
    if clockDifference.magnitude > Limits.clockErrorMillisecondsMax {
      let text = "the peer's clock and this node's differ by more than an hour: what is dated ahead is refused"
      memory.troubles[peer] = Memory.Trouble(text: text, at: now)
      complain(of: peer, text)
    }
    memory.dials[peer] = Memory.Dial()
    try reached(peer, on: link)
  }

  /// A link, or a way round, leads to a peer now.
  mutating func reached(_ peer: Handle, on link: LinkID) throws {
    memory.awaySince[peer] = nil
    try sayWhatWaitedForBundles(to: peer, on: link)
    peersToServe.insert(peer)
    memory.directories.plan(peer, at: now)
    send(Frame(.directoryHeads(try directoriesToTell())), on: link)
    for body in try positionsToAsk(of: peer) { send(Frame(body), on: link) }
    try askForVotes(of: [peer])
    if !LinkID.isTunnel(link) { try sendComChecks(to: peer) }
  }

  private mutating func opened(_ link: LinkID, by device: DeviceIdentifier, position: UInt64) throws {
    guard let record = try store.device(device) else { throw Frame.Failure.notPermitted("not accepted") }
    try Quota.connectionsPerDevice.check(memory.links.links(of: device).count)
    guard position <= Inbox.positionMax else { throw Violation("a device's inbox position is out of range") }
    if position > (try store.inboxEnd(device)) {
      // This store is older than the device: restored from a backup. New items must not take numbers that the
      // device has passed already.
      log(.warning, "a device is ahead of this node's store, which seems to come from a backup")
      try noteRestored()
      try store.advanceInbox(device, past: position)
    }
    try acknowledge(device, through: position)
    memory.links.insert(link, Links.Device(device: device, address: record.address, push: Push(position: position)))
    devicesToServe.insert(device)
  }

  mutating func closed(_ link: LinkID, because reason: String) {
    if case .peer(let handle)? = memory.links.owners[link] { log(.info, peer: handle, "the link ended") }
    memory.lost(link, because: reason, now: now, random: &random)
  }

  /// Takes over the registry's new state; it takes effect on live links before anything else.
  mutating func adopt(_ table: PeerTable) throws {
    peers = table
    for (handle, peer) in memory.links.peers.sorted(by: { $0.key < $1.key }) where !table.takesLinks(of: handle) {
      log(.info, peer: handle, "the link is closed: the peer is not active, or its policy allows none")
      close(peer.link, .notPermitted("not accepted"))
    }
    for handle in table.peers.keys.sorted() where table[handle]?.standing == .revoked { try giveUpQueue(of: handle) }
    endTunnelsOfOthers()
    // What is published to whom may be something else now, and what revoked peers published goes.
    memory.directories.isPolicyChanged = true
    try findLeftovers()
    memory.dials = memory.dials.filter { table.takesLinks(of: $0.key) }
    // What was held because a card was unknown may be valid now.
    roomsToRelease.formUnion(try store.held(since: now, limit: Housekeeping.rowsMax).map(\.held.room))
  }

  /// Ends the links on which an envelope came that the store did not take, as soon as it takes anything: whoever sent it
  /// then sends everything again, in order, on the next one.
  mutating func closeTorn() throws {
    let due = memory.torn.filter { $0.value.adding(milliseconds: Memory.storeTryMilliseconds) <= now }.keys
    guard !due.isEmpty else { return }
    // Where this fails too, the batch leaves no trace and the links stay.
    try store.touch()
    for link in due.sorted(by: { $0.rawValue < $1.rawValue }) {
      memory.torn[link] = nil
      guard memory.links.owners[link] != nil else { continue }
      close(link, .later("the node could not store what was sent to it; send it again"))
    }
  }

  /// Plans a dial for each active peer without a link, and asks for those that are due.
  mutating func dialWhoIsAway() throws {
    for handle in peers.active where handle != self.handle {
      let link = memory.links.peers[handle]?.link
      if link == nil, memory.awaySince[handle] == nil { memory.awaySince[handle] = now }
      guard peers.takesLinks(of: handle), link.map(LinkID.isTunnel) ?? true else { continue }
      var dial = memory.dials[handle] ?? Memory.Dial(at: now)
      if let at = dial.at, at <= now {
        dial.at = nil
        outputs.append(.dial(handle))
      }
      memory.dials[handle] = dial
    }
  }
}
