import LiaisonClient
import LiaisonModel
import SimulationKit
import Testing

@Suite("Rooms")
struct RoomTests {
  private let region: Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let cy: SimulatedDevice

  init() throws {
    region = try Region(seed: 7, handles: ["xa", "xb", "xc"])
    ana = try region.enrol("ana@xa")
    bo = try region.enrol("bo@xb")
    cy = try region.enrol("cy@xc")
    let everybody = [ana, bo, cy]
    #expect(region.run { everybody.allSatisfy(\.isIdle) })
  }

  private func settle(_ devices: SimulatedDevice...) {
    let all = devices.isEmpty ? region.devices : devices
    #expect(region.run { all.allSatisfy(\.isIdle) }, "it never came to rest")
    // What is under way to others when the last answer came.
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  private func room() throws -> RoomIdentifier {
    let room = try ana.act { try $0.createRoom(title: "Field", members: [bo.address, cy.address], now: $1) }.room
    settle()
    return room
  }

  private func seen(_ device: SimulatedDevice, _ room: RoomIdentifier) throws -> Room {
    try device.open().room(named: room.description)
  }

  @Test("are made with everybody in, one epoch, one authenticator, and their title")
  func creation() throws {
    let room = try room()
    let views = try [ana, bo, cy].map { try seen($0, room) }
    #expect(Set(views.map(\.title)) == ["Field"])
    #expect(Set(views.map(\.epoch)) == [1])
    #expect(Set(views.map(\.epochAuthenticator)).count == 1)
    #expect(views[0].members == [try ana.address, try bo.address, try cy.address])
  }

  @Test("of the same people without a title are used again, also before they stand")
  func reuse() throws {
    let first = try ana.act { try $0.roomOf([bo.address], now: $1) }.room
    let second = try ana.act { try $0.roomOf([bo.address, ana.address], now: $1) }.room
    #expect(first == second)
    settle()
    #expect(try ana.act { try $0.roomOf([bo.address], now: $1) }.room == first)
    #expect(try bo.act { try $0.roomOf([ana.address], now: $1) }.room == first)
    #expect(try ana.act { try $0.roomOf([bo.address, cy.address], now: $1) }.room != first)
  }

  @Test("do not send what is written before those whom they are for are in")
  func heldMessages() throws {
    let room = try ana.act { try $0.roomOf([bo.address], now: $1) }.room
    let message = try ana.say("first", to: room)
    #expect(try ana.open().status(message).heldBecause != nil)
    settle()
    #expect(try bo.texts(of: room) == ["first"])
    #expect(try ana.open().status(message).heldBecause == nil)
  }

  @Test("say of a message whose addressee cannot be added that it was not sent")
  func unknownAddressee() throws {
    let room = try ana.act { try $0.roomOf([Address("nobody@xb")], now: $1) }.room
    let message = try ana.say("first", to: room)
    settle()
    let status = try ana.open().status(message)
    #expect(status.entry.flags.contains(.notSent))
    #expect(status.refusal?.contains("nobody@xb") == true)
    #expect(try !ana.open().isUnderway(message))
  }

  @Test("lose no change when two are made at once")
  func lostRace() throws {
    let dee = try region.enrol("dee@xb")
    let eli = try region.enrol("eli@xc")
    let fay = try region.enrol("fay@xa")
    settle()
    let room = try room()
    // Nobody hears of the others before all have committed.
    try bo.act { _ = try $0.add([dee.address], to: room, now: $1) }
    try cy.act { _ = try $0.add([eli.address], to: room, now: $1) }
    try ana.act { _ = try $0.add([fay.address], to: room, now: $1) }
    settle()
    let members = [ana, bo, cy, dee, eli, fay]
    let views = try members.map { try seen($0, room) }
    let expected = try members.map { try $0.address }.sorted()
    for view in views { #expect(view.members == expected) }
    #expect(Set(views.map(\.epoch)) == [4])
    #expect(Set(views.map(\.epochAuthenticator)).count == 1)
  }

  @Test("let a removed member read nothing that follows")
  func removal() throws {
    let room = try room()
    try ana.say("before", to: room)
    settle()
    try ana.act { _ = try $0.remove(cy.address, from: room, now: $1) }
    // Written at once: it waits for the removal.
    try ana.say("after", to: room)
    settle()
    try bo.say("also after", to: room)
    settle()
    #expect(try ana.texts(of: room) == ["before", "after", "also after"])
    #expect(try bo.texts(of: room) == ["before", "after", "also after"])
    #expect(try cy.texts(of: room) == ["before"])
    #expect(try seen(cy, room).state == .ended)
    #expect { try cy.say("still here", to: room) } throws: { ($0 as? ClientError)?.code == "room-left" }
  }

  @Test("change once when two programs of a member ask for the same")
  func askedTwice() throws {
    let room = try room()
    let dee = try region.enrol("dee@xb")
    settle()
    ana.isOffline = true
    for _ in 0..<2 { try ana.act { _ = try $0.add([dee.address], to: room, now: $1) } }
    for _ in 0..<2 { try ana.act { _ = try $0.remove(cy.address, from: room, now: $1) } }
    try ana.say("after", to: room)
    ana.isOffline = false
    settle()
    for device in [ana, bo, dee] {
      #expect(try seen(device, room).members == [ana.address, bo.address, dee.address])
      #expect(try seen(device, room).failed.isEmpty)
      #expect(try device.texts(of: room) == ["after"])
    }
    #expect(try cy.texts(of: room).isEmpty)
  }

  @Test("count anew the messages of a member that comes again")
  func comingAgain() throws {
    let room = try room()
    for device in [ana, bo, cy] { try device.say("before", to: room) }
    settle()
    cy.isOffline = true
    try ana.act { _ = try $0.remove(cy.address, from: room, now: $1) }
    // Numbered and encrypted while it does not know: the node refuses these.
    for _ in 0..<3 { try cy.say("while out", to: room) }
    #expect(region.run { ana.isIdle && bo.isIdle })
    try bo.say("without cy", to: room)
    #expect(region.run { bo.isIdle })
    cy.isOffline = false
    settle()
    try bo.act { _ = try $0.add([cy.address], to: room, now: $1) }
    settle()
    for device in [ana, bo, cy] { try device.say("after", to: room) }
    settle()
    for device in [ana, bo, cy] {
      #expect(try seen(device, room).gaps.isEmpty, "\(device.name)")
      #expect(try device.texts(of: room).count { $0 == "after" } == 3)
      #expect(try device.open().history(of: room).allSatisfy { !$0.flags.contains(.sequenceRepeated) })
    }
    #expect(try bo.texts(of: room).allSatisfy { $0 != "while out" })
  }

  @Test("say of what waited for a change that it was not sent, when its writer is removed or leaves")
  func heldWhenRemoved() throws {
    let room = try room()
    let dee = try region.enrol("dee@xb")
    settle()
    for device in [cy, bo] {
      device.isOffline = true
      try device.act { _ = try $0.remove(ana.address, from: room, now: $1) }
    }
    // They wait for the removal, which comes too late for the one, and which the other thinks better of.
    let first = try cy.say("after the removal", to: room)
    let second = try bo.say("after the removal", to: room)
    try ana.act { _ = try $0.add([dee.address], to: room, now: $1) }
    try ana.act { _ = try $0.remove(cy.address, from: room, now: $1) }
    try bo.act { _ = try $0.leave(room, now: $1) }
    #expect(region.run { ana.isIdle && dee.isIdle })
    for device in [cy, bo] { device.isOffline = false }
    settle()
    for (device, message) in [(cy, first), (bo, second)] {
      #expect(try seen(device, room).state == .ended)
      let status = try device.open().status(message)
      #expect(status.entry.flags.contains(.notSent))
      #expect(status.heldBecause == nil)
    }
    #expect(try cy.open().status(first).refusal == "you are no longer a member of the room")
    #expect(try bo.open().status(second).refusal == "you left the room")
    #expect(try ana.texts(of: room).isEmpty)
  }

  @Test("refuse what a device wrote before it was removed, once it has been added again, and say so")
  func writtenBeforeRemoval() throws {
    let room = try room()
    cy.isOffline = true
    let message = try cy.say("written before", to: room)
    try ana.act { _ = try $0.remove(cy.address, from: room, now: $1) }
    #expect(region.run { ana.isIdle && bo.isIdle })
    region.run(milliseconds: 2000)
    try bo.act { _ = try $0.add([cy.address], to: room, now: $1) }
    #expect(region.run { ana.isIdle && bo.isIdle })
    region.run(milliseconds: 2000)
    cy.isOffline = false
    settle()
    #expect(try seen(cy, room).state == .active)
    #expect(try cy.open().status(message).refusal?.contains("written before this device was removed") == true)
    for device in [ana, bo] { #expect(try device.texts(of: room).isEmpty, "\(device.name)") }
  }

  @Test("are left by an announcement that somebody else commits")
  func leaving() throws {
    let room = try room()
    try cy.act { _ = try $0.leave(room, now: $1) }
    #expect(try seen(cy, room).state == .leaving)
    settle()
    #expect(try seen(cy, room).state == .ended)
    #expect(try seen(ana, room).members == [ana.address, bo.address])
    #expect(try seen(bo, room).members == [ana.address, bo.address])
  }

  @Test("are caught up with, in order, by a device that was away during several changes")
  func catchingUp() throws {
    let dee = try region.enrol("dee@xa")
    settle()
    let room = try room()
    cy.isOffline = true
    var expected: [String] = []
    for turn in 0..<4 {
      if turn % 2 == 0 {
        try ana.act { _ = try $0.add([dee.address], to: room, now: $1) }
      } else {
        try ana.act { _ = try $0.remove(dee.address, from: room, now: $1) }
      }
      settle()
      for device in [ana, bo] {
        let text = "\(device.name) in turn \(turn)"
        try device.say(text, to: room)
        expected.append(text)
        settle()
      }
    }
    #expect(try cy.texts(of: room) == [])
    cy.isOffline = false
    settle()
    #expect(try cy.texts(of: room) == expected)
    #expect(try seen(cy, room).epochAuthenticator == seen(ana, room).epochAuthenticator)
    #expect(try seen(cy, room).gaps.isEmpty)
  }

  @Test("get fresh keys from a device whose keys are a week old, on its next connection")
  func refresh() throws {
    let room = try room()
    bo.isOffline = true
    cy.isOffline = true
    region.run(milliseconds: 8 * 86_400_000)
    let before = try seen(ana, room).epoch
    ana.isOffline = true
    ana.isOffline = false
    settle(ana)
    #expect(try seen(ana, room).epoch == before + 1)
    bo.isOffline = false
    cy.isOffline = false
    settle()
    #expect(try seen(bo, room).epochAuthenticator == seen(ana, room).epochAuthenticator)
    #expect(try seen(cy, room).epochAuthenticator == seen(ana, room).epochAuthenticator)
  }

  @Test("of a stranger's country are not joined, and the inbox goes on")
  func unknownMembers() throws {
    #expect {
      try ana.act { try $0.add([bo.address], to: RoomIdentifier(bytes: Array(repeating: 1, count: 16)), now: $1) }
    } throws: { ($0 as? ClientError)?.code == "room-unknown" }
    let room = try room()
    #expect { try ana.act { try $0.add([bo.address], to: room, now: $1) } } throws: {
      ($0 as? ClientError)?.code == "member-already"
    }
    #expect { try ana.act { try $0.remove(ana.address, from: room, now: $1) } } throws: {
      ($0 as? ClientError)?.code == "remove-self"
    }
  }
}
