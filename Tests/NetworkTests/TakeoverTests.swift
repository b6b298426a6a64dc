import LiaisonClient
import LiaisonModel
import NodeSimulation
import SimulationKit
import Testing

@Suite("A takeover")
struct TakeoverTests {
  /// People of several countries in one room, whose hub is `xa`.
  private final class Scene {
    let region: SimulationKit.Region
    let people: [SimulatedDevice]
    let room: RoomIdentifier

    init(_ seed: UInt64, countries: Int = 3) throws {
      let handles = "abcdefg".prefix(countries).map { "x\($0)" }
      region = try SimulationKit.Region(seed: seed, handles: handles)
      people = try handles.map { [region] in try region.enrol("p@\($0)") }
      let devices = people
      guard region.run(until: { devices.allSatisfy(\.isIdle) }) else { throw SimulationError("nobody is enrolled") }
      let others = try devices.dropFirst().map { try $0.address }
      room = try devices[0].act { try $0.createRoom(title: "Room", members: others, now: $1) }.room
      guard region.run(until: { devices.allSatisfy(\.isIdle) }) else { throw SimulationError("the room is not made") }
      region.run(milliseconds: 10_000)
    }

    func node(_ index: Int) throws -> SimulatedNode { try region.network.node(people[index].address.handle) }

    func view(_ index: Int) throws -> Room? { try people[index].open().rooms().first { $0.identifier == room } }

    func takeOver(_ index: Int) throws { _ = try people[index].act { try $0.takeOver(self.room, now: $1) } }

    func partition(_ a: Int, from others: [Int]) throws {
      for other in others { region.network.partition(try node(a).handle, try node(other).handle) }
    }

    func heal(_ a: Int, from others: [Int]) throws {
      for other in others { region.network.heal(try node(a).handle, try node(other).handle) }
    }

    /// Whether these all are in one epoch of a room that this one's node orders, and nothing is left to do.
    func agree(_ indices: [Int], hub: Int) -> Bool {
      guard indices.allSatisfy({ people[$0].isIdle }), let views = try? indices.map({ try view($0) }),
        let handle = try? node(hub).handle
      else { return false }
      return Set(views.map { $0?.epochAuthenticator }).count == 1 && views.allSatisfy { $0?.hub == handle }
    }

    func wait(_ milliseconds: UInt64 = 300_000, _ isDone: () -> Bool) -> Bool {
      region.run(until: isDone, milliseconds: milliseconds)
    }

    func notices(_ index: Int) throws -> [RoomNotice] {
      try people[index].open().history(of: room).compactMap {
        if case .notice(let notice) = $0.content { notice } else { nil }
      }
    }
  }

  private static let hour = Limits.hubAwayMilliseconds

  @Test("gives the room another hub once the old one was away for an hour; it follows when it returns")
  func hubIsGone() throws {
    let scene = try Scene(1)
    try scene.node(0).crash()
    let dora = try scene.region.enrol("dora@xb")
    scene.region.run(milliseconds: Self.hour + 60_000)
    try scene.takeOver(1)
    #expect(scene.wait { scene.agree([1, 2], hub: 1) })
    #expect(try scene.notices(2).contains(.moved(to: scene.node(1).handle, by: scene.people[1].address)))
    // Membership changes go on, also asked for by others.
    _ = try scene.people[2].act { try $0.add([dora.address], to: scene.room, now: $1) }
    #expect(scene.wait { (try? scene.view(1)?.members.count) == 4 && scene.agree([1, 2], hub: 1) })
    try scene.node(0).start()
    #expect(scene.wait { scene.agree([0, 1, 2], hub: 1) })
    #expect(try scene.view(0)?.members.count == 4)
    #expect(try scene.notices(0).contains(.moved(to: scene.node(1).handle, by: scene.people[1].address)))
    #expect(scene.region.findings.isEmpty, "\(scene.region.findings)")
  }

  @Test("does not happen while the hub is there, and says so")
  func hubIsThere() throws {
    let scene = try Scene(2)
    let request = try scene.people[1].act { try $0.takeOver(scene.room, now: $1) }
    #expect(scene.wait { scene.people[1].isIdle })
    guard case .failed(let reason) = try scene.people[1].open().progress(of: request) else {
      Issue.record("it did not fail")
      return
    }
    #expect(reason.contains("does not give it to another"))
    #expect(try scene.view(1)?.hub == scene.node(0).handle)
    #expect(throws: ClientError.self) { try scene.takeOver(0) }
  }

  @Test("needs more than half of the nodes, and each of them to miss the hub")
  func minority() throws {
    let scene = try Scene(3, countries: 4)
    try scene.partition(0, from: [1, 2])
    scene.region.run(milliseconds: Self.hour + 60_000)
    try scene.takeOver(1)
    scene.region.run(milliseconds: 300_000)
    // `xb` and `xc` agree; `xd` reaches `xa`.
    #expect(try scene.view(1)?.hub == scene.node(0).handle)
    #expect(try scene.node(1).count(.takeovers) == 0)
    try scene.partition(0, from: [3])
    scene.region.run(milliseconds: Self.hour + 60_000)
    #expect(scene.wait { scene.agree([1, 2, 3], hub: 1) })
    try scene.heal(0, from: [1, 2, 3])
    #expect(scene.wait { scene.agree([0, 1, 2, 3], hub: 1) })
  }

  @Test("leaves no room for what only the old hub has: it does not stand, and is made anew")
  func onlyTheHub() throws {
    let scene = try Scene(4, countries: 4)
    let dora = try scene.region.enrol("dora@xa")
    scene.region.run(milliseconds: 10_000)
    try scene.partition(0, from: [1, 2, 3])
    let before = try scene.view(0)?.epoch
    _ = try scene.people[0].act { try $0.add([dora.address], to: scene.room, now: $1) }
    scene.region.run(milliseconds: Self.hour + 60_000)
    #expect(try scene.view(0)?.epoch == before, "the hub's own people took what nobody else has")
    try scene.takeOver(1)
    #expect(scene.wait { scene.agree([1, 2, 3], hub: 1) })
    try scene.heal(0, from: [1, 2, 3])
    #expect(scene.wait { scene.agree([0, 1, 2, 3], hub: 1) && (try? scene.view(2)?.members.count) == 5 })
    #expect(scene.region.findings.isEmpty, "\(scene.region.findings)")
  }

  @Test("carries on what half of the nodes have, of which its own people knew nothing")
  func carriesOn() throws {
    let scene = try Scene(5, countries: 4)
    let dora = try scene.region.enrol("dora@xa")
    scene.region.run(milliseconds: 10_000)
    // The hub reaches `xb` alone: two of four, with which a commit stands.
    try scene.partition(0, from: [2, 3])
    _ = try scene.people[0].act { try $0.add([dora.address], to: scene.room, now: $1) }
    #expect(scene.wait(60_000) { (try? scene.view(0)?.members.count) == 5 })
    try scene.node(0).crash()
    scene.region.run(milliseconds: Self.hour + 60_000)
    #expect(try scene.view(2)?.members.count == 4)
    try scene.takeOver(2)
    #expect(scene.wait { scene.agree([1, 2, 3], hub: 2) })
    #expect(try scene.view(3)?.members.count == 5)
    try scene.node(0).start()
    try scene.heal(0, from: [2, 3])
    #expect(scene.wait { scene.agree([0, 1, 2, 3], hub: 2) })
    #expect(scene.region.findings.isEmpty, "\(scene.region.findings)")
  }

  @Test("can follow a takeover whose node is gone too")
  func twice() throws {
    let scene = try Scene(6, countries: 5)
    try scene.node(0).crash()
    scene.region.run(milliseconds: Self.hour + 60_000)
    // `xe` hears nothing of it.
    try scene.partition(4, from: [1, 2, 3])
    try scene.takeOver(1)
    #expect(scene.wait { scene.agree([1, 2, 3], hub: 1) })
    try scene.node(1).crash()
    try scene.heal(4, from: [2, 3])
    scene.region.run(milliseconds: Self.hour + 60_000)
    try scene.takeOver(2)
    #expect(scene.wait { scene.agree([2, 3, 4], hub: 2) })
    for gone in [0, 1] { try scene.node(gone).start() }
    #expect(scene.wait { scene.agree([0, 1, 2, 3, 4], hub: 2) })
    #expect(scene.region.findings.isEmpty, "\(scene.region.findings)")
  }

  @Test("is not promised by a node that was restored from a backup, and may have forgotten how it voted")
  func restored() throws {
    let scene = try Scene(8)
    let dora = try scene.region.enrol("dora@xa")
    scene.region.run(milliseconds: 10_000)
    let backup = try scene.node(1).backUp()
    try scene.partition(2, from: [0, 1])
    _ = try scene.people[0].act { try $0.add([dora.address], to: scene.room, now: $1) }
    #expect(scene.wait(60_000) { (try? scene.view(0)?.members.count) == 4 })
    // Two of three have it, one of which forgets it; the third could do as it likes with that one's promise.
    try scene.node(0).crash()
    try scene.node(1).restore(backup)
    try scene.heal(2, from: [0, 1])
    scene.region.run(milliseconds: Self.hour + 60_000)
    try scene.takeOver(2)
    scene.region.run(milliseconds: 600_000)
    #expect(try scene.node(2).count(.takeovers) == 0)
    try scene.node(0).start()
    #expect(scene.wait { scene.agree([0, 2], hub: 0) })
    #expect(try scene.view(2)?.members.count == 4)
    // With the next commit it learns what it has forgotten.
    _ = try scene.people[2].act { try $0.remove(dora.address, from: scene.room, now: $1) }
    #expect(scene.wait { scene.agree([0, 1, 2], hub: 0) && (try? scene.view(1)?.members.count) == 3 })
  }

  @Test("is not needed where the hub of two countries was set back: the other one tells it what it ordered")
  func restoredHub() throws {
    let scene = try Scene(9, countries: 2)
    let dora = try scene.region.enrol("dora@xa")
    scene.region.run(milliseconds: 10_000)
    let backup = try scene.node(0).backUp()
    _ = try scene.people[0].act { try $0.add([dora.address], to: scene.room, now: $1) }
    #expect(scene.wait { scene.agree([0, 1], hub: 0) && (try? scene.view(1)?.members.count) == 3 })
    try scene.partition(0, from: [1])
    try scene.node(0).restore(backup)
    // It orders nothing that it may have ordered otherwise.
    _ = try scene.people[0].act { try $0.remove(dora.address, from: scene.room, now: $1) }
    scene.region.run(milliseconds: 60_000)
    #expect(try scene.view(0)?.members.count == 3)
    try scene.heal(0, from: [1])
    #expect(scene.wait { scene.agree([0, 1], hub: 0) && (try? scene.view(1)?.members.count) == 2 })
    let text = try scene.people[1].say("after all", to: scene.room)
    #expect(scene.wait { (try? scene.people[0].texts(of: scene.room).contains("after all")) == true })
    withExtendedLifetime(text) {}
  }

  @Test("is not for a room of two countries, which has no majority without its hub: it has a successor")
  func twoCountries() throws {
    let scene = try Scene(7, countries: 2)
    let dora = try scene.region.enrol("dora@xb")
    scene.region.run(milliseconds: 10_000)
    _ = try scene.people[1].act { try $0.add([dora.address], to: scene.room, now: $1) }
    #expect(scene.wait { (try? scene.view(1)?.members.count) == 3 && dora.isIdle })
    #expect(throws: ClientError.self) { try scene.takeOver(1) }
    try scene.node(0).crash()
    scene.region.run(milliseconds: 60_000)
    let successor = try scene.people[1].act { try $0.startSuccessor(of: scene.room, now: $1) }.room
    #expect(throws: ClientError.self) { try scene.people[1].act { try $0.startSuccessor(of: scene.room, now: $1) } }
    scene.region.run(milliseconds: 120_000)
    try scene.people[1].say("here we go on", to: successor)
    scene.region.run(milliseconds: 60_000)
    // Who can be reached is in it at once; the old room says which it is.
    #expect(try dora.texts(of: successor) == ["here we go on"])
    let old = try dora.open().rooms().first { $0.identifier == scene.room }
    #expect(old?.successor == successor)
    try scene.node(0).start()
    #expect(scene.wait { scene.people.allSatisfy(\.isIdle) && dora.isIdle })
    try scene.people[1].say("and you too", to: successor)
    scene.region.run(milliseconds: 60_000)
    #expect(try scene.people[0].texts(of: successor) == ["and you too"])
    #expect(try scene.view(0)?.successor == successor)
    let notice = RoomNotice.succeeded(by: successor, madeBy: try scene.people[1].address)
    #expect(try scene.notices(0).contains(notice))
    #expect(try scene.people[0].open().rooms().first { $0.identifier == successor }?.title == "Room")
    #expect(scene.region.findings.isEmpty, "\(scene.region.findings)")
  }
}
