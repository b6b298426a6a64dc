import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Testing

@Suite("Precedence")
struct PrecedenceTests {
  /// `nino@xa` and `vera@xb` in one room.
  private final class Scene {
    let region: Region
    let sender: PlayedDevice
    let reader: PlayedDevice
    let room: RoomIdentifier
    let xa: SimulatedNode
    let xb: SimulatedNode

    init(seed: UInt64) throws {
      region = Region(seed: seed)
      try region.addNodes(["xa", "xb"])
      let devices = try region.enrol(["nino@xa", "vera@xb"])
      (sender, reader) = (devices[0], devices[1])
      room = try region.room(of: devices)
      (xa, xb) = (try region.node("xa"), try region.node("xb"))
    }

    func send(_ count: Int, _ precedence: Precedence, bytes: Int = 1) throws {
      let text = String(repeating: "x", count: bytes)
      for number in 1...count {
        try sender.send("\(precedence) \(number) \(text)", to: room, precedence: precedence)
      }
    }

    /// The precedences in the order in which the reader read them.
    var order: [Precedence] {
      reader.read.compactMap { read in read.text.split(separator: " ").first.flatMap { try? Precedence(String($0)) } }
    }

    func numbers(of precedence: Precedence) -> [Int] {
      reader.read.filter { $0.text.hasPrefix("\(precedence)") }
        .compactMap { Int($0.text.split(separator: " ")[1]) }
    }

    var isWell: Bool {
      reader.complaints.isEmpty && sender.complaints.isEmpty && xa.errors.isEmpty && xb.errors.isEmpty
    }
  }

  @Test("lets FLASH and IMMEDIATE past a long inbox at once, each message once and in order within its precedence")
  func longInbox() throws {
    let scene = try Scene(seed: 21)
    scene.reader.disconnect()
    var count = 0
    for (number, precedence) in [(400, Precedence.routine), (40, .immediate), (40, .flash)] {
      try scene.send(number, precedence)
      count += number
      #expect(scene.region.run(atMostMilliseconds: 60_000) { scene.sender.receipts.count == count })
    }
    scene.reader.connect()
    #expect(scene.region.run(atMostMilliseconds: 60_000) { scene.reader.read.count == 480 })
    let order = scene.order
    let lastFlash = try #require(order.lastIndex(of: .flash))
    let lastImmediate = try #require(order.lastIndex(of: .immediate))
    // Some windows are under way meanwhile; nobody waits for all the 400.
    #expect(lastFlash < 250, "FLASH came at \(lastFlash)")
    #expect(lastImmediate < 350, "IMMEDIATE came at \(lastImmediate)")
    #expect(order.prefix(Limits.inboxAheadWindow).allSatisfy { $0 == .flash })
    for precedence in [Precedence.routine, .immediate, .flash] {
      let numbers = scene.numbers(of: precedence)
      #expect(numbers == Array(1...numbers.count), "\(precedence)")
    }
    #expect(scene.reader.readAhead.count == 80)
    scene.region.run(milliseconds: 1_000)
    #expect(scene.isWell)
    guard case .status(let status) = try scene.xb.administer(.status) else { throw SimulationError("no status") }
    #expect(status.counts.inboxItems == 0)
    try scene.xb.store.checkIntegrity()
  }

  @Test("pushes nothing twice where nothing is late")
  func shortInbox() throws {
    let scene = try Scene(seed: 22)
    for _ in 1...30 {
      try scene.send(2, .flash)
      try scene.send(2, .routine)
      scene.region.run(milliseconds: 1_000)
    }
    #expect(scene.reader.read.count == 120)
    #expect(scene.reader.readAhead.isEmpty)
    #expect(scene.isWell)
  }

  @Test("an urgent message that a device cannot read yet comes again in its turn")
  func aheadOfACommit() throws {
    let scene = try Scene(seed: 23)
    scene.reader.disconnect()
    try scene.send(200, .routine)
    scene.region.run(milliseconds: 5_000)
    scene.sender.refresh(scene.room)
    #expect(scene.region.run(atMostMilliseconds: 20_000) { scene.sender.isIdle })
    scene.region.run(milliseconds: 3_000)
    try scene.send(3, .flash)
    scene.region.run(milliseconds: 5_000)
    scene.reader.connect()
    #expect(scene.region.run(atMostMilliseconds: 60_000) { scene.reader.read.count == 203 })
    #expect(scene.numbers(of: .flash) == [1, 2, 3])
    #expect(scene.isWell)
  }

  @Test("survives links that break while messages are pushed ahead", arguments: UInt64(31)...36)
  func brokenLinks(seed: UInt64) throws {
    let scene = try Scene(seed: seed)
    scene.reader.disconnect()
    for _ in 1...30 {
      try scene.send(10, .routine)
      try scene.send(1, .flash)
    }
    scene.region.run(milliseconds: 20_000)
    scene.region.faults.cutEvery = 150
    scene.region.beginFaults()
    scene.reader.connect()
    scene.region.run(milliseconds: 10_000)
    scene.region.endFaults()
    #expect(scene.region.run(atMostMilliseconds: 120_000) { scene.reader.read.count == 330 }, "seed \(seed)")
    #expect(Set(scene.reader.read.map(\.message)).count == 330, "seed \(seed)")
    #expect(scene.isWell, "seed \(seed): \(scene.reader.complaints)")
  }

  @Test("what waits for a peer leaves room for the lower ones while higher ones come without end")
  func share() throws {
    let scene = try Scene(seed: 24)
    scene.xb.crash()
    try scene.send(40, .routine)
    // Not IMMEDIATE, which would pass ROUTINE again on its way to the device.
    try scene.send(1000, .priority)
    scene.region.run(milliseconds: 10_000)
    scene.xb.start()
    #expect(scene.region.run(atMostMilliseconds: 180_000) { scene.reader.read.count == 1040 })
    let lastRoutine = try #require(scene.order.lastIndex(of: .routine))
    #expect(lastRoutine < 900, "the last ROUTINE came at \(lastRoutine) of 1040")
    #expect(scene.order.first == .priority)
    #expect(scene.isWell)
  }

  @Test("a country's FLASH beyond its limit is carried with IMMEDIATE, at both nodes; nothing of it is lost")
  func flashLimit() throws {
    let scene = try Scene(seed: 25)
    let count = Int(Limits.flashBurst) + 20
    scene.xb.crash()
    try scene.send(count, .flash)
    scene.region.run(milliseconds: 5_000)
    #expect(scene.sender.accepted.count == count)
    guard case .queue(_, let oldest) = try scene.xa.administer(.queue(scene.xb.handle)) else {
      throw SimulationError("no queue")
    }
    #expect(oldest.allSatisfy { $0.precedence == .flash })
    try scene.send(1, .immediate)
    scene.region.run(milliseconds: 1_000)
    scene.xb.start()
    #expect(scene.region.run(atMostMilliseconds: 90_000) { scene.reader.read.count == count + 1 })
    // What passed the limit stands with IMMEDIATE, in the order of acceptance.
    #expect(scene.order.last == .immediate)
    #expect(scene.numbers(of: .flash) == Array(1...count))
    #expect(scene.xa.warnings.count { $0.hasPrefix("more FLASH came") } == 1)
    #expect(scene.xb.warnings.count { $0.hasPrefix("more FLASH came") } == 1)
    // The limit comes back with time.
    scene.region.leap(milliseconds: Limits.flashBurst * Limits.flashIntervalMilliseconds)
    try scene.send(1, .flash)
    scene.region.run(milliseconds: 3_000)
    #expect(scene.xa.warnings.count { $0.hasPrefix("more FLASH came") } == 1)
    #expect(scene.isWell)
  }
}
