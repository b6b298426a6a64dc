import LiaisonClient
import LiaisonModel
import NodeSimulation
import SimulationKit
import TestKit

/// One run of a plan: people make rooms, write, come and go while everything fails; then all heals, and ``findings`` says
/// what is not as it must be.
final class Scenario {
  struct Sent {
    let message: MessageIdentifier
    let room: RoomIdentifier
    let sender: SimulatedDevice
    let text: String
  }

  let plan: Plan
  let region: SimulationKit.Region
  var rooms: [RoomIdentifier] = []
  var sent: [Sent] = []
  /// Those who were out of a room at any time after it was made.
  var changed: [RoomIdentifier: Set<String>] = [:]
  /// Devices that came into their rooms later than their members, or came back, and so may miss something.
  var replaced: Set<String> = []
  var findings: [String] = []
  var summary = Summary()
  private var random: SeededGenerator
  private var backups: [Handle: SimulatedNode.Backup] = [:]
  /// The latest backup of each device's profile, with what was sent by then.
  private var profiles: [String: String] = [:]
  /// Bundles on their way, which arrive in any order, more than once, cut short, or never.
  private var bundles: [NodeSimulation.Region.CarriedBundle] = []
  private let sabotage: Sabotage?

  /// What a broken node would do, to see that somebody notices.
  enum Sabotage: CaseIterable {
    /// It acknowledges what is not on disk, and crashes.
    case acknowledgesBeforeCommit
    /// It loses what waits for a device that is away.
    case losesInbox
    /// Its queue loses its order.
    case losesOrder
  }

  init(_ plan: Plan, sabotage: Sabotage? = nil) throws {
    self.plan = plan
    self.sabotage = sabotage
    random = SeededGenerator(seed: plan.seed &* 31)
    let letters = Array("abcdefghijklmnopqrstuvwxyz")
    let handles = letters.prefix(plan.nodes).map { "x\($0)" }
    region = try SimulationKit.Region(seed: plan.seed, handles: handles)
    for index in 0..<plan.devices { try region.enrol("person\(index)@\(handles[index % handles.count])") }
  }

  func require(_ condition: Bool, _ finding: @autoclosure () -> String) {
    if !condition { findings.append(finding()) }
  }

  /// The node that lies, where one does.
  var liar: Handle? { plan.lies ? region.network.sortedNodes.last?.handle : nil }

  func isHonest(_ device: SimulatedDevice) throws -> Bool { try device.address.handle != liar }

  var rests: Bool { region.devices.allSatisfy(\.isIdle) }
  /// What a liar sent of rooms that nobody knows is kept aside for 14 days.
  private var isQuiet: Bool { rests && region.waitingCount(countingHeld: !plan.lies) == 0 }

  // MARK: The play

  func play() throws {
    require(wait { rests }, "it never began")
    if plan.severalDevices {
      for device in region.devices where try isHonest(device) && Bool.random(using: &random) {
        try region.enrol(invitedBy: device)
      }
      require(wait { rests }, "the second devices never began")
      // They learn of one another as they connect.
      for device in region.devices { device.isOffline = true }
      for device in region.devices { device.isOffline = false }
      require(wait { rests }, "the second devices never met")
    }
    try makeRooms()
    require(wait { rests }, "the rooms were never made")
    region.run(milliseconds: 10_000)
    require(region.findings.isEmpty, "before anything went wrong: \(region.findings)")
    guard findings.isEmpty else { return }
    for node in region.network.sortedNodes where plan.restores { backups[node.handle] = try node.backUp() }
    for device in region.devices where plan.severalDevices && Bool.random(using: &random) {
      profiles[device.name] = try device.backUp()
    }
    try beginFaults()
    for step in 0..<plan.steps {
      if plan.takesOver, step == plan.steps / 3 { try loseHub() }
      if step == plan.steps / 2, let sabotage { try commit(sabotage) }
      try act(step)
      region.run(milliseconds: UInt64.random(in: 10...1_200, using: &random))
    }
    region.endFaults()
    lost?.isLost = false
    lost?.start()
    try settle()
    try check()
    summary = Summary(self)
  }

  private func makeRooms() throws {
    // A liar's people make no rooms: nobody can tell what its hub would order.
    let makers = try region.devices.filter(isHonest)
    for number in 0..<plan.rooms {
      guard let maker = makers.randomElement(using: &random) else { return }
      let own = try maker.address
      let others = try region.devices.filter { try $0.address != own }.shuffled(using: &random)
      let count = number == 0 ? others.count : Int.random(in: 1...max(1, min(others.count, 12)), using: &random)
      let members = try others.prefix(count).map { try $0.address }
      rooms.append(try maker.act { try $0.createRoom(title: "Room \(number)", members: members, now: $1) }.room)
    }
  }

  /// The hub of the room of everybody, which is down until all heals.
  private var lost: SimulatedNode?

  private func loseHub() throws {
    guard
      let maker = try region.devices.lazy.compactMap({ try $0.open().rooms().first { $0.isActive(rooms[0]) } }).first
    else { return }
    let node = try region.network.node(maker.hub)
    node.isLost = true
    node.crash()
    lost = node
  }

  private func beginFaults() throws {
    if plan.takesOver { region.network.hubAwayMilliseconds = 1_500 }
    region.deviceFaults = plan.deviceFaults
    region.beginFaults(plan.faults)
    guard let liar else { return }
    let teller = Liar(try region.network.node(liar), in: region.network)
    teller.foreignRooms = try rooms.filter { room in
      try !region.devices.contains { try !isHonest($0) && $0.open().rooms().contains { $0.identifier == room } }
    }
  }

  /// Lets everything come that still comes. A gap shows with the next message; whoever is asked answers within minutes,
  /// and what was lost on that way too is asked for again.
  private func settle() throws {
    region.run(milliseconds: 10_000)
    require(wait { rests }, "the devices never came to rest")
    for (number, room) in rooms.enumerated() {
      for device in region.devices where try device.open().rooms().contains(where: { $0.isActive(room) }) {
        try say("\(device.name) is still in room \(number)", by: device, to: room)
      }
    }
    require(wait { isQuiet }, "\(region.queuedCount) in queues, \(region.inboxCount) in inboxes")
    // Asked after a minute, and again after 20, two hours and a day.
    for minutes in plan.mayComeAgain ? [2, 3, 20, 20, 120, 120, 120, 1440, 60] : [2] as [UInt64] where try hasGaps {
      region.run(milliseconds: minutes * 60_000)
    }
    require(wait { isQuiet }, "\(region.queuedCount) in queues, \(region.inboxCount) in inboxes, at last")
    require(region.findings.isEmpty, "\(region.findings)")
  }

  /// Lets up to ten minutes pass. To look costs more than to let seconds pass.
  private func wait(until isDone: () -> Bool) -> Bool {
    for turn in 0..<64 {
      if isDone() { return true }
      guard region.findings.isEmpty else { return false }
      region.run(milliseconds: turn < 5 ? 1_000 : 10_000)
    }
    return isDone()
  }

  private var hasGaps: Bool {
    get throws {
      try region.devices.contains { device in
        try device.open().rooms().contains { $0.state == .active && $0.gaps.contains { $0.state != .gone } }
      }
    }
  }

  private func say(
    _ text: String, by device: SimulatedDevice, to room: RoomIdentifier, _ precedence: Precedence = .routine
  ) throws {
    let message = try device.say(text, to: room, precedence: precedence)
    sent.append(Sent(message: message, room: room, sender: device, text: text))
  }

  /// A bundle is made, or one that was made is handed over. A node that is down, or whose disk is full, does neither.
  private func carryBundle() throws {
    let nodes = region.network.sortedNodes.shuffled(using: &random)
    guard nodes.count > 1 else { return }
    if bundles.isEmpty || Bool.random(using: &random) {
      guard let bundle = try? region.network.bundle(from: nodes[0], to: nodes[1].handle) else { return }
      summary.bundlesMade += 1
      bundles.append(bundle)
    } else if let bundle = bundles.randomElement(using: &random) {
      let isCut = Int.random(in: 0..<4, using: &random) == 0
      let count = isCut ? Int.random(in: 0...bundle.records.count, using: &random) : .max
      let taken = try? region.network.take(bundle, at: region.network.node(bundle.header.to), first: count)
      summary.bundlesTaken += taken == nil ? 0 : 1
      summary.carried += taken?.messages ?? 0
    }
  }

  /// Something that a person does, or that happens. A full disk tells the person at once.
  private func act(_ step: Int) throws {
    if plan.carries, Int.random(in: 0..<3, using: &random) == 0 { try carryBundle() }
    let device = region.devices[Int.random(in: 0..<region.devices.count, using: &random)]
    // With the hub lost, people of several countries try, also at once.
    if lost != nil, step.isMultiple(of: 3) { try takeOver(rooms[0], by: device) }
    do { try act(step, device) } catch  where device.isDiskFull {}
  }

  private func act(_ step: Int, _ device: SimulatedDevice) throws {
    let room = rooms[Int.random(in: 0..<rooms.count, using: &random)]
    let known = try device.open().rooms().first { $0.isActive(room) }
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<64:
      guard known != nil else { return }
      let precedence = Precedence.allCases.randomElement(using: &random) ?? .routine
      for part in 0..<Int.random(in: 1...3, using: &random) {
        try say("\(device.name) says \(step).\(part)", by: device, to: room, precedence)
      }
    case 64..<70 where plan.takesOver:
      guard let known else { return }
      try takeOver(known.identifier, by: device)
    case 64..<76:
      guard plan.changesRooms, room == rooms[0], let known else { return }
      try change(known, by: device)
    case 76..<84: try device.act { engine, now in try engine.markDisplayed(engine.inbox(unreadOnly: true), now: now) }
    case 84..<90:
      // An acknowledgement of the latest message that somebody else wrote.
      guard known != nil,
        let entry = try device.open().history(of: room, limit: 5).last(where: { $0.message != nil && !$0.isOwn })
      else { return }
      try device.act { _ = try $0.acknowledge(entry.identifier, now: $1) }
    case 90..<94 where plan.severalDevices && step < plan.steps * 2 / 3:
      try replace(device, in: room)
    default:
      guard plan.restores, let node = region.network.sortedNodes.randomElement(using: &random) else { return }
      if Bool.random(using: &random) {
        backups[node.handle] = try node.backUp()
      } else if let backup = backups[node.handle] {
        try node.restore(backup)
      }
    }
  }

  /// Brings in one more device of somebody, or has one come back into a room with fresh keys.
  private func replace(_ device: SimulatedDevice, in room: RoomIdentifier) throws {
    guard try isHonest(device) else { return }
    if let backup = profiles[device.name], Bool.random(using: &random) {
      guard !device.isDiskFull else { return }
      // What it wrote since, it does not know.
      sent.removeAll { $0.sender === device }
      replaced.insert(device.name)
      region.network.count(.deviceRestore)
      return try device.restore(backup)
    }
    if !device.isDiskFull { profiles[device.name] = try device.backUp() }
    if region.devices.count < 2 * plan.devices, Bool.random(using: &random) {
      let node = try region.network.node(device.address.handle)
      // A person would try again: an enrolment that fails is no matter of this test.
      guard node.isUp, node.store.fault == nil, node.clockAheadMilliseconds == 0, !device.isDiskFull else { return }
      let new = try region.enrol(invitedBy: device)
      replaced.insert(new.name)
    } else if try device.open().rooms().contains(where: { $0.isActive(room) }) {
      replaced.insert(device.name)
      try device.act { _ = try $0.rejoin(room, now: $1) }
    }
  }

  private func takeOver(_ room: RoomIdentifier, by device: SimulatedDevice) throws {
    // Its own node is the hub already, or there are two nodes: what a person would be told.
    do { _ = try device.act { try $0.takeOver(room, now: $1) } } catch is ClientError {}
  }

  /// Adds somebody who is out, or removes somebody who is in.
  private func change(_ room: Room, by device: SimulatedDevice) throws {
    let all = try region.devices.map { try $0.address }
    if Bool.random(using: &random), let target = all.first(where: { !room.members.contains($0) }) {
      changed[room.identifier, default: []].insert(target.description)
      try device.act { _ = try $0.add([target], to: room.identifier, now: $1) }
      return
    }
    let own = try device.address
    let others = room.members.filter { $0 != own }
    guard others.count > 2, let target = others.randomElement(using: &random) else { return }
    changed[room.identifier, default: []].insert(target.description)
    try device.act { _ = try $0.remove(target, from: room.identifier, now: $1) }
  }

  // MARK: Sabotage

  private func commit(_ sabotage: Sabotage) throws {
    guard let sender = region.devices.first else { return }
    let node = try region.network.node(sender.address.handle)
    switch sabotage {
    case .acknowledgesBeforeCommit:
      node.store.forgets = true
      try say("lost after its acknowledgement", by: sender, to: rooms[0])
      region.run(milliseconds: 2_000)
      node.store.forgets = false
      node.crash()
      node.start()
    case .losesInbox:
      guard let reader = region.devices.first(where: { $0 !== sender }) else { return }
      reader.isOffline = true
      try say("lost from an inbox", by: sender, to: rooms[0])
      region.run(milliseconds: 5_000)
      let device = try reader.open().identity.device
      try region.network.node(reader.address.handle).store.write { store in
        try store.acknowledgeInbox(device, through: store.inboxEnd(device))
      }
      reader.isOffline = false
    case .losesOrder:
      region.network.faults.overtakenOneIn = 3
      for number in 0..<20 { try say("out of order \(number)", by: sender, to: rooms[0]) }
      region.run(milliseconds: 10_000)
    }
  }
}

extension Room {
  /// Whether this is that room, and its device is in it.
  func isActive(_ room: RoomIdentifier) -> Bool { identifier == room && state == .active }
}
