import LiaisonClient
import LiaisonModel
import SimulationKit
import TestKit
import Testing

/// Nodes whose disks die and that start again from older backups: what they had accepted since is gone with them, and the
/// senders' devices send it again to who misses it. A run that fails prints its seed, and repeats with it.
@Suite("A node restored from an older backup")
struct RestoreTests {
  @Test("costs no message: each arrives once, and no gap stays")
  func properties() throws {
    var again = 0
    for seed in NetworkTests.seeds.prefix(12) {
      var scenario = try Scenario(seed: seed)
      try scenario.run()
      again += try scenario.check()
    }
    // Where nothing was ever lost, nothing was shown.
    #expect(again > 0)
  }
}

private struct Scenario {
  private let seed: UInt64
  private let region: Region
  private var generator: SeededGenerator
  private var rooms: [RoomIdentifier] = []
  private var sent: [(room: RoomIdentifier, sender: String, text: String)] = []

  init(seed: UInt64) throws {
    self.seed = seed
    generator = SeededGenerator(seed: seed &* 37)
    region = try Region(seed: seed, handles: ["xa", "xb", "xc"])
    for address in ["ana@xa", "bo@xa", "cy@xb", "dee@xc", "eli@xc"] { try region.enrol(address) }
  }

  private func settle(_ what: String) {
    let region = region
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "seed \(seed): \(what)")
  }

  mutating func run() throws {
    settle("it never began")
    let everybody = region.devices
    for members in [everybody, [everybody[0], everybody[2]]] {
      let others = try members.dropFirst().map { try $0.address }
      rooms.append(try members[0].act { try $0.createRoom(title: "Room", members: others, now: $1) }.room)
    }
    settle("the rooms were never made")
    region.run(milliseconds: 10_000)
    let handles = try ["xa", "xb", "xc"].map { try Handle($0) }
    var backups = try handles.map { try region.backUp($0) }
    for step in 0..<80 {
      let place = Int.random(in: 0..<handles.count, using: &generator)
      switch Int.random(in: 0..<100, using: &generator) {
      case 0..<80: try say("says \(step)")
      case 80..<86: backups[place] = try region.backUp(handles[place])
      case 86..<92: try region.restore(backups[place])
      case 92..<96: region.cutPeers(of: handles[place])
      default:
        let device = region.devices[Int.random(in: 0..<region.devices.count, using: &generator)]
        device.isOffline.toggle()
      }
      region.run(milliseconds: UInt64.random(in: 5...400, using: &generator))
    }
    for device in region.devices { device.isOffline = false }
    region.run(milliseconds: 10_000)
    settle("the devices never came to rest")
    // A gap shows with the next message. Whoever is asked answers within minutes; a request or an answer that was lost too
    // is made again.
    for room in rooms {
      for device in try region.devices.filter({ try $0.open().rooms().contains { $0.identifier == room } }) {
        try device.say("\(device.name) is still here", to: room)
        sent.append((room, device.name, "\(device.name) is still here"))
      }
    }
    region.run(milliseconds: 4 * 3_600_000)
    settle("the devices never came to rest again")
  }

  private mutating func say(_ text: String) throws {
    let device = region.devices[Int.random(in: 0..<region.devices.count, using: &generator)]
    let known = try device.open().rooms().map(\.identifier).filter(rooms.contains).sorted { "\($0)" < "\($1)" }
    guard let room = known.randomElement(using: &generator) else { return }
    try device.say("\(device.name) \(text)", to: room)
    sent.append((room, device.name, "\(device.name) \(text)"))
  }

  /// Gives how many messages had to be sent again.
  func check() throws -> Int {
    #expect(region.findings.isEmpty, "seed \(seed): \(region.findings)")
    var again = 0
    for device in region.devices {
      for room in try device.open().rooms() {
        #expect(room.gaps.isEmpty, "seed \(seed): \(device.name) misses \(room.gaps)")
        let texts = try device.texts(of: room.identifier)
        for message in sent where message.room == room.identifier {
          let count = texts.count { $0 == message.text }
          #expect(count == 1, "seed \(seed): \(device.name) has \(message.text) \(count) times")
        }
        for entry in try device.open().history(of: room.identifier) {
          if case .notice(.unreadable(let why)) = entry.content { Issue.record("seed \(seed): \(device.name): \(why)") }
          if entry.flags == .sentAgain { again += 1 } else { #expect(entry.flags == [], "seed \(seed)") }
        }
      }
    }
    #expect(sent.count > 40, "seed \(seed): too little was sent to show anything")
    return again
  }
}
