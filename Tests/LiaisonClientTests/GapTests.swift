import Foundation
import GRDB
import LiaisonClient
import LiaisonModel
import LiaisonProtocol
import MLS
import SimulationKit
import TestKit
import Testing

@Suite("Messages that went missing")
struct GapTests {
  private let region: Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let cy: SimulatedDevice
  private let room: RoomIdentifier

  /// A room of ana and bo; cy is nobody's yet.
  init() throws {
    let region = try Region(seed: 29, handles: ["xa", "xb", "xc"])
    self.region = region
    let devices = try ["ana@xa", "bo@xb", "cy@xc"].map { try region.enrol($0) }
    #expect(region.run { devices.allSatisfy(\.isIdle) })
    let (ana, bo) = (devices[0], devices[1])
    room = try ana.act { try $0.roomOf([bo.address], now: $1) }.room
    (self.ana, self.bo, cy) = (ana, bo, devices[2])
    settle()
  }

  private func settle() {
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "it never came to rest")
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  private func wait(minutes: UInt64) {
    region.run(milliseconds: minutes * 60_000)
    settle()
  }

  private func gaps(_ device: SimulatedDevice) throws -> [Gap] {
    try device.open().room(named: room.description).gaps
  }

  private func entries(_ device: SimulatedDevice) throws -> [HistoryEntry] {
    try device.open().history(of: room).filter { $0.message != nil }
  }

  /// Lets `device` take of what came only the last item, as if its node had lost the rest.
  private func lose(_ device: SimulatedDevice, _ body: () throws -> Void) throws -> [Frame.InboxItem] {
    device.holdsInbox = true
    let before = device.held.count
    try body()
    settle()
    device.holdsInbox = false
    let items = Array(device.held[before...])
    if let last = items.last { device.push(last) }
    return items
  }

  @Test("are asked for, sent again under their own identifiers, taken once, and no longer missed")
  func sentAgain() throws {
    var lost: [MessageIdentifier] = []
    let items = try lose(bo) {
      for text in ["one", "two", "three"] { lost.append(try ana.say(text, to: room)) }
      try ana.say("four", to: room)
    }
    #expect(items.count == 4)
    #expect(try gaps(bo).map(\.numbers) == [1...3])
    #expect(try gaps(bo).map(\.sender) == [ana.address])
    #expect(try gaps(bo).map(\.state) == [.missing])
    // What was only overtaken is given time to come.
    region.run(milliseconds: 50_000)
    #expect(try bo.texts(of: room) == ["four"])
    wait(minutes: 2)
    #expect(try bo.texts(of: room) == ["four", "one", "two", "three"])
    #expect(try entries(bo).map(\.flags) == [[], .sentAgain, .sentAgain, .sentAgain])
    #expect(try entries(bo).dropFirst().map(\.identifier) == lost)
    #expect(try gaps(bo).isEmpty)
    // They come after all: nobody sees them twice, and nothing is said of them.
    let count = try bo.open().history(of: room).count
    for (offset, item) in items.enumerated() {
      bo.push(Frame.InboxItem(sequence: 100_000 + UInt64(offset), item.content))
    }
    settle()
    #expect(try bo.open().history(of: room).count == count)
    #expect(try ana.texts(of: room) == ["one", "two", "three", "four"])
  }

  @Test("that are acknowledgements come again too")
  func acknowledgements() throws {
    let message = try ana.say("have you got it?", to: room)
    settle()
    _ = try lose(ana) {
      try bo.act { _ = try $0.acknowledge(message, now: $1) }
      try bo.say("something else", to: room)
    }
    #expect(try ana.open().status(message).people.map(\.acknowledgedAt) == [nil])
    #expect(try gaps(ana).map(\.numbers) == [1...1])
    wait(minutes: 30)
    #expect(try ana.open().status(message).people.allSatisfy { $0.acknowledgedAt != nil })
    #expect(try gaps(ana).isEmpty)
  }

  @Test("are sent again to who missed them, and to nobody who came later")
  func newcomers() throws {
    let secret = String(repeating: "for bo only ", count: 2000)
    _ = try lose(bo) {
      try ana.say(secret, to: room)
      try ana.say("next", to: room)
    }
    try ana.act { _ = try $0.add([cy.address], to: room, now: $1) }
    settle()
    wait(minutes: 3)
    #expect(try bo.texts(of: room) == ["next", secret])
    #expect(try cy.texts(of: room) == [])
    #expect(try gaps(cy).isEmpty)
    // cy asks for what was before it came, with a key of its own: the answer is too small to hold it.
    let suite = try Suite(.default)
    let key = try suite.generateKeyPair(.system)
    cy.holdsInbox = true
    try ask(ana, from: cy, for: 1...2, key: key.publicKey.bytes)
    settle()
    let sizes = cy.held.compactMap { item -> Int? in
      if case .envelope(let bytes) = item.content { bytes.count } else { nil }
    }
    #expect(sizes.count == 1)
    #expect(sizes.allSatisfy { $0 < 8000 }, "\(sizes)")
    cy.holdsInbox = false
    for item in cy.held { cy.push(item) }
    // The number that answers bo's question, and the one that answers cy's, are missed by nobody.
    #expect(try ana.say("to all", to: room) == entries(ana).last?.identifier)
    settle()
    #expect(try gaps(cy).isEmpty)
    #expect(try cy.texts(of: room) == ["to all"])
  }

  @Test("that their sender no longer has are said to be gone for good, and never asked for again")
  func gone() throws {
    _ = try lose(bo) {
      try ana.say("one", to: room)
      try ana.say("two", to: room)
      try ana.say("three", to: room)
      try ana.say("four", to: room)
    }
    try DatabaseQueue(path: ana.path + "/profile.sqlite").write { db in
      try db.execute(sql: "DELETE FROM sent WHERE sequence = 2")
    }
    wait(minutes: 3)
    #expect(try bo.texts(of: room) == ["four", "one", "three"])
    #expect(try gaps(bo).map(\.numbers) == [2...2])
    #expect(try gaps(bo).map(\.state) == [.gone])
    #expect(try bo.open().nextAskAt(now: region.now) == nil)
  }

  @Test("because their sender was told that they cannot be delivered are gone for good")
  func undeliverable() throws {
    bo.holdsInbox = true
    let message = try ana.say("one", to: room)
    try ana.say("two", to: room)
    settle()
    bo.holdsInbox = false
    // What the node would say had it lost the receipt, and xb refused.
    try DatabaseQueue(path: ana.path + "/profile.sqlite").write { try $0.execute(sql: "DELETE FROM deliveries") }
    ana.push(
      Frame.InboxItem(
        sequence: try ana.open().inboxPosition + 1,
        .undeliverable(message: message, at: try Handle("xb"), Frame.Failure(.limit, "full"))))
    bo.push(bo.held[1])
    wait(minutes: 30)
    #expect(try bo.texts(of: room) == ["two"])
    #expect(try gaps(bo).map(\.state) == [.gone])
  }

  @Test("are not sent again while they may still come by themselves")
  func underway() throws {
    let items = try lose(bo) {
      try ana.say("one", to: room)
      try ana.say("two", to: room)
    }
    // As if xb had not given its receipts yet.
    try DatabaseQueue(path: ana.path + "/profile.sqlite").write { try $0.execute(sql: "DELETE FROM deliveries") }
    wait(minutes: 3)
    #expect(try gaps(bo).map(\.state) == [.asked])
    #expect(try bo.texts(of: room) == ["two"])
    bo.push(Frame.InboxItem(sequence: try bo.open().inboxPosition + 1, items[0].content))
    settle()
    #expect(try bo.texts(of: room) == ["two", "one"])
    #expect(try bo.open().nextAskAt(now: region.now) == nil)
  }

  @Test("without a receipt are sent again after a quarter of an hour, and their status says so")
  func withoutReceipt() throws {
    _ = try lose(bo) {
      try ana.say("one", to: room)
      try ana.say("two", to: room)
    }
    try DatabaseQueue(path: ana.path + "/profile.sqlite").write { try $0.execute(sql: "DELETE FROM deliveries") }
    wait(minutes: 30)
    #expect(try bo.texts(of: room) == ["two", "one"])
    let one = try #require(try entries(ana).first)
    guard
      case .sentAgain = try ana.open().status(one.identifier).nodes.first(where: { $0.handle.description == "xb" })?
        .state
    else {
      Issue.record("it does not say that it was sent again")
      return
    }
  }

  @Test("are asked for again where the request was lost, and not for ever")
  func lostRequest() throws {
    _ = try lose(bo) {
      try ana.say("one", to: room)
      try ana.say("two", to: room)
    }
    ana.holdsInbox = true
    wait(minutes: 3)
    #expect(ana.held.count { if case .envelope = $0.content { true } else { false } } == 1)
    ana.holdsInbox = false
    wait(minutes: 25)
    #expect(try bo.texts(of: room) == ["two", "one"])
    // Nobody answers any more.
    _ = try lose(bo) {
      try ana.say("three", to: room)
      try ana.say("four", to: room)
    }
    ana.isOffline = true
    region.run(milliseconds: 30 * 86_400_000)
    #expect(try bo.open().nextAskAt(now: region.now) == nil)
    #expect(try gaps(bo).map(\.state) == [.missing])
  }

  @Test("are sent again six times an hour to one who keeps asking, and not at all for a key that is none")
  func hostileAsker() throws {
    for text in ["one", "two"] { try ana.say(text, to: room) }
    settle()
    let before = try sent(ana)
    try ask(ana, from: bo, for: 1...2, key: [1, 2, 3])
    settle()
    #expect(try sent(ana) == before)
    let key = try Suite(.default).generateKeyPair(.system).publicKey.bytes
    for _ in 0..<20 { try ask(ana, from: bo, for: 1...UInt64.max, key: key) }
    settle()
    #expect(try sent(ana) == before + 5)
    region.run(milliseconds: 3_700_000)
    try ask(ana, from: bo, for: 1...2, key: key)
    settle()
    #expect(try sent(ana) == before + 6)
    // Somebody else's question, and an answer that nobody asked for.
    let silent = try sent(bo)
    try ask(bo, from: ana, for: 1...2, key: key, device: DeviceIdentifier(bytes: Array(repeating: 7, count: 16)))
    let device = try bo.open().identity.device
    let unasked = SealedAgain(device: device, kemOutput: [1], ciphertext: [2])
    try ana.act { _ = try $0.send(Draft(.again(unasked), marking: .red), to: room, now: $1) }
    settle()
    #expect(try sent(bo) == silent)
    #expect(try bo.texts(of: room) == ["one", "two"])
    #expect(try gaps(ana).isEmpty && gaps(bo).isEmpty)
  }

  /// Asks as a device could that keeps no rules.
  private func ask(
    _ target: SimulatedDevice, from asker: SimulatedDevice, for numbers: ClosedRange<UInt64>, key: [UInt8],
    device: DeviceIdentifier? = nil
  ) throws {
    let request = MissingMessages(
      device: try device ?? target.open().identity.device, answerKey: key, missing: [NumberRange(numbers)])
    try asker.act { _ = try $0.send(Draft(.missing(request), marking: .red), to: room, now: $1) }
  }

  /// How many messages a device has sent to the room.
  private func sent(_ device: SimulatedDevice) throws -> Int {
    try DatabaseQueue(path: device.path + "/profile.sqlite").read {
      try Int.fetchOne($0, sql: "SELECT max(sequence) FROM sent") ?? 0
    }
  }
}
