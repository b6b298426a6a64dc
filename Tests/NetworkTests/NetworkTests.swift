import Foundation
import LiaisonClient
import LiaisonModel
import SimulationKit
import TestKit
import Testing

/// Five countries and nine devices, whatever goes wrong. A run that fails prints its seed, and repeats with it.
@Suite("The network")
struct NetworkTests {
  /// `SIMULATION_FIRST` and `SIMULATION_SEEDS` choose other seeds than the usual ones.
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["SIMULATION_FIRST"].flatMap { UInt64($0) } ?? 1
    let count = environment["SIMULATION_SEEDS"].flatMap { UInt64($0) } ?? 24
    return Array(first..<first + count)
  }()

  @Test("loses nothing, repeats nothing and leaves nobody behind", arguments: seeds)
  func properties(seed: UInt64) throws {
    var scenario = try Scenario(seed: seed)
    try scenario.run()
    scenario.check()
  }
}

/// One run: people join, write, come and go while links are cut and machines crash; then everything heals.
private struct Scenario {
  private struct Sent {
    let message: MessageIdentifier
    let room: RoomIdentifier
    let sender: String
    let text: String
  }

  private let seed: UInt64
  private let region: Region
  private var rooms: [RoomIdentifier] = []
  private var sent: [Sent] = []
  /// Those who were out of a room at any time after it was made.
  private var changed: [RoomIdentifier: Set<String>] = [:]
  private var generator: SeededGenerator

  init(seed: UInt64) throws {
    self.seed = seed
    generator = SeededGenerator(seed: seed &* 31)
    region = try Region(seed: seed, handles: ["xa", "xb", "xc", "xd", "xe"])
    for address in ["ana@xa", "bo@xa", "cy@xb", "dee@xb", "eli@xc", "fay@xd", "gil@xd", "hal@xe", "ida@xe"] {
      try region.enrol(address)
    }
  }

  private func rests() -> Bool { region.devices.allSatisfy(\.isIdle) }

  mutating func run() throws {
    let region = region
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "seed \(seed): it never began")
    // Three rooms: of everybody, across a few countries, and 1:1.
    let everybody = region.devices
    for members in [everybody, Array(everybody[1...5]), [everybody[2], everybody[8]]] {
      let others = try members.dropFirst().map { try $0.address }
      let room = try members[0].act { try $0.createRoom(title: "Room \(members.count)", members: others, now: $1) }.room
      rooms.append(room)
    }
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "seed \(seed): the rooms were never made")
    region.run(milliseconds: 2000)
    region.faults = .all
    for step in 0..<120 {
      try act(step)
      region.run(milliseconds: UInt64.random(in: 10...500, using: &generator))
    }
    region.faults = Region.Faults()
    // Longer than any outage; whoever crashed last is back, and what they never heard of comes.
    region.run(milliseconds: 10_000)
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "seed \(seed): the devices never came to rest")
    #expect(
      region.run { region.queuedCount == 0 && region.inboxCount == 0 && region.devices.allSatisfy(\.isIdle) },
      "seed \(seed): \(region.queuedCount) in queues, \(region.inboxCount) in inboxes")
  }

  /// Something that a person does, or that happens.
  private mutating func act(_ step: Int) throws {
    let device = region.devices[Int.random(in: 0..<region.devices.count, using: &generator)]
    let room = rooms[Int.random(in: 0..<rooms.count, using: &generator)]
    let known = try device.open().rooms().first { $0.identifier == room }
    switch Int.random(in: 0..<100, using: &generator) {
    case 0..<60:
      guard let known, known.state == .active else { return }
      let text = "\(device.name) says \(step)"
      let precedence = Precedence.allCases.randomElement(using: &generator) ?? .routine
      let message = try device.say(text, to: room, precedence: precedence)
      sent.append(Sent(message: message, room: room, sender: device.name, text: text))
    case 60..<70:
      guard let known, known.state == .active, room == rooms[0] else { return }
      let others = known.members.filter { $0.description != device.name && $0.description != "ana@xa" }
      guard others.count > 3, let target = others.randomElement(using: &generator) else { return }
      changed[room, default: []].insert(target.description)
      try device.act { _ = try $0.remove(target, from: room, now: $1) }
    case 70..<80:
      guard let known, known.state == .active, room == rooms[0],
        let target = try region.devices.map({ try $0.address }).first(where: { !known.members.contains($0) })
      else { return }
      changed[room, default: []].insert(target.description)
      try device.act { _ = try $0.add([target], to: room, now: $1) }
    case 80..<88:
      try device.act { engine, now in try engine.markDisplayed(engine.inbox(unreadOnly: true), now: now) }
    case 88..<92: region.cutPeers(of: try device.address.handle)
    case 92..<95: region.crash(try device.address.handle)
    case 95..<98: device.crash()
    default:
      // An acknowledgement of the latest message that somebody else wrote.
      guard let known, known.state == .active,
        let entry = try device.open().history(of: room, limit: 5).last(where: { $0.message != nil && !$0.isOwn })
      else { return }
      try device.act { _ = try $0.acknowledge(entry.identifier, now: $1) }
    }
  }

  // MARK: What must hold

  func check() {
    #expect(region.findings.isEmpty, "seed \(seed): \(region.findings)")
    #expect(region.faultCount > 0, "seed \(seed): nothing went wrong, so nothing was shown")
    do {
      try checkConvergence()
      try checkMessages()
      try checkOrder()
    } catch { Issue.record("seed \(seed): \(error)") }
  }

  /// All members of a room are in one epoch and agree on its history.
  private func checkConvergence() throws {
    for room in rooms {
      var views: [String: Room] = [:]
      for device in region.devices {
        guard let view = try device.open().rooms().first(where: { $0.identifier == room }), view.state == .active else {
          continue
        }
        views[device.name] = view
      }
      #expect(Set(views.values.map(\.epochAuthenticator)).count == 1, "seed \(seed): members disagree")
      for (name, view) in views {
        #expect(view.members.map(\.description) == views.keys.sorted(by: byHandle), "seed \(seed): \(name) sees others")
        #expect(view.gaps.isEmpty, "seed \(seed): \(name) misses \(view.gaps)")
        // What somebody planned who was then removed is told to have failed.
        if changed[room]?.contains(name) == true { continue }
        #expect(view.failed.isEmpty, "seed \(seed): \(name) failed to \(view.failed)")
      }
    }
  }

  private func byHandle(_ a: String, _ b: String) -> Bool {
    guard let a = try? Address(a), let b = try? Address(b) else { return false }
    return a < b
  }

  /// Every message is seen once by each of those that it was encrypted for and who stayed, and by nobody else.
  private func checkMessages() throws {
    var histories: [String: [String: Int]] = [:]
    for device in region.devices {
      var counts: [String: Int] = [:]
      for room in rooms where try device.open().rooms().contains(where: { $0.identifier == room }) {
        for text in try device.texts(of: room) { counts[text, default: 0] += 1 }
        for entry in try device.open().history(of: room) {
          // What waited for a change while its writer was removed was not sent, and says so.
          let flags = entry.isOwn ? entry.flags.subtracting(.notSent) : entry.flags
          #expect(flags.isEmpty, "seed \(seed): \(device.name) flagged \(entry.flags.names)")
        }
      }
      histories[device.name] = counts
    }
    var checked = 0
    for message in sent {
      guard let sender = region.devices.first(where: { $0.name == message.sender }) else { continue }
      let status = try sender.open().status(message.message)
      // One whose sender was removed before the node took it was refused, and its sender told.
      if status.refusal != nil { continue }
      #expect(status.heldBecause == nil, "seed \(seed): \(message.text) still waits")
      let recipients = Set(status.people.map(\.address.description))
      for device in region.devices where device.name != message.sender {
        let count = histories[device.name]?[message.text] ?? 0
        let isUnsteady = changed[message.room]?.contains(device.name) == true
        if !recipients.contains(device.name) {
          #expect(count == 0, "seed \(seed): \(device.name) read \(message.text), which was not for them")
        } else if isUnsteady {
          #expect(count <= 1, "seed \(seed): \(device.name) has \(message.text) \(count) times")
        } else {
          #expect(count == 1, "seed \(seed): \(device.name) has \(message.text) \(count) times")
          checked += 1
        }
      }
      #expect(histories[message.sender]?[message.text] == 1, "seed \(seed): \(message.sender) lost \(message.text)")
    }
    #expect(checked > 50, "seed \(seed): too little was sent to show anything")
  }

  /// Each sender's messages of a room and a precedence are in the order in which they were sent.
  private func checkOrder() throws {
    let order = Dictionary(uniqueKeysWithValues: sent.enumerated().map { ($1.message, $0) })
    for device in region.devices {
      for room in try device.open().rooms() {
        var last: [Address: [Precedence: Int]] = [:]
        for entry in try device.open().history(of: room.identifier) {
          guard let number = order[entry.identifier], let sender = entry.sender, !entry.isOwn,
            let precedence = entry.message?.precedence
          else { continue }
          let before = last[sender]?[precedence] ?? -1
          #expect(number > before, "seed \(seed): \(device.name) has \(sender) out of order")
          last[sender, default: [:]][precedence] = number
        }
      }
    }
  }
}
