import LiaisonClient
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import SimulationKit
import Testing

/// Two countries: nino and ana take turns as duty officer of xa, gio is the contact point; bo of xb writes to the role.
@Suite("Duty roles between countries")
struct DutyTests {
  private let region: SimulationKit.Region
  private let nino: SimulatedDevice
  private let ana: SimulatedDevice
  private let gio: SimulatedDevice
  private let bo: SimulatedDevice
  private let role: Address

  init() throws {
    region = try SimulationKit.Region(seed: 61, handles: ["xa", "xb"])
    nino = try region.enrol("nino@xa")
    ana = try region.enrol("ana@xa")
    gio = try region.enrol("gio@xa")
    bo = try region.enrol("bo@xb")
    role = try Address("duty-officer@xa")
    settle()
    try define([nino])
    settle()
  }

  private func settle() {
    #expect(region.run { region.devices.allSatisfy(\.isIdle) }, "it never came to rest")
    region.run(milliseconds: 2000)
    #expect(region.findings.isEmpty, "\(region.findings)")
  }

  private func define(_ holders: [SimulatedDevice], alternate: SimulatedDevice? = nil) throws {
    let duty = RoleCard.Duty(
      title: "Duty officer", holders: try holders.map { try $0.address }, alternate: try alternate?.address,
      contactPoint: try gio.address)
    guard case .done = try region.network.node("xa").administer(.defineRole(role, duty)) else {
      throw SimulationError("the role was not defined")
    }
  }

  /// What the node answers to a device.
  private func ask(_ body: Frame.Body, _ device: SimulatedDevice) throws -> Frame.Body {
    let identity = try device.open().identity
    return try region.network.node(identity.address.handle).answer(
      to: body, from: .device(identity.device, inboxPosition: device.open().inboxPosition))
  }

  /// Looks the role up, as a program does before it writes.
  private func lookUp(_ device: SimulatedDevice) throws {
    guard case .roles(let roles) = try region.network.node("xa").administer(.roles) else {
      throw SimulationError("the node lists no roles")
    }
    try device.act { try $0.take(Frame.Duties(roleCards: roles.map(\.card)), isOwn: false, now: $1) }
    region.run(milliseconds: 3000)
  }

  private func perform(_ change: Frame.DutyChange, _ device: SimulatedDevice) throws -> Frame.Failure? {
    switch try ask(.dutyChange(change), device) {
    case .dutyAnswer(let duties):
      try device.act { try $0.take(duties, isOwn: true, now: $1) }
      return nil
    case .failure(let failure): return failure
    case let other: throw SimulationError("\(other)")
    }
  }

  private func write(_ text: String) throws -> MessageIdentifier {
    try bo.act { engine, now in
      let room = try engine.roomOf(role: role, now: now).room
      return try engine.send(Draft(.text(text), marking: .amber), to: room, now: now)
    }
  }

  private func handOver() throws {
    let offer = try nino.open().offer(role, to: ana.address, now: region.now)
    #expect(try perform(offer, nino) == nil)
    settle()
    let acceptance = try ana.open().acceptance(of: role, now: region.now)
    #expect(try perform(acceptance, ana) == nil)
    settle()
  }

  /// The newest card of the role that a device knows.
  private func card(_ device: SimulatedDevice) throws -> RoleCard {
    guard let known = try device.open().role(role) else { throw SimulationError("the role is not known") }
    return known.current
  }

  private func status(_ message: MessageIdentifier, of device: SimulatedDevice) throws -> MessageStatus.Person {
    let address = try device.address
    guard let person = try bo.open().status(message).people.first(where: { $0.address == address }) else {
      throw SimulationError("\(address) is not among the people")
    }
    return person
  }

  /// Where bo writes to the role, as that device sees it.
  private func roleRoom(_ device: SimulatedDevice) throws -> Room {
    guard let room = try device.open().rooms().first(where: { $0.role == role }) else {
      throw SimulationError("there is no room of the role")
    }
    return room
  }

  private func inbox(_ device: SimulatedDevice) throws -> [HistoryEntry] {
    try device.open().inbox(unreadOnly: false).filter { $0.message?.body != nil && $0.acknowledgeBy(.usual) != nil }
  }

  @Test("reach the holder, go over unacknowledged, and are acknowledged by the next holder under their own name")
  func handingOver() throws {
    try lookUp(bo)
    let first = try write("first")
    let second = try write("second")
    settle()
    #expect(try inbox(nino).map(\.identifier) == [first, second])
    #expect(try inbox(ana).isEmpty)
    _ = try nino.act { try $0.acknowledge(first, now: $1) }
    settle()
    try handOver()
    settle()
    // What waited went over, and what was acknowledged did not.
    #expect(try inbox(ana).map(\.identifier) == [second])
    let room = try roleRoom(bo)
    #expect(room.members == [try ana.address, try bo.address])
    #expect(room.name(for: try bo.address) == "duty-officer@xa")
    _ = try ana.act { try $0.acknowledge(second, now: $1) }
    settle()
    let (ninos, anas) = (try status(second, of: nino), try status(second, of: ana))
    #expect(ninos.acknowledgedAt == nil && !ninos.holdsRole && ninos.role == role)
    #expect(anas.acknowledgedAt != nil && anas.holdsRole && anas.role == role)
    let before = try status(first, of: nino)
    #expect(before.acknowledgedAt != nil && before.holdsRole)
    // What is written now reaches the one who holds it now, and in the same room.
    let third = try write("third")
    settle()
    #expect(try inbox(ana).map(\.identifier) == [second, third])
    #expect(try inbox(nino).map(\.identifier) == [first, second])
    #expect(try bo.open().rooms().count { $0.role == role } == 1)
  }

  @Test(
    "show their correspondents that both signed, once their cards are known, and that nobody did where it was assigned")
  func shown() throws {
    try lookUp(bo)
    _ = try write("hello")
    settle()
    #expect(try bo.open().origin(of: card(bo)) == .assigned)
    try handOver()
    // Its device met both in the room.
    let origin = try bo.open().origin(of: card(bo))
    guard case .handedOver(let from, let to, _) = origin else { throw SimulationError("\(origin)") }
    #expect(try (from, to) == (nino.address, ana.address))
    try define([gio])
    try lookUp(bo)
    #expect(try bo.open().origin(of: card(bo)) == .assigned)
  }

  @Test("of an old holder are refused: by the node, by the own program, and shown by correspondents as what they are")
  func oldHolder() throws {
    try lookUp(bo)
    let message = try write("who is there?")
    settle()
    let stale = try nino.open().offer(role, to: gio.address, now: region.now)
    // The device is away while its member's role goes: it knows nothing of that, and acts as if it held it still.
    nino.isOffline = true
    try define([ana])
    region.run(milliseconds: 1000)
    let room = try roleRoom(nino).identifier
    region.run(milliseconds: 60_000)
    _ = try nino.act { try $0.acknowledge(message, now: $1) }
    #expect(try perform(stale, nino)?.reason == .notPermitted)
    #expect(try perform(.resign(role), nino)?.reason == .notPermitted)
    try nino.act { try $0.take(Frame.Duties(), isOwn: true, now: $1) }
    nino.isOffline = false
    settle()
    try lookUp(bo)
    settle()
    let person = try status(message, of: nino)
    #expect(person.acknowledgedAt != nil)
    #expect(person.role == role && !person.holdsRole)
    #expect(try bo.open().room(named: room.description).members == [try ana.address, try bo.address])
    // Its own program knows by now.
    #expect(throws: ClientError.self) { try nino.act { _ = try $0.acknowledge(message, now: $1) } }
    // And the message waits for the one who holds the role.
    #expect(try inbox(ana).map(\.identifier) == [message])
  }

  @Test("without a holder go to the alternate, and without one to the contact point")
  func escalation() throws {
    try define([nino], alternate: ana)
    try lookUp(bo)
    _ = try write("one")
    settle()
    #expect(try perform(.resign(role), nino) == nil)
    settle()
    try lookUp(bo)
    let second = try write("two")
    settle()
    #expect(try inbox(ana).map(\.identifier).last == second)
    // Who is revoked has no link any more.
    ana.isOffline = true
    guard case .done = try region.network.node("xa").administer(.revoke(ana.address, reason: "left")) else {
      throw SimulationError("not revoked")
    }
    try lookUp(bo)
    #expect(try card(bo).duty.acting.people == [gio.address])
    let third = try write("three")
    settle()
    #expect(try inbox(gio).map(\.identifier).contains(third))
  }

  @Test("are offered only by who holds them, by the card in force, to another member; and accepted by that one, once")
  func offers() throws {
    try lookUp(ana)
    #expect(try perform(ana.open().offer(role, to: gio.address, now: region.now), ana)?.reason == .notPermitted)
    let offer = try nino.open().offer(role, to: ana.address, now: region.now)
    #expect(try perform(offer, ana)?.reason == .malformed)
    #expect(try perform(nino.open().offer(role, to: Address("x@xa"), now: region.now), nino)?.reason == .unknown)
    #expect(try perform(nino.open().offer(role, to: nino.address, now: region.now), nino)?.reason == .unknown)
    #expect(try perform(offer, nino) == nil)
    settle()
    #expect(try ana.open().waitingDuties(now: region.now).offers.map(\.role) == [role])
    #expect(try gio.open().waitingDuties(now: region.now).offers.isEmpty)
    let acceptance = try ana.open().acceptance(of: role, now: region.now)
    #expect(try perform(acceptance, gio)?.reason == .unknown)
    #expect(try perform(.decline(role), gio)?.reason == .unknown)
    #expect(try perform(acceptance, ana) == nil)
    // The answer was lost: the same again is done already, and nothing more.
    #expect(try perform(acceptance, ana) == nil)
    settle()
    let card = try card(ana)
    #expect(card.duty.holders == [try ana.address])
    #expect(try self.card(nino) == card)
    // The old offer is worth nothing any more.
    #expect(try perform(offer, nino)?.reason == .notPermitted)
    // One that is declined is gone.
    #expect(try perform(ana.open().offer(role, to: gio.address, now: region.now), ana) == nil)
    settle()
    #expect(try perform(.decline(role), gio) == nil)
    settle()
    #expect(throws: ClientError.self) { try gio.open().acceptance(of: role, now: region.now) }
    #expect(try ana.open().waitingDuties(now: region.now).offers.isEmpty)
  }

  @Test("have an address of their own: no member takes it, and none is made of a member's")
  func addresses() throws {
    let node = try region.network.node("xa")
    let answer = try node.administer(
      .invite(
        role, profile: MemberProfile(name: "N", discipline: .cyber, role: ""),
        expiresAt: region.now.adding(milliseconds: 1000)))
    guard case .failed(let failure) = answer else { throw SimulationError("\(answer)") }
    #expect(failure.reason == .conflict)
    let duty = RoleCard.Duty(title: "N", holders: [try ana.address])
    guard case .failed(let taken) = try node.administer(.defineRole(nino.address, duty)) else {
      throw SimulationError("a member became a role")
    }
    #expect(taken.reason == .conflict)
    guard
      case .failed(let unknown) = try node.administer(
        .defineRole(role, RoleCard.Duty(title: "N", holders: [Address("nobody@xa")])))
    else { throw SimulationError("nobody holds a role") }
    #expect(unknown.reason == .unknown)
  }
}
