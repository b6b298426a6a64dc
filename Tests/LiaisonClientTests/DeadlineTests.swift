import LiaisonClient
import LiaisonModel
import SimulationKit
import Testing

@Suite("Deadlines of acknowledgement")
struct DeadlineTests {
  private let region: Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let room: RoomIdentifier

  init() throws {
    (region, ana, bo, room) = try Region.pair(seed: 23)
    settle()
  }

  private func settle() {
    #expect(region.run { ana.isIdle && bo.isIdle }, "it never came to rest")
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  private func say(_ text: String, _ precedence: Precedence) throws -> MessageIdentifier {
    try ana.act { try $0.send(Draft(.text(text), precedence: precedence, marking: .amber), to: room, now: $1) }
  }

  private func late() throws -> [MessageIdentifier] {
    try bo.open().late(now: region.now).map(\.entry.identifier)
  }

  @Test("are 24 hours, 4 hours, 30 minutes and 10 minutes, and can be changed one by one")
  func settings() throws {
    let engine = try ana.open()
    let minutes = Precedence.allCases.map { try? engine.deadlines[$0] / 60_000 }
    #expect(minutes == [1440, 240, 30, 10])
    try engine.setDeadline(.immediate, milliseconds: 45 * 60_000)
    ana.crash()
    let changed = try ana.open().deadlines
    #expect(Precedence.allCases.map { changed[$0] / 60_000 } == [1440, 240, 45, 10])
  }

  @Test("pass by precedence, the more urgent message first, until each is acknowledged")
  func passing() throws {
    let routine = try say("routine", .routine)
    let flash = try say("flash", .flash)
    let immediate = try say("immediate", .immediate)
    settle()
    #expect(try late() == [])
    region.run(milliseconds: 10 * 60_000)
    #expect(try late() == [flash])
    region.run(milliseconds: 20 * 60_000)
    #expect(try late() == [flash, immediate])
    // Showing it is not acknowledging it.
    try bo.act { try $0.markDisplayed($0.inbox(unreadOnly: true), now: $1) }
    #expect(try late() == [flash, immediate])
    try bo.act { _ = try $0.acknowledge(flash, now: $1) }
    #expect(try late() == [immediate])
    region.run(milliseconds: 24 * 3_600_000)
    #expect(try late() == [immediate, routine])
    // What oneself wrote is for others to acknowledge.
    #expect(try ana.open().late(now: region.now).isEmpty)
  }

  @Test("are shown to the sender with what came of them, by the sender's own measure")
  func status() throws {
    let message = try say("flash", .flash)
    settle()
    var status = try ana.open().status(message)
    let sentAt = try #require(status.entry.message?.sentAt)
    #expect(status.acknowledgeBy == sentAt.adding(milliseconds: 600_000))
    try ana.open().setDeadline(.flash, milliseconds: 60_000)
    #expect(try ana.open().status(message).acknowledgeBy == sentAt.adding(milliseconds: 60_000))
    try bo.act { _ = try $0.acknowledge(message, now: $1) }
    settle()
    status = try ana.open().status(message)
    #expect(status.people.map { $0.acknowledgedAt.map { $0 < sentAt.adding(milliseconds: 60_000) } } == [true])
    #expect(try bo.open().status(message).acknowledgeBy == nil)
  }

  @Test("give nobody more time where the sender's clock runs ahead")
  func clocks() throws {
    let ahead = region.now.adding(milliseconds: 3_000_000)
    let message = try ana.open().send(Draft(.text("ahead"), precedence: .flash, marking: .amber), to: room, now: ahead)
    ana.pump()
    settle()
    region.run(milliseconds: 605_000)
    #expect(try late() == [message])
  }

  @Test("are no matter any more where the reader is out of the room")
  func outOfTheRoom() throws {
    _ = try say("flash", .flash)
    settle()
    region.run(milliseconds: 700_000)
    #expect(try late().count == 1)
    try bo.act { _ = try $0.leave(room, now: $1) }
    #expect(try late().isEmpty)
  }
}
