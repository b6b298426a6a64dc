import Foundation
import LiaisonAdmin
import LiaisonClient
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import NodeSimulation
import SimulationKit
import Testing

/// Countries of which each has a duty officer, a second one and a contact point; the first one asks the others.
private struct CheckedRegion {
  let region: SimulationKit.Region
  /// The duty officers, by country.
  private(set) var officers: [Handle: SimulatedDevice] = [:]
  private(set) var seconds: [Handle: SimulatedDevice] = [:]

  init(seed: UInt64, handles: [String]) throws {
    region = try SimulationKit.Region(seed: seed, handles: handles)
    for name in handles {
      let handle = try Handle(name)
      let officer = try region.enrol("nino@\(name)")
      officers[handle] = officer
      seconds[handle] = try region.enrol("ana@\(name)")
    }
    let devices = region.devices
    guard region.run(until: { devices.allSatisfy(\.isIdle) }) else { throw SimulationError("enrolment does not end") }
    for name in handles { try define(name, holders: ["nino"]) }
    region.run(milliseconds: 2000)
  }

  /// A country says anew who its duty officer is.
  func define(_ country: String, holders: [String], alternate: String? = nil) throws {
    let handle = try Handle(country)
    let duty = RoleCard.Duty(
      title: "Duty officer", holders: try holders.map { try Address(member: $0, handle: handle) },
      alternate: try alternate.map { try Address(member: $0, handle: handle) })
    guard case .done = try node(country).administer(.defineRole(ComCheck.role(at: handle), duty)) else {
      throw SimulationError("no role in \(country)")
    }
  }

  func node(_ country: String) throws -> SimulatedNode { try region.network.node(country) }

  func start(_ countries: [String] = [], within milliseconds: UInt64 = 1_800_000) throws -> Frame.Failure? {
    let answer = try node("xa").administer(
      .startComCheck(countries: countries.map { try Handle($0) }, .immediate, withinMilliseconds: milliseconds))
    if case .failed(let failure) = answer { return failure }
    return nil
  }

  /// All that the origin knows of a check.
  func report(_ number: UInt64) throws -> ComCheckReport {
    guard case .comChecks(let reports) = try node("xa").administer(.comChecks(number: number)),
      let report = reports.first
    else { throw SimulationError("no check \(number)") }
    return report
  }

  /// What the origin lists, the newest check first.
  func reports() throws -> [ComCheckReport] {
    guard case .comChecks(let reports) = try node("xa").administer(.comChecks(number: nil)) else {
      throw SimulationError("no reports")
    }
    return reports
  }

  /// What the nodes that are up say of themselves in figures, but for their links.
  func figures() throws -> [String] {
    try region.network.sortedNodes.filter(\.isUp).map { node in
      guard case .status(let status) = try node.administer(.status) else { throw SimulationError("no status") }
      return "\(node.handle) \(status.counts) \(node.count(.accepted)) \(node.count(.sent))"
    }
  }

  /// Says what a country's policy for the first one is.
  func permit(_ country: String, _ policy: PeerPolicy) throws {
    let node = try node(country)
    node.trust(
      PeerTable(
        region.network.sortedNodes.filter { $0 !== node }.map { other in
          PeerTable.Peer(
            card: other.card, standing: .active, policy: other.handle.description == "xa" ? policy : .initial)
        }))
    region.run(milliseconds: 2000)
  }

  func outcome() throws -> ComCheckOutcome {
    guard let newest = try reports().first else { throw SimulationError("no check was started") }
    return ComCheckOutcome(try report(newest.number), at: region.now)
  }

  func row(_ country: String) throws -> ComCheckOutcome.Row {
    guard let row = try outcome().rows.first(where: { $0.country.description == country }) else {
      throw SimulationError("\(country) was not asked")
    }
    return row
  }

  /// The duty officer's device, or the second one's.
  func officer(_ country: String, second: Bool = false) throws -> SimulatedDevice {
    guard let device = try (second ? seconds : officers)[Handle(country)] else {
      throw SimulationError("there is no \(country)")
    }
    return device
  }

  /// A person acknowledges what their device shows; gives what the node says against it.
  func acknowledge(_ device: SimulatedDevice) throws -> Frame.Failure? {
    guard let check = try device.open().waitingDuties(now: region.now).checks.first else {
      throw SimulationError("nothing is asked of \(device.name)")
    }
    return try bring(device.open().answer(to: check, now: region.now), device)
  }

  func bring(_ change: Frame.DutyChange, _ device: SimulatedDevice) throws -> Frame.Failure? {
    let identity = try device.open().identity
    let answer = try region.network.node(identity.address.handle).answer(
      to: .dutyChange(change), from: .device(identity.device, inboxPosition: device.open().inboxPosition))
    if case .failure(let failure) = answer { return failure }
    return nil
  }
}

@Suite("Communication checks")
struct ComCheckTests {
  /// The figures of this test are also the report that is shown: `LIAISON_COMCHECK_REPORT=FOLDER` writes it there.
  @Test("of nineteen countries tell who was not reached from who did not respond, and count as no messages")
  func nineteen() throws {
    let seed: UInt64 = 19
    let names = (0..<19).map { "x\(Character(UnicodeScalar(UInt8(ascii: "a") + UInt8($0))))" }
    let scene = try CheckedRegion(seed: seed, handles: names)
    let region = scene.region
    let (offline, silent) = (["xf", "xk", "xr"], ["xd", "xm"])
    for name in offline {
      let node = try scene.node(name)
      node.isLost = true
      node.crash()
    }
    // In one country the holder resigned, so that the alternate is asked; one has no duty officer at all.
    try scene.define("xg", holders: [], alternate: "ana")
    try scene.define("xp", holders: [])
    region.run(milliseconds: 5000)
    let figuresBefore = try scene.figures()
    #expect(try scene.start() == nil)
    region.run(milliseconds: 60_000)
    #expect(try scene.outcome().rows.count == 19)
    #expect(try scene.outcome().deliveredCount == 16, "seed \(seed)")
    #expect(try scene.row("xf").state == .onTheWay)
    #expect(try scene.row("xd").state == .waiting)
    #expect(try scene.officer("xg").open().waitingDuties(now: region.now).checks.isEmpty)
    // People answer when they do, one of them while their country is cut off.
    var wait: [String: UInt64] = [:]
    for name in names where !(offline + silent + ["xp"]).contains(name) {
      wait[name] = UInt64.random(in: 20_000...900_000, using: &region.network.random)
    }
    wait["xe"] = 300_000
    for (name, milliseconds) in wait.sorted(by: { $0.key < $1.key }) {
      let handle = try Handle(name)
      let device = try scene.officer(name, second: name == "xg")
      region.network.after(milliseconds: milliseconds) {
        do {
          if name == "xe" { region.network.partition(try Handle("xa"), handle) }
          #expect(try scene.acknowledge(device) == nil, "\(name), seed \(seed)")
        } catch { Issue.record("\(name), seed \(seed): \(error)") }
      }
    }
    region.run(milliseconds: 400_000)
    #expect(try scene.row("xe").state == .waiting)
    region.network.heal(try Handle("xa"), try Handle("xe"))
    region.run(milliseconds: 1_500_000)
    let outcome = try scene.outcome()
    #expect(outcome.isOver)
    #expect(region.findings.isEmpty, "\(region.findings)")
    for row in outcome.rows {
      let name = row.country.description
      let expected: ComCheckOutcome.State =
        offline.contains(name)
        ? .notDelivered : silent.contains(name) ? .noResponse : name == "xp" ? .nobody : .acknowledged
      #expect(row.state == expected, "\(name), seed \(seed)")
      #expect((row.delivered == nil) == offline.contains(name), "\(name)")
      guard expected == .acknowledged else { continue }
      #expect(row.person?.description == (name == "xg" ? "ana@xg" : "nino@\(name)"))
      #expect(row.standing == (name == "xg" ? .alternate : .holders))
      // From the release on, with the minute that passed before the first was asked.
      let span = try #require(row.acknowledged)
      #expect(span >= 60_000 + wait[name]!, "\(name)")
      if name == "xe" { #expect(span >= 460_000) } else { #expect(span < 60_000 + wait[name]! + 5_000, "\(name)") }
    }
    #expect(outcome.deliveredCount == 16 && outcome.acknowledgedCount == 13)
    // It is in none of a node's figures, and nothing is left of it at whoever was asked.
    #expect(try scene.figures() == figuresBefore)
    #expect(try scene.officer("xd").open().waitingDuties(now: region.now).checks.isEmpty)
    if let folder = ProcessInfo.processInfo.environment["LIAISON_COMCHECK_REPORT"] {
      let text = outcome.table.map { $0.joined(separator: "\t") }.joined(separator: "\n") + "\n\(outcome.summary)\n"
      for (name, content) in [("comcheck.txt", text), ("comcheck.csv", outcome.csv), ("comcheck.svg", outcome.svg)] {
        try Data(content.utf8).write(to: URL(fileURLWithPath: folder).appendingPathComponent(name))
      }
    }
  }

  @Test("are started no more often than every ten minutes, of active peers only, and go on after a crash")
  func limits() throws {
    let scene = try CheckedRegion(seed: 3, handles: ["xa", "xb", "xc"])
    #expect(try scene.start(["xz"])?.reason == .unknown)
    #expect(try scene.start(within: 59_999)?.reason == .malformed)
    #expect(try scene.start(within: Limits.checkMillisecondsMax + 1)?.reason == .malformed)
    // One country is away when it is released, and the origin crashes before it is back.
    let (away, origin) = (try scene.node("xc"), try scene.node("xa"))
    away.crash()
    scene.region.run(milliseconds: 1000)
    #expect(try scene.start(within: 7_200_000) == nil)
    #expect(try scene.start()?.reason == .limit)
    scene.region.run(milliseconds: 5000)
    origin.crash()
    origin.start()
    away.start()
    scene.region.run(milliseconds: 70_000)
    #expect(try scene.outcome().rows.map(\.state) == [.waiting, .waiting, .waiting])
    // The answer is kept over a crash too, and counts once.
    origin.crash()
    #expect(try scene.acknowledge(scene.officer("xc")) == nil)
    away.crash()
    away.start()
    origin.start()
    scene.region.run(milliseconds: 70_000)
    #expect(try scene.row("xc").state == .acknowledged)
    let first = try scene.row("xc").acknowledged
    scene.region.run(milliseconds: Limits.checkIntervalMilliseconds)
    #expect(try scene.row("xc").acknowledged == first)
    for _ in 1..<Limits.openChecksMax {
      #expect(try scene.start(within: 7_200_000) == nil)
      scene.region.run(milliseconds: Limits.checkIntervalMilliseconds)
    }
    #expect(try scene.start(within: 7_200_000)?.reason == .limit)
    #expect(try scene.reports().map(\.number) == [4, 3, 2, 1])
    #expect(scene.region.findings.isEmpty, "\(scene.region.findings)")
  }

  @Test("of a hostile peer are refused: unsigned, of another, for another role, over, from the future, too many")
  func hostileOrigin() throws {
    let scene = try CheckedRegion(seed: 4, handles: ["xa", "xb", "xc"])
    let (origin, holder) = (try scene.node("xa"), try scene.node("xb"))
    let now = scene.region.now
    func check(
      _ byte: UInt8, by key: SigningKey<NodePurpose>? = nil, of country: String = "xa", from start: Timestamp? = nil
    ) throws -> Unverified<ComCheck> {
      let start = start ?? now
      return Signed(
        try ComCheck(
          nonce: [UInt8](repeating: byte, count: 16), origin: Handle(country),
          precedence: .flash, startedAt: start, answerBy: start.adding(milliseconds: 3_600_000)),
        by: key ?? origin.nodeKey
      ).unverified
    }
    // Its place is taken by whoever holds its key.
    origin.crash()
    scene.region.run(milliseconds: 1000)
    let peer = try LinkPeer.peer(Handle("xa"), dialledHere: false, clockDifferenceMilliseconds: 0)
    func send(_ check: Unverified<ComCheck>, role: String = "duty-officer@xb") throws -> Frame.Body {
      try holder.answer(to: .comCheck(check, role: Address(role)), from: peer)
    }
    func reason(_ body: Frame.Body) -> Frame.Failure.Reason? {
      if case .failure(let failure) = body { failure.reason } else { nil }
    }
    #expect(try reason(send(check(1, by: SigningKey()))) == .malformed)
    // One of another country, which signed it: a peer brings its own only.
    #expect(try reason(send(check(1, by: scene.node("xc").nodeKey, of: "xc"))) == .malformed)
    #expect(try reason(send(check(1), role: "nino@xb")) == .unknown)
    #expect(try reason(send(check(1, from: now.subtracting(milliseconds: 3_600_000)))) == .notPermitted)
    #expect(try reason(send(check(1, from: now.adding(milliseconds: 3_700_000)))) == .notPermitted)
    guard case .comCheckReceipt(let receipt) = try send(check(1)) else { throw SimulationError("no receipt") }
    // The same again changes nothing, and the next comes too soon, also with the same nonce.
    guard case .comCheckReceipt(let again) = try send(check(1)) else { throw SimulationError("no receipt") }
    #expect(again == receipt)
    #expect(try reason(send(check(1, from: now.adding(milliseconds: 1)))) == .limit)
    #expect(try reason(send(check(2))) == .limit)
    scene.region.run(milliseconds: 1000)
    #expect(try scene.officer("xb").open().waitingDuties(now: scene.region.now).checks.count == 1)
  }

  @Test("count no answer of who does not hold the role, of another device, to another check, or of another country")
  func hostileAnswers() throws {
    let scene = try CheckedRegion(seed: 5, handles: ["xa", "xb", "xc"])
    #expect(try scene.start() == nil)
    scene.region.run(milliseconds: 5000)
    let (nino, ana) = (try scene.officer("xb"), try scene.officer("xb", second: true))
    let report = try scene.reports()[0]
    let now = scene.region.now
    // At the person's own node.
    let identity = try ana.open().identity
    let role = try Address("duty-officer@xb")
    func answer(
      digest: [UInt8]? = nil, person: Address? = nil, by key: SigningKey<DeviceSignaturePurpose>? = nil
    ) throws -> Unverified<ComCheckAnswer> {
      Signed(
        ComCheckAnswer(
          checkDigest: digest ?? report.check.digest, role: role, person: person ?? identity.address,
          device: identity.device, answeredAt: now), by: key ?? identity.signatureKey
      ).unverified
    }
    #expect(try scene.bring(.answer(answer()), ana)?.reason == .notPermitted)
    #expect(try scene.bring(.answer(answer(person: nino.address)), ana)?.reason == .malformed)
    #expect(try scene.bring(.answer(answer(by: SigningKey())), ana)?.reason == .malformed)
    // At the origin, where the node of the person lies too.
    let node = try scene.node("xb")
    let card = try identity.memberCard
    func roleCard(_ holder: Address, by key: SigningKey<NodePurpose>? = nil) throws -> Unverified<RoleCard> {
      Signed(
        try RoleCard(
          address: role, duty: RoleCard.Duty(title: "Duty officer", holders: [holder]), serial: 9, issuedAt: now,
          expiresAt: now.adding(milliseconds: 1_000_000)), by: key ?? node.nodeKey
      ).unverified
    }
    let honest = try ProvenAnswer(answer: answer(), memberCard: card, roleCard: roleCard(identity.address))
    let lies: [(String, ProvenAnswer, from: String)] = [
      ("not the holder", try ProvenAnswer(answer: answer(), memberCard: card, roleCard: roleCard(nino.address)), "xb"),
      (
        "another device",
        try ProvenAnswer(answer: answer(by: SigningKey()), memberCard: card, roleCard: roleCard(identity.address)),
        "xb"
      ),
      (
        "a role card of nobody",
        try ProvenAnswer(answer: answer(), memberCard: card, roleCard: roleCard(identity.address, by: SigningKey())),
        "xb"
      ),
      (
        "another check",
        try ProvenAnswer(
          answer: answer(digest: [UInt8](repeating: 1, count: 32)), memberCard: card,
          roleCard: roleCard(identity.address)), "xb"
      ), ("by way of another country", honest, "xc"),
    ]
    // Their places are taken by whoever holds their keys.
    for name in ["xb", "xc"] { try scene.node(name).crash() }
    scene.region.run(milliseconds: 1000)
    let origin = try scene.node("xa")
    for (what, lie, country) in lies {
      let peer = try LinkPeer.peer(Handle(country), dialledHere: false, clockDifferenceMilliseconds: 0)
      _ = try? origin.answer(to: .comCheckAnswer(lie), from: peer)
      #expect(try scene.row("xb").state == .waiting, "\(what)")
      #expect(try scene.row("xc").state == .waiting, "\(what)")
    }
    let peer = try LinkPeer.peer(Handle("xb"), dialledHere: false, clockDifferenceMilliseconds: 0)
    _ = try? origin.answer(to: .comCheckAnswer(honest), from: peer)
    #expect(try scene.row("xb").person == identity.address)
    // Played again, and another one after it: the first counts.
    scene.region.run(milliseconds: 5000)
    let first = try scene.row("xb").acknowledged
    _ = try? origin.answer(to: .comCheckAnswer(honest), from: peer)
    #expect(try scene.row("xb").acknowledged == first)
    for name in ["xb", "xc"] { try scene.node(name).start() }
    scene.region.run(milliseconds: 70_000)
    #expect(try scene.acknowledge(nino) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.row("xb").acknowledged == first)
    #expect(try scene.row("xb").person == identity.address)
  }

  @Test("that come too late do not count, and of a country whose node knows no checks say so")
  func late() throws {
    let scene = try CheckedRegion(seed: 6, handles: ["xa", "xb"])
    let node = try scene.node("xb")
    // A node of before takes the question for one about a member.
    node.carriesFalsely = { frame in
      if case .comCheckReceipt = frame.body {
        return [Frame(request: frame.request, .directoryAnswer(Frame.DirectoryAnswer()))]
      }
      return [frame]
    }
    #expect(try scene.start(["xb"], within: 120_000) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.row("xb").state == .refused)
    #expect(try scene.row("xb").refusal?.contains("does not know") == true)
    node.carriesFalsely = nil
    scene.region.run(milliseconds: 60_000)
    #expect(try scene.row("xb").state == .waiting)
    let nino = try scene.officer("xb")
    let checks = try nino.open().waitingDuties(now: scene.region.now).checks
    let answer = try nino.open().answer(to: #require(checks.first), now: scene.region.now)
    scene.region.run(milliseconds: 120_000)
    #expect(try scene.bring(answer, nino)?.reason == .unknown)
    #expect(try scene.row("xb").state == .noResponse)
  }

  /// A node's signed check, as it makes one.
  private func check(
    of country: String, nonce: UInt8, in scene: CheckedRegion, within milliseconds: UInt64 = 1_800_000
  ) throws -> Unverified<ComCheck> {
    let node = try scene.node(country)
    return Signed(
      try ComCheck(
        nonce: [UInt8](repeating: nonce, count: 16), origin: node.handle, precedence: .immediate,
        startedAt: node.clock, answerBy: node.clock.adding(milliseconds: milliseconds)), by: node.nodeKey
    ).unverified
  }

  /// Brings a node another one's check, as the other one's link does; gives its receipt.
  private func bring(
    _ check: Unverified<ComCheck>, of country: String, to holder: String, in scene: CheckedRegion
  ) throws -> ComCheckReceipt? {
    let (origin, node) = (try scene.node(country), try scene.node(holder))
    let difference = origin.clockAheadMilliseconds - node.clockAheadMilliseconds
    let peer = LinkPeer.peer(origin.handle, dialledHere: false, clockDifferenceMilliseconds: difference)
    let answer = try node.answer(to: .comCheck(check, role: ComCheck.role(at: node.handle)), from: peer)
    if case .comCheckReceipt(let receipt) = answer { return try receipt.claim() }
    return nil
  }

  @Test("have names that no other origin's check has: who copies another's does not keep people from answering it")
  func names() throws {
    let scene = try CheckedRegion(seed: 7, handles: ["xa", "xb", "xc"])
    for name in ["xa", "xc"] { try scene.node(name).crash() }
    scene.region.run(milliseconds: 1000)
    let (honest, copy) = (try check(of: "xa", nonce: 1, in: scene), try check(of: "xc", nonce: 1, in: scene))
    #expect(honest.name != copy.name)
    for (country, check) in [("xc", copy), ("xa", honest)] {
      #expect(try bring(check, of: country, to: "xb", in: scene) != nil)
    }
    scene.region.run(milliseconds: 1000)
    let nino = try scene.officer("xb")
    let waiting = try nino.open().waitingDuties(now: scene.region.now).checks
    #expect(Set(waiting.map(\.unverified.name)) == [honest.name, copy.name])
    for signed in waiting {
      #expect(try scene.bring(nino.open().answer(to: signed, now: scene.region.now), nino) == nil)
    }
    scene.region.run(milliseconds: 1000)
    let rest = try nino.open().waitingDuties(now: scene.region.now).checks
    #expect(rest.isEmpty)
  }

  @Test("of a peer that may not look up everybody whom the role's card names find nobody on duty, and ask nobody")
  func policy() throws {
    let scene = try CheckedRegion(seed: 8, handles: ["xa", "xb"])
    var policy = PeerPolicy.initial
    policy.disciplines = [.physical]
    try scene.permit("xb", policy)
    #expect(try scene.start(["xb"]) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.row("xb").state == .nobody)
    let nino = try scene.officer("xb")
    #expect(try nino.open().waitingDuties(now: scene.region.now).checks.isEmpty)
    // Where the policy becomes one that forbids it, what was answered before does not go out either.
    try scene.permit("xb", .initial)
    scene.region.run(milliseconds: Limits.checkIntervalMilliseconds)
    #expect(try scene.start(["xb"]) == nil)
    scene.region.run(milliseconds: 5000)
    scene.region.network.partition(try Handle("xa"), try Handle("xb"))
    for check in try nino.open().waitingDuties(now: scene.region.now).checks {
      #expect(try scene.bring(nino.open().answer(to: check, now: scene.region.now), nino) == nil)
    }
    try scene.permit("xb", policy)
    scene.region.network.heal(try Handle("xa"), try Handle("xb"))
    scene.region.run(milliseconds: 120_000)
    #expect(try scene.row("xb").state == .waiting)
    try scene.permit("xb", .initial)
    scene.region.run(milliseconds: 120_000)
    #expect(try scene.row("xb").state == .acknowledged)
  }

  @Test("are asked for as long as the origin waits, whatever the clocks of the two nodes show")
  func clocks() throws {
    let scene = try CheckedRegion(seed: 9, handles: ["xa", "xb"])
    let node = try scene.node("xb")
    node.crash()
    node.clockAheadMilliseconds = 2_400_000
    node.start()
    scene.region.run(milliseconds: 10_000)
    #expect(try scene.start(["xb"], within: 1_800_000) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.row("xb").state == .waiting)
    #expect(try scene.acknowledge(scene.officer("xb")) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.row("xb").state == .acknowledged)
  }

  @Test("of a peer are taken again once a clock that was ahead is set back")
  func clockSetBack() throws {
    let scene = try CheckedRegion(seed: 10, handles: ["xa", "xb"])
    let node = try scene.node("xb")
    try scene.node("xa").crash()
    scene.region.run(milliseconds: 1000)
    node.clockAheadMilliseconds = 86_400_000
    #expect(try bring(check(of: "xa", nonce: 1, in: scene), of: "xa", to: "xb", in: scene) != nil)
    #expect(try bring(check(of: "xa", nonce: 2, in: scene), of: "xa", to: "xb", in: scene) == nil)
    node.clockAheadMilliseconds = 0
    #expect(try bring(check(of: "xa", nonce: 3, in: scene), of: "xa", to: "xb", in: scene) != nil)
  }

  @Test("whose answer is not taken are not answered again and again")
  func refusedAnswer() throws {
    let scene = try CheckedRegion(seed: 11, handles: ["xa", "xb"])
    let node = try scene.node("xb")
    var said = 0
    node.carriesFalsely = { frame in
      guard case .comCheckAnswer(var proven) = frame.body else { return [frame] }
      said += 1
      // Of another check, which nobody made.
      guard var claim = try? proven.answer.claim() else { return [] }
      claim.checkDigest[31] ^= 1
      proven.answer = Signed(claim, by: SigningKey()).unverified
      return [Frame(request: frame.request, .comCheckAnswer(proven))]
    }
    #expect(try scene.start(["xb"]) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.acknowledge(scene.officer("xb")) == nil)
    scene.region.run(milliseconds: 300_000)
    #expect(said == 1)
    #expect(try scene.row("xb").state == .waiting)
  }

  @Test("go by the peer's own link alone: a bundle that holds one is at fault")
  func bundles() throws {
    let scene = try CheckedRegion(seed: 12, handles: ["xa", "xb"])
    let check = try check(of: "xa", nonce: 1, in: scene)
    let frame = Frame(request: 1, .comCheck(check, role: ComCheck.role(at: try Handle("xb"))))
    let answer = try scene.node("xb").administer(
      .bundle(.take([BundledFrame(sequence: 0, frame)], from: Handle("xa"))))
    guard case .bundle(.taken(let tally)) = answer else { throw SimulationError("\(answer)") }
    #expect(tally.fault?.contains("own link") == true)
    scene.region.run(milliseconds: 1000)
    #expect(try scene.officer("xb").open().waitingDuties(now: scene.region.now).checks.isEmpty)
  }

  @Test("are reported as values and as a picture in which a hostile country's words are no formula and no markup")
  func hostileWords() throws {
    let scene = try CheckedRegion(seed: 13, handles: ["xa", "xb", "xc"])
    let words = "=HYPERLINK(\"x\"),\u{1b}[31m<script>&\r\nxz,acknowledged"
    try scene.node("xb").carriesFalsely = { frame in
      guard case .comCheckReceipt = frame.body else { return [frame] }
      return [Frame(request: frame.request, .failure(Frame.Failure(.notPermitted, words)))]
    }
    #expect(try scene.start() == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.acknowledge(scene.officer("xc")) == nil)
    scene.region.run(milliseconds: 5000)
    let outcome = try scene.outcome()
    let lines = outcome.csv.split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.count == 5 && lines.last == "" && lines[0].hasPrefix("exercise,check,origin,"))
    for line in lines[1...3] {
      #expect(line.hasPrefix("\(ComCheck.exercise),\(outcome.name),xa,immediate,"))
    }
    #expect(lines[2].hasSuffix("\"'=HYPERLINK(\"\"x\"\"),\\u{1B}[31m<script>&\\r\\nxz,acknowledged\""), "\(lines[2])")
    #expect(lines[3].contains(",duty-officer@xc,nino@xc,holders,"))
    let svg = outcome.svg
    #expect(svg.contains("&lt;script&gt;&amp;") && !svg.contains("<script") && !svg.contains("\u{1b}"))
    #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n") && svg.contains(ComCheck.exercise))
    #expect(svg.contains(">xc<") && svg.contains("nino"))
  }

  @Test("are listed with their figures, and without what others signed, so that a list fits one frame")
  func list() throws {
    let scene = try CheckedRegion(seed: 14, handles: ["xa", "xb"])
    #expect(try scene.start(["xb"]) == nil)
    scene.region.run(milliseconds: 5000)
    #expect(try scene.acknowledge(scene.officer("xb")) == nil)
    scene.region.run(milliseconds: 5000)
    let whole = try scene.report(1)
    #expect(whole.countries[0].receipt != nil && whole.countries[0].answer != nil)
    let listed = try #require(try scene.reports().first)
    #expect(listed.countries[0].receipt == nil && listed.countries[0].answer == nil)
    let (all, figures) = (
      ComCheckOutcome(whole, at: scene.region.now), ComCheckOutcome(listed, at: scene.region.now)
    )
    #expect(figures.deliveredCount == 1 && figures.acknowledgedCount == 1 && figures.summary == all.summary)
    // As it goes to an administrator.
    let sent = try ComCheckOutcome(AdminComCheck(listed), at: scene.region.now)
    #expect(sent.summary == all.summary && sent.name == whole.check.name)
  }
}
