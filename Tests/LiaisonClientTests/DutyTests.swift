import LiaisonClient
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
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

  private func write(_ text: String, _ precedence: Precedence = .routine) throws -> MessageIdentifier {
    try bo.act { engine, now in
      let room = try engine.roomOf(role: role, now: now).room
      return try engine.send(Draft(.text(text), precedence: precedence, marking: .amber), to: room, now: now)
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
    // What is urgent overtakes the card that says what room it goes over in.
    let second = try write("second", .immediate)
    settle()
    #expect(try Set(inbox(nino).map(\.identifier)) == [first, second])
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
    #expect(try Set(inbox(nino).map(\.identifier)) == [first, second])
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
    // Whoever was only invited has no machine that could be reached.
    _ = try node.administer(
      .invite(
        Address("new@xa"), profile: MemberProfile(name: "N", discipline: .cyber, role: ""),
        expiresAt: region.now.adding(milliseconds: 1000)))
    guard
      case .failed(let absent) = try node.administer(
        .defineRole(role, RoleCard.Duty(title: "N", holders: [Address("new@xa")])))
    else { throw SimulationError("a role is held by nobody's machine") }
    #expect(absent.reason == .unknown)
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

  // MARK: Who would be in a role's room that does not belong there

  private func members(_ device: SimulatedDevice, _ room: RoomIdentifier) throws -> Set<Address> {
    Set(try device.open().room(named: room.description).members)
  }

  /// Comes anew to its node, and asks it for every role that it has a room with.
  private func reconnect(_ device: SimulatedDevice) {
    device.isOffline = true
    region.run(milliseconds: 1000)
    device.isOffline = false
    settle()
  }

  private func remove() throws {
    guard case .done = try region.network.node("xa").administer(.removeRole(role, reason: "merged")) else {
      throw SimulationError("the role was not removed")
    }
  }

  @Test("are not those of a room that somebody else in it says so of: nobody is added, and nothing is written there")
  func thirdPerson() throws {
    let mallory = try region.enrol("mallory@xb")
    settle()
    let direct = try mallory.act { try $0.roomOf([bo.address], now: $1).room }
    settle()
    try lookUp(mallory)
    let card = try #require(try mallory.open().role(role)).card
    let note = RoleRoom(roleCard: card, correspondent: try bo.address)
    _ = try mallory.act { try $0.send(Draft(.duty(note), marking: .red), to: direct, now: $1) }
    settle()
    #expect(try bo.open().room(named: direct.description).role == nil)
    #expect(try members(bo, direct) == [bo.address, mallory.address])
    try lookUp(bo)
    let message = try write("for the duty officer")
    settle()
    #expect(try inbox(nino).map(\.identifier) == [message])
    #expect(try !mallory.open().inbox(unreadOnly: false).contains { $0.identifier == message })
    // Nor is the true one written to any more, once somebody else was added to it.
    let room = try roleRoom(bo).identifier
    _ = try nino.act { try $0.add([mallory.address], to: room, now: $1) }
    settle()
    #expect(try members(bo, room).contains(mallory.address))
    let next = try write("for nobody else")
    settle()
    #expect(try inbox(nino).map(\.identifier).contains(next))
    #expect(try !mallory.open().inbox(unreadOnly: false).contains { $0.identifier == next })
  }

  @Test("are left by everybody who held them since, also where the correspondent was away for a hand-over")
  func heldMeanwhile() throws {
    try lookUp(bo)
    _ = try write("first")
    settle()
    let room = try roleRoom(bo).identifier
    bo.isOffline = true
    try handOver()
    #expect(try members(ana, room).contains(ana.address))
    try define([gio])
    settle()
    bo.isOffline = false
    settle()
    #expect(try card(bo).duty.holders == [gio.address])
    #expect(try members(bo, room) == [bo.address, gio.address])
    #expect(try ana.open().room(named: room.description).state == .ended)
    let last = try write("who holds it now?")
    settle()
    #expect(try inbox(gio).map(\.identifier).contains(last))
    #expect(try !ana.open().inbox(unreadOnly: false).contains { $0.identifier == last })
  }

  @Test("are written to without colleagues of the holder whom these have brought in")
  func colleague() throws {
    try lookUp(bo)
    _ = try write("first")
    settle()
    let room = try roleRoom(bo).identifier
    _ = try nino.act { try $0.add([ana.address], to: room, now: $1) }
    settle()
    #expect(try members(bo, room).contains(ana.address))
    let next = try write("for the holder")
    settle()
    #expect(try roleRoom(bo).identifier == room)
    #expect(try members(bo, room) == [bo.address, nino.address])
    #expect(try !ana.open().inbox(unreadOnly: false).contains { $0.identifier == next })
  }

  @Test("are not handed over by whoever is in a room: nobody says there what others have written")
  func falselyHandedOver() throws {
    let direct = try ana.act { try $0.roomOf([bo.address], now: $1).room }
    settle()
    let content = MessageContent(
      message: try MessageIdentifier(bytes: [UInt8](repeating: 9, count: 16)), sequence: 1, sentAt: region.now,
      precedence: .flash, marking: .red, replyTo: nil, body: .text("leave at once"))
    let lie = try #require(HandedOver(content, from: gio.address))
    _ = try ana.act { try $0.send(Draft(.handedOver(lie), marking: .red), to: direct, now: $1) }
    settle()
    #expect(try inbox(bo).isEmpty)
    let notices = try bo.open().history(of: direct, limit: nil, since: nil).compactMap { entry -> String? in
      if case .notice(.unreadable(let why)) = entry.content { why } else { nil }
    }
    #expect(notices.contains { $0.contains("not theirs to hand over") })
  }

  // MARK: Cards

  @Test("that were removed are written to no more, and nobody is called so while the last card is in force")
  func removal() throws {
    try lookUp(bo)
    _ = try write("first")
    settle()
    let offer = try nino.open().offer(role, to: ana.address, now: region.now)
    #expect(try perform(offer, nino) == nil)
    settle()
    try remove()
    settle()
    // It asks its node, which asks the role's.
    reconnect(bo)
    #expect(try card(bo).duty.acting.standing == .vacant)
    #expect(throws: ClientError.self) { try write("who reads this?") }
    #expect(try ana.open().waitingDuties(now: region.now).offers.isEmpty)
    #expect(try nino.open().role(role)?.current.duty.holders.isEmpty == true)
    guard case .roles(let roles) = try region.network.node("xa").administer(.roles),
      case .failed(let failure) = try region.network.node("xa").administer(
        .invite(
          role, profile: MemberProfile(name: "N", discipline: .cyber, role: ""),
          expiresAt: region.now.adding(milliseconds: 1000)))
    else { throw SimulationError("a removed role's address was given to a member") }
    #expect(roles.isEmpty && failure.reason == .conflict)
    // Made anew, it goes on.
    try define([ana])
    settle()
    reconnect(bo)
    let again = try write("and now?")
    settle()
    #expect(try inbox(ana).map(\.identifier).contains(again))
  }

  @Test("are known by the newest card alone, whichever comes last; the node has later serials also from a backup")
  func serials() throws {
    let node = try region.network.node("xa")
    let backup = try node.backUp()
    try lookUp(bo)
    let old = try #require(try bo.open().role(role)).card
    try define([ana])
    settle()
    try lookUp(bo)
    try bo.act { try $0.take(Frame.Duties(roleCards: [old]), isOwn: false, now: $1) }
    #expect(try card(bo).duty.holders == [ana.address])
    let serial = try card(bo).serial
    try node.restore(backup)
    settle()
    try define([gio])
    settle()
    try lookUp(bo)
    #expect(try card(bo).duty.holders == [gio.address])
    #expect(try card(bo).serial > serial)
  }

  @Test("are renewed before their cards end, and show on who handed them over while that one holds them")
  func renewal() throws {
    try define([nino, gio])
    settle()
    try handOver()
    #expect(try perform(.resign(role), gio) == nil)
    settle()
    let before = try card(ana)
    #expect(try before.duty.holders == [ana.address] && before.handOver != nil)
    let node = try region.network.node("xa")
    node.clockAheadMilliseconds = Int64(Limits.roleCardLifetimeMilliseconds - Limits.roleCardRenewalMilliseconds) + 1000
    region.run(milliseconds: 60_000)
    guard case .roles(let roles) = try node.administer(.roles) else { throw SimulationError("no roles") }
    let renewed = try #require(roles.first).content
    #expect(renewed.serial > before.serial && renewed.expiresAt > before.expiresAt)
    #expect(renewed.duty == before.duty && renewed.handOver == before.handOver)
  }

  // MARK: Whom a correspondent adds

  @Test(
    "whose next holder has other keys than were confirmed wait for the correspondent to confirm them or write again",
    arguments: [false, true])
  func changedKeys(byConfirming: Bool) throws {
    try lookUp(bo)
    let first = try write("first")
    settle()
    let room = try roleRoom(bo).identifier
    let side = try bo.act { try $0.roomOf([ana.address], now: $1).room }
    settle()
    _ = try bo.confirm(ana.address)
    _ = try region.enrol("ana@xa")
    settle()
    guard case .changed? = try bo.open().contact(ana.address)?.confirmation else {
      throw SimulationError("the keys have not changed: \(try members(bo, side))")
    }
    // The former holder is away, whose device would add her.
    nino.isOffline = true
    try define([ana])
    region.run(milliseconds: 5000)
    reconnect(bo)
    #expect(try card(bo).duty.holders == [ana.address])
    #expect(try !members(bo, room).contains(ana.address))
    let notices = try bo.open().history(of: room, limit: nil, since: nil).count { entry in
      if case .notice(.unreadable(let why)) = entry.content {
        why.contains("not those that you confirmed")
      } else {
        false
      }
    }
    #expect(notices == 1)
    var written: Set = [first]
    if byConfirming { try bo.confirm(ana.address) } else { written.insert(try write("all the same")) }
    settle()
    #expect(try roleRoom(bo).identifier == room)
    #expect(try members(bo, room) == [ana.address, bo.address])
    #expect(try Set(inbox(ana).map(\.identifier)) == written)
  }

  @Test("whose holder could not be added are tried again in the same room")
  func failedAddition() throws {
    let (xa, xb) = (try region.network.node("xa"), try region.network.node("xb"))
    func allow(_ permissions: Set<PeerPolicy.Permission>) {
      var policy = PeerPolicy.initial
      policy.permissions = permissions
      xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .active, policy: policy)]))
      region.run(milliseconds: 5000)
    }
    try lookUp(bo)
    allow(PeerPolicy.initial.permissions.subtracting([.directory]))
    let first = try write("first")
    settle()
    #expect(try bo.open().status(first).refusal != nil)
    allow(PeerPolicy.initial.permissions)
    let second = try write("second")
    settle()
    #expect(try bo.open().rooms().count { $0.role == role } == 1)
    #expect(try inbox(nino).map(\.identifier).contains(second))
  }

  @Test("are told to a peer that may look up everybody whom the card names, and to no other")
  func policy() throws {
    let (xa, xb) = (try region.network.node("xa"), try region.network.node("xb"))
    func cards(_ disciplines: Set<Discipline>) throws -> Int {
      var policy = PeerPolicy.initial
      policy.disciplines = disciplines
      xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .active, policy: policy)]))
      region.run(milliseconds: 1000)
      let peer = LinkPeer.peer(xb.handle, dialledHere: false, clockDifferenceMilliseconds: 0)
      guard case .dutyAnswer(let duties) = try xa.answer(to: .dutyQuery(role), from: peer) else {
        throw SimulationError("no answer")
      }
      return duties.roleCards.count
    }
    xb.crash()
    region.run(milliseconds: 1000)
    #expect(try cards(Set(Discipline.allCases)) == 1)
    #expect(try cards([.physical]) == 0)
  }
}
