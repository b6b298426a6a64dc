import LiaisonClient
import LiaisonModel
import NodeSimulation
import SimulationKit
import TLSPresentation

/// What must hold once everything has healed.
extension Scenario {
  func check() throws {
    for room in rooms {
      try checkConvergence(of: room)
      try checkCommits(of: room)
    }
    try checkMessages()
    try checkOrder()
    try checkReceipts()
    try checkDirectories()
    for node in region.network.sortedNodes {
      do { try node.store.checkIntegrity() } catch { findings.append("\(node.handle): its store is not whole") }
    }
  }

  /// Nobody is said to have shown two directories who keeps one, and nobody's own machine is a stranger to them.
  private func checkDirectories() throws {
    for device in region.devices {
      for alarm in try device.open().directoryAlarms(now: region.now) {
        switch alarm {
        case .unknownDevice, .removedDevice, .ownNode, .twoDirectories: findings.append("\(device.name): \(alarm)")
        case .fault, .notice: break
        }
      }
    }
  }

  /// All members of a room are in one epoch, see the same members, and miss nothing of one another.
  private func checkConvergence(of room: RoomIdentifier) throws {
    var views: [(device: SimulatedDevice, room: Room)] = []
    for device in region.devices {
      for view in try device.open().rooms() where view.identifier == room {
        if view.state == .damaged {
          findings.append("\(device.name): room \(name(of: room)) is damaged: \(try damage(of: room, at: device))")
        }
        if view.state == .active { views.append((device, view)) }
      }
    }
    require(!views.isEmpty, "nobody is in room \(name(of: room)) any more")
    require(
      Set(views.map(\.room.epochAuthenticator)).count == 1,
      "the members of room \(name(of: room)) are in epochs \(views.map { "\($0.device.name) \($0.room.epoch)" })")
    let members = Set(try views.map { try $0.device.address.description })
    for (device, view) in views {
      let seen = view.members.map(\.description)
      require(
        Set(seen) == members && seen.count == members.count,
        "\(device.name) sees \(seen) in room \(name(of: room)), and \(members.sorted()) are in it")
      for gap in view.gaps where try mustBeWhole(gap, in: room, at: device) {
        findings.append("\(device.name) misses \(gap.numbers) of \(gap.sender) in room \(name(of: room)): \(gap.state)")
      }
      // What somebody planned who was then removed is told to have failed.
      if try wasOut(device, of: room) || !isHonest(device) || !view.failed.contains(where: isOwed) { continue }
      require(plan.stepsClocks, "\(device.name) failed to change room \(name(of: room)): \(view.failed)")
    }
  }

  private func damage(of room: RoomIdentifier, at device: SimulatedDevice) throws -> [RoomNotice] {
    try device.open().history(of: room).compactMap {
      if case .notice(let notice) = $0.content, case .damaged = notice { notice } else { nil }
    }
  }

  /// Whether a device was out of the room for a time, by its member or alone.
  private func wasOut(_ device: SimulatedDevice, of room: RoomIdentifier) throws -> Bool {
    try changed[room]?.contains(device.address.description) == true || replaced.contains(device.name)
  }

  /// No two nodes have taken different commits of one epoch.
  private func checkCommits(of room: RoomIdentifier) throws {
    var digests: [UInt64: [UInt8]] = [:]
    for node in region.network.sortedNodes {
      try node.store.read { store in
        guard let record = try store.room(room) else { return }
        for epoch in 0..<record.epoch {
          guard let commit = try store.commit(ending: epoch, in: room) else { continue }
          require(
            digests[epoch].map { $0 == commit.digest } ?? true,
            "\(node.handle) has another commit of epoch \(epoch) of room \(name(of: room)) than others")
          digests[epoch] = commit.digest
        }
      }
    }
  }

  private func isOwed(_ change: Room.Change) -> Bool { change.address.handle != liar }

  /// A liar's people may miss what is theirs. Numbers of what was refused are gone, and that is said.
  private func mustBeWhole(_ gap: Gap, in room: RoomIdentifier, at device: SimulatedDevice) throws -> Bool {
    guard try isHonest(device), gap.sender.handle != liar else { return false }
    // Who was out and came again has forgotten what was numbered before: nobody can say any more that it was refused.
    if changed.values.contains(where: { $0.contains(gap.sender.description) }) { return false }
    if try region.devices.contains(where: { try $0.address == gap.sender && replaced.contains($0.name) }) {
      return false
    }
    // Nor does anybody send it again what was on its way while it was put out.
    if try wasOut(device, of: room) { return false }
    return !(gap.state == .gone && plan.mayComeAgain)
  }

  private func name(of room: RoomIdentifier) -> String { rooms.firstIndex(of: room).map(String.init) ?? "unknown" }

  // MARK: Messages

  /// Every message is seen once by each of those that it was encrypted for, or its sender was told why not; and by nobody
  /// else.
  private func checkMessages() throws {
    var seen: [String: [String: Int]] = [:]
    for device in region.devices {
      for room in try device.open().rooms().map(\.identifier) where rooms.contains(room) {
        for text in try device.texts(of: room) { seen[device.name, default: [:]][text, default: 0] += 1 }
        try checkHistory(of: room, at: device)
      }
    }
    for message in sent { try check(message, seen) }
  }

  private func check(_ message: Sent, _ seen: [String: [String: Int]]) throws {
    let (sender, text) = (message.sender, message.text)
    require(seen[sender.name]?[text] == 1, "\(sender.name) lost its own \(text)")
    let status = try sender.open().status(message.message)
    require(status.heldBecause == nil, "\(text) still waits: \(status.heldBecause ?? "")")
    let refusals = Self.refusals(status)
    summary.refused += refusals.count
    let recipients = Set(status.people.map(\.address))
    let isRefused = refusals[try sender.address.handle] != nil
    for device in region.devices where device !== sender {
      let (address, count) = (try device.address, seen[device.name]?[text] ?? 0)
      let areHonest = try isHonest(device) && isHonest(sender)
      let isFor = try recipients.contains(address) || address == sender.address
      if !isFor || isRefused {
        require(count == 0, "\(device.name) read \(text), which did not go out to them: \(refusals)")
      } else if try wasOut(device, of: message.room) || refusals[address.handle] != nil || !areHonest {
        require(count <= 1, "\(device.name) has \(text) \(count) times")
      } else {
        require(count == 1, "\(device.name) has \(text) \(count) times: \(Self.words(status))")
        summary.deliveries += 1
      }
    }
  }

  /// The nodes that said that they did not take it, and why; the sender's own among them where it did not.
  private static func refusals(_ status: MessageStatus) -> [Handle: String] {
    var refusals: [Handle: String] = [:]
    for node in status.nodes { if case .refused(let reason, _) = node.state { refusals[node.handle] = reason } }
    return refusals
  }

  static func words(_ status: MessageStatus) -> String {
    status.nodes.map { "\($0.handle) \($0.state)" }.joined(separator: ", ")
  }

  /// Nothing is flagged or unreadable, unless somebody lied or a disk forgot it.
  private func checkHistory(of room: RoomIdentifier, at device: SimulatedDevice) throws {
    for entry in try device.open().history(of: room) {
      switch entry.content {
      case .message:
        // What waited for a change while its writer was removed was not sent, and says so.
        var flags = entry.isOwn ? entry.flags.subtracting(.notSent) : entry.flags
        if flags.contains(.sentAgain), plan.mayComeAgain || entry.sender?.handle == liar {
          flags.remove(.sentAgain)
          summary.sentAgain += 1
        }
        require(
          flags.isEmpty || entry.sender?.handle == liar,
          "\(device.name) has \(entry.message?.body as Any) of \(entry.sender as Any) flagged \(flags.names)")
      case .notice(.unreadable(let reason)): require(plan.lies, "\(device.name) could not read something: \(reason)")
      case .notice: break
      }
    }
  }

  /// Each sender's messages of a room and a precedence are in the order in which they were sent.
  private func checkOrder() throws {
    guard plan.keepsOrder else { return }
    let order = Dictionary(uniqueKeysWithValues: sent.enumerated().map { ($1.message, $0) })
    for device in region.devices {
      for room in try device.open().rooms() {
        var last: [ObjectIdentifier: [Precedence: Int]] = [:]
        for entry in try device.open().history(of: room.identifier) where !entry.flags.contains(.sentAgain) {
          guard let number = order[entry.identifier], let sender = entry.sender, !entry.isOwn, sender.handle != liar,
            let precedence = entry.message?.precedence
          else { continue }
          let device = ObjectIdentifier(sent[number].sender)
          let before = last[device]?[precedence] ?? -1
          require(
            number > before,
            "\(sent[number].text) \(entry.identifier) came after \(before < 0 ? "" : sent[before].text)")
          last[device, default: [:]][precedence] = number
        }
      }
    }
  }

  // MARK: Receipts

  /// Each receipt, as it is handed to others, verifies with its holder's card alone and with no other's; and every node
  /// that a message went to has given one, unless its sender was told otherwise or a disk forgot it.
  private func checkReceipts() throws {
    let cards = region.network.cards
    for message in sent {
      let engine = try message.sender.open()
      let own = try message.sender.address.handle
      let status = try engine.status(message.message)
      guard Self.refusals(status)[own] == nil else { continue }
      for node in status.nodes where node.handle != own {
        guard node.isProven else {
          let isExcused = plan.restores || liar == own || liar == node.handle
          if case .refused = node.state { continue }
          require(isExcused, "\(message.text) has no receipt of \(node.handle): \(Self.words(status))")
          continue
        }
        let exported = try engine.receipts(for: message.message, of: node.handle).receipts.tlsEncoded
        let receipts = try MessageReceipts(tlsEncoded: exported)
        for (handle, card) in cards {
          let isProof = (try? receipts.verified(by: card)) != nil
          require(
            isProof == (handle == node.handle),
            "the receipt of \(node.handle) for \(message.text) \(isProof ? "verifies" : "does not verify") with \(handle)"
          )
        }
        require(
          receipts.leaf.envelopeDigest == status.envelopeDigest, "a receipt of \(message.text) is for other bytes")
        summary.receipts += 1
      }
    }
  }
}
