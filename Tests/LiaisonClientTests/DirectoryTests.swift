import Crypto
import LiaisonClient
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import SimulationKit
import TLSPresentation
import Testing

/// Red team: what a professional's own machine sees of nodes that lie.
@Suite("A member's own entry in the directory")
struct OwnEntryTests {
  private let region: SimulationKit.Region
  private let ana: SimulatedDevice

  init() throws {
    region = try SimulationKit.Region(seed: 71, handles: ["xa", "xb"])
    let ana = try region.enrol("ana@xa")
    #expect(region.run { ana.isIdle })
    self.ana = ana
  }

  private func reconnect(_ device: SimulatedDevice) {
    device.isOffline = true
    region.run(milliseconds: 2_000)
    device.isOffline = false
    region.run(milliseconds: 5_000)
  }

  private func alarms(_ device: SimulatedDevice) throws -> [DirectoryAlarm] {
    try device.open().directoryAlarms(now: region.now)
  }

  private func node() throws -> SimulatedNode { try region.network.node("xa") }

  private func ask(_ body: Frame.Body) throws -> Frame.Body {
    try node().answer(
      to: body, from: .device(ana.open().identity.device, inboxPosition: ana.open().inboxPosition))
  }

  @Test("raises an alarm on a machine that the node added silently, until the person says what it is")
  func silentDevice() throws {
    #expect(try alarms(ana).isEmpty)
    let silent = try region.enrol("ana@xa")
    #expect(region.run { silent.isIdle })
    reconnect(ana)
    let device = try silent.open().identity.device
    guard case .unknownDevice(device, since: _)? = try alarms(ana).first else {
      Issue.record("no alarm: \(try alarms(ana))")
      return
    }
    // Again and again, also after it has restarted.
    ana.crash()
    region.run(milliseconds: 20_000)
    #expect(try alarms(ana).count == 1)
    #expect(throws: ClientError.self) { try ana.open().acceptDevice("0000", now: region.now) }
    _ = try ana.open().acceptDevice(String(device.description.prefix(8)), now: region.now)
    #expect(try alarms(ana).isEmpty)
    reconnect(ana)
    #expect(try alarms(ana).isEmpty)
  }

  @Test("is quiet about a machine that another machine of the person brought in, on each of them")
  func ownDevice() throws {
    let second = try region.enrol(invitedBy: ana)
    #expect(region.run { second.isIdle })
    let third = try region.enrol(invitedBy: second)
    #expect(region.run { third.isIdle })
    for device in [ana, second, third] { reconnect(device) }
    for device in [ana, second, third] { #expect(try alarms(device).isEmpty, "\(device.name)") }
    // The first one learns of the third, of which it knows the second alone.
    #expect(try ana.open().devices.count == 3)
  }

  @Test("is no alarm any more once the person has had the machine removed")
  func removed() throws {
    let silent = try region.enrol("ana@xa")
    #expect(region.run { silent.isIdle })
    reconnect(ana)
    #expect(try alarms(ana).count == 1)
    let device = try silent.open().identity.device
    try ana.act { _ = try $0.removeDevice(device, now: $1) }
    #expect(try ask(.deviceRemove(device)) == .done)
    reconnect(ana)
    #expect(try alarms(ana).isEmpty)
  }

  @Test("is an alarm again where the node keeps the machine that the person removed")
  func kept() throws {
    let silent = try region.enrol("ana@xa")
    #expect(region.run { silent.isIdle })
    reconnect(ana)
    let device = try silent.open().identity.device
    // The node says that it is done, and does nothing.
    try ana.act { _ = try $0.removeDevice(device, now: $1) }
    #expect(try alarms(ana).isEmpty)
    region.run(milliseconds: OwnEntryTests.removalMilliseconds)
    reconnect(ana)
    guard case .removedDevice(device, since: _)? = try alarms(ana).first else {
      Issue.record("no alarm: \(try alarms(ana))")
      return
    }
    // Done in earnest, it is settled.
    try ana.act { _ = try $0.removeDevice(device, now: $1) }
    #expect(try ask(.deviceRemove(device)) == .done)
    region.run(milliseconds: OwnEntryTests.removalMilliseconds)
    reconnect(ana)
    #expect(try alarms(ana).isEmpty)
  }

  /// More than a node has to take a machine off the card.
  private static let removalMilliseconds: UInt64 = 11 * 60_000

  @Test(
    "raises an alarm on a machine that was removed and is listed again, whoever brought it in",
    arguments: [true, false])
  func listedAgain(isRemovedHere: Bool) throws {
    let second = try region.enrol(invitedBy: ana)
    #expect(region.run { second.isIdle })
    let third = try region.enrol(invitedBy: ana)
    #expect(region.run { third.isIdle })
    for device in [ana, second, third] { reconnect(device) }
    #expect(try alarms(ana).isEmpty && alarms(third).isEmpty)
    let (lost, card) = (try second.open().identity.device, try second.open().identity.memberCard.claim())
    second.isOffline = true
    // On the machine that removes it, and on another one, which sees a card without it.
    try ana.act { _ = try $0.removeDevice(lost, now: $1) }
    #expect(try ask(.deviceRemove(lost)) == .done)
    let watcher: SimulatedDevice = isRemovedHere ? ana : third
    for device in [ana, third] { reconnect(device) }
    #expect(try alarms(watcher).isEmpty)
    // Whoever has the node lists it again, in a directory that begins anew.
    let now = region.now
    let devices = try watcher.open().identity.memberCard.claim().devices + card.devices.filter { $0.identifier == lost }
    let again = Signed(
      try MemberCard(
        address: card.address, name: card.name, discipline: card.discipline, role: card.role, devices: devices,
        serial: 1_000, issuedAt: now, expiresAt: card.expiresAt), by: try node().nodeKey)
    let record = DirectoryRecord(card.address, entry: DirectoryEntry.card(again.unverified).tlsEncoded)
    let head = DirectoryHead(
      handle: try node().handle, beganAt: now, size: 1, root: Array(SHA256.hash(data: [0] + record.tlsEncoded)),
      signedAt: now)
    try watcher.open().take(
      Frame.DirectoryAnswer(
        cards: [again.unverified], head: Signed(head, by: node().nodeKey).unverified,
        inclusions: [DirectoryInclusion(index: 0, path: [])]), now: now)
    guard case .removedDevice(lost, since: now)? = try alarms(watcher).first(where: { $0.kind == "removed-device" })
    else {
      Issue.record("no alarm: \(try alarms(watcher))")
      return
    }
  }

  /// What the node has logged since Ana's machine read it, and a session in which she is given it.
  private func withSilentEntry() throws -> (part: Frame.DirectoryRecords, entries: [[UInt8]]) {
    ana.isOffline = true
    let silent = try region.enrol("ana@xa")
    #expect(region.run { silent.isIdle })
    guard
      case .directoryRecords(let first) = try ask(
        .directoryRecordsRequest(beganAt: Timestamp(milliseconds: 0), from: 0)),
      case .directoryRecords(let rest) = try ask(
        .directoryRecordsRequest(beganAt: try first.head.claim().beganAt, from: 1)),
      case .directoryEntries(let entries) = try ask(.directoryEntriesRequest([1]))
    else { throw SimulationError("no records") }
    return (rest, entries)
  }

  /// Entries that are asked for in this turn.
  private func asked(_ turn: Session.Turn) -> Work.Key? {
    turn.steps.lazy.compactMap { step in
      if case .ask(let work) = step, case .directoryEntries = work.key { work.key } else { nil }
    }.first
  }

  @Test("stays an alarm as long as the node withholds an entry about the person, and is asked for again and again")
  func withheld() throws {
    let (part, entries) = try withSilentEntry()
    let engine = try ana.open()
    let size = try part.head.claim().size
    for attempt in 0..<3 {
      // One connection after the other: the log reads well, and the entry does not come.
      var session = Session(engine: engine, position: try engine.inboxPosition)
      let records = attempt == 0 ? part : Frame.DirectoryRecords(head: part.head, from: size, records: [])
      session.answered(.directoryRecords, with: .directoryRecords(records))
      let key = try #require(asked(try session.next(now: region.now)), "connection \(attempt) does not ask")
      let answer: Frame.Body =
        attempt == 1 ? .failure(Frame.Failure(.notPermitted, "no")) : .directoryEntries([[1, 2, 3]])
      session.answered(key, with: answer)
      let turn = try session.next(now: region.now)
      #expect(asked(turn) == nil, "it is asked for without a pause")
      #expect(try alarms(ana).contains { $0.kind == "own-node" }, "connection \(attempt)")
    }
    var session = Session(engine: engine, position: try engine.inboxPosition)
    let key = try #require(asked(try session.next(now: region.now)))
    session.answered(key, with: .directoryEntries(entries))
    session.answered(.ownDevices, with: .devices([]))
    _ = try session.next(now: region.now)
    #expect(try alarms(ana).map(\.kind) == ["unknown-device"])
  }

  @Test("is asked for again without an alarm where the node cannot show an entry now")
  func passing() throws {
    let (part, _) = try withSilentEntry()
    let engine = try ana.open()
    var session = Session(engine: engine, position: try engine.inboxPosition)
    session.answered(.directoryRecords, with: .directoryRecords(part))
    let key = try #require(asked(try session.next(now: region.now)))
    session.answered(key, with: .failure(Frame.Failure(.later, "not now")))
    _ = try session.next(now: region.now)
    #expect(try alarms(ana).isEmpty)
    #expect(asked(try session.next(now: region.now.adding(milliseconds: 60_000))) == key)
    ana.isOffline = false
    region.run(milliseconds: 10_000)
    #expect(try alarms(ana).map(\.kind) == ["unknown-device"])
  }

  @Test("is read to the end also where there are more entries about the person than are looked at at once")
  func many() throws {
    ana.isOffline = true
    let engine = try ana.open()
    let address = try ana.address
    let records = (0..<300).map { DirectoryRecord(address, entry: [UInt8($0 & 255), UInt8($0 >> 8)]) }
    let head = DirectoryHead(
      handle: try node().handle, beganAt: region.now, size: 300, root: [UInt8](repeating: 1, count: 32),
      signedAt: region.now)
    var session = Session(engine: engine, position: try engine.inboxPosition)
    session.answered(
      .directoryRecords,
      with: .directoryRecords(
        Frame.DirectoryRecords(head: try Signed(head, by: node().nodeKey).unverified, from: 0, records: records)))
    guard case .directoryEntries(let indices)? = asked(try session.next(now: region.now)) else {
      Issue.record("none of them is looked at")
      return
    }
    #expect(indices.first == 0)
    #expect(try !alarms(ana).contains { $0.kind == "own-node" })
  }

  @Test("is an alarm where the node lets the machine read its directory to the end on no connection of a day")
  func unread() throws {
    ana.isOffline = true
    let engine = try ana.open()
    for hours in [UInt64(0), 8, 16, 25] {
      #expect(try alarms(ana).isEmpty)
      let now = region.now.adding(milliseconds: hours * 3_600_000)
      var session = Session(engine: engine, position: try engine.inboxPosition)
      _ = try session.next(now: now)
      session.answered(.directoryRecords, with: .failure(Frame.Failure(.later, "not now")))
      _ = try session.next(now: now)
    }
    #expect(try alarms(ana).map(\.kind) == ["own-node"])
    ana.isOffline = false
    region.run(milliseconds: 5_000)
    #expect(try alarms(ana).isEmpty)
  }

  @Test("is missed where the node leaves it out of what it shows, or shows what it did not sign for")
  func leftOut() throws {
    guard
      case .directoryRecords(let first) = try ask(
        .directoryRecordsRequest(beganAt: Timestamp(milliseconds: 0), from: 0))
    else { throw SimulationError("no records") }
    let silent = try region.enrol("ana@xa")
    let other = try region.enrol("luka@xa")
    #expect(region.run { silent.isIdle && other.isIdle })
    guard
      case .directoryRecords(let rest) = try ask(
        .directoryRecordsRequest(beganAt: try first.head.claim().beganAt, from: 1))
    else { throw SimulationError("no records") }
    #expect(rest.records.count == 2)
    var parts: [Frame.DirectoryRecords] = []
    // The silent machine's entry, under another's tag; without it; another's head; nothing more.
    let disguised = DirectoryRecord(try Address("nobody@xa"), entry: [1])
    parts.append(Frame.DirectoryRecords(head: rest.head, from: 1, records: [disguised, rest.records[1]]))
    parts.append(Frame.DirectoryRecords(head: rest.head, from: 2, records: [rest.records[1]]))
    parts.append(Frame.DirectoryRecords(head: rest.head, from: 1, records: []))
    let stranger = Signed(try rest.head.claim(), by: SigningKey<NodePurpose>()).unverified
    parts.append(Frame.DirectoryRecords(head: stranger, from: 1, records: rest.records))
    parts.append(Frame.DirectoryRecords(head: first.head, from: 1, records: rest.records))
    for (number, part) in parts.enumerated() {
      var session = Session(engine: try ana.open(), position: try ana.open().inboxPosition)
      session.answered(.directoryRecords, with: .directoryRecords(part))
      _ = try session.next(now: region.now)
      guard case .ownNode? = try alarms(ana).first(where: { $0.kind == "own-node" }) else {
        Issue.record("part \(number) was believed")
        continue
      }
      // What is true settles it.
      reconnect(ana)
      #expect(try !alarms(ana).contains { $0.kind == "own-node" }, "part \(number)")
    }
    #expect(try alarms(ana).contains { $0.kind == "unknown-device" })
  }

  @Test("is held against what a colleague was shown, past both nodes")
  func shownByColleague() throws {
    let bo = try #require(try region.network.enrol(["bo@xb"]).first)
    let room = try bo.createRoom()
    bo.add(try ana.address, to: room)
    #expect(region.run { (try? ana.open().rooms().isEmpty) == false && bo.isIdle })
    let xa = try node()
    guard case .directory(let status) = try xa.administer(.directory) else { throw SimulationError("no status") }
    // What the node of xa shows in xb, as long as what it shows ana, and something else.
    var forged = status.own.content
    forged.root = [UInt8](repeating: 7, count: 32)
    let shown = Signed(forged, by: xa.nodeKey).unverified
    let honest = ShownHeads([status.own.unverified]).tlsEncoded
    for data in [honest, [1, 2, 3], ShownHeads([Signed(forged, by: SigningKey()).unverified]).tlsEncoded] {
      try bo.send("nothing new", to: room, authenticatedData: data)
      region.run(milliseconds: 5_000)
      #expect(try alarms(ana).isEmpty)
    }
    try bo.send("what is this", to: room, authenticatedData: ShownHeads([shown]).tlsEncoded)
    region.run(milliseconds: 5_000)
    guard case .twoDirectories(xa.handle, let evidence)? = try alarms(ana).first else {
      Issue.record("no alarm: \(try alarms(ana))")
      return
    }
    #expect(try evidence.first?.verified(by: xa.card).kind == .twoRoots)
  }

  @Test("of a colleague is where a machine is looked for that their node gives them in rooms alone")
  func roomOnly() throws {
    let bo = try #require(try region.network.enrol(["bo@xb"]).first)
    let xb = try region.network.node("xb")
    let first = try bo.createRoom()
    bo.add(try ana.address, to: first)
    #expect(region.run { (try? ana.open().rooms().count) == 1 && bo.isIdle && ana.isIdle })
    region.run(milliseconds: 5_000)
    #expect(try alarms(ana).isEmpty)
    let silent = MemberCard.Device(
      identifier: DeviceIdentifier(using: &region.network.random), signatureKey: SigningKey().publicKey)
    let devices = try #require(try ana.open().contact(bo.address)?.card.devices)
    let forged = Signed(
      try MemberCard(
        address: bo.address, name: "Bo", discipline: .cyber, role: "", devices: devices + [silent], serial: 9,
        issuedAt: region.now.subtracting(milliseconds: 60_000), expiresAt: region.now.adding(milliseconds: 86_400_000)),
      by: xb.nodeKey)
    bo.present(forged.unverified)
    let second = try bo.createRoom()
    bo.add(try ana.address, to: second)
    #expect(region.run { (try? ana.open().rooms().count) == 2 && bo.isIdle })
    region.run(milliseconds: 10_000)
    guard case .fault(xb.handle, let text, _)? = try alarms(ana).first else {
      Issue.record("no alarm: \(try alarms(ana))")
      return
    }
    #expect(text.contains("in a room that is not in its directory"))
    // The card that it was is not proven, and is looked up before anything is sent to it.
    #expect(try ana.open().contact(bo.address)?.card.devices.count == 2)
    #expect(try !ana.open().isProven(bo.address))
  }

  @Test("a colleague's answer is kept only with its proof, under a head that goes on from the last one")
  func answers() throws {
    let bo = try region.enrol("bo@xb")
    #expect(region.run { bo.isIdle })
    let xb = try region.network.node("xb")
    let asker = LinkPeer.device(try bo.open().identity.device, inboxPosition: try bo.open().inboxPosition)
    guard case .directoryAnswer(let found) = try xb.answer(to: .directoryQuery(.address(bo.address)), from: asker)
    else { throw SimulationError("no answer") }
    reconnect(ana)
    let engine = try ana.open()
    #expect { try engine.take(Frame.DirectoryAnswer(cards: found.cards), now: region.now) } throws: {
      ($0 as? ClientError)?.code == "directory-unproven"
    }
    #expect(try engine.contact(bo.address) == nil)
    try engine.take(found, now: region.now)
    #expect(try engine.contact(bo.address) != nil)
    // A longer one, of which the country does not show that it goes on from this one.
    var forged = try #require(try found.head?.claim())
    forged.size += 1
    let session = Frame.Peer(
      nodeCard: xb.card.unverified, isActive: true, isLinked: true,
      directoryHead: Signed(forged, by: xb.nodeKey).unverified)
    var told = Session(engine: engine, position: try engine.inboxPosition)
    told.answered(.peers, with: .peers([session]))
    let turn = try told.next(now: region.now)
    let question = try #require(
      turn.steps.lazy.compactMap { step -> Work? in
        if case .ask(let work) = step, case .directoryContinuation = work.key { work } else { nil }
      }.first)
    told.answered(question.key, with: .failure(Frame.Failure(.unknown, "no")))
    _ = try told.next(now: region.now)
    #expect(try alarms(ana).contains { $0.kind == "fault" })
  }

  /// What `xb` shows, signed with its key, and ana's session with her own node.
  private func show(_ log: LyingDirectory, to session: inout Session) throws -> Work? {
    let peer = Frame.Peer(
      nodeCard: log.mask.card.unverified, isActive: true, isLinked: true, directoryHead: log.head(signedAt: region.now))
    session.answered(.peers, with: .peers([peer]))
    return try question(&session)
  }

  private func question(_ session: inout Session, after milliseconds: UInt64 = 0) throws -> Work? {
    let turn = try session.next(now: region.now.adding(milliseconds: milliseconds))
    return turn.steps.lazy.compactMap { step -> Work? in
      if case .ask(let work) = step, case .directoryContinuation = work.key { work } else { nil }
    }.first
  }

  @Test("a country's head that waits while another one of its length is taken proves the lie")
  func whileWaiting() throws {
    let bo = try region.enrol("bo@xb")
    #expect(region.run { bo.isIdle })
    let xb = try region.network.node("xb")
    var log = LyingDirectory(xb, beganAt: region.now.adding(milliseconds: 1_000))
    region.run(milliseconds: 2_000)
    ana.isOffline = true
    region.run(milliseconds: 2_000)
    let engine = try ana.open()
    var session = Session(engine: engine, position: try engine.inboxPosition)
    try log.add("vera", in: region.network)
    #expect(try show(log, to: &session) == nil)
    var other = log
    for _ in 0..<2 { try log.add("vera", in: region.network) }
    for _ in 0..<2 { try other.add("vera", in: region.network) }
    let asked = try #require(try show(log, to: &session))
    _ = try show(other, to: &session)
    session.answered(asked.key, with: .directoryContinuation(try log.continuation(from: 1)))
    _ = try session.next(now: region.now)
    let state = try #require(try engine.directoryStates.first { $0.handle == xb.handle })
    #expect(state.head?.size == 3)
    #expect(try state.evidence.first?.verified(by: xb.card).kind == .twoRoots)
  }

  @Test(
    "a country that says for a day that it cannot say how its directory goes on raises an alarm, and is asked again")
  func neverAble() throws {
    let bo = try region.enrol("bo@xb")
    #expect(region.run { bo.isIdle })
    let xb = try region.network.node("xb")
    let asker = LinkPeer.device(try bo.open().identity.device, inboxPosition: try bo.open().inboxPosition)
    guard case .directoryAnswer(let found) = try xb.answer(to: .directoryQuery(.address(bo.address)), from: asker)
    else { throw SimulationError("no answer") }
    var log = LyingDirectory(xb, beganAt: region.now.adding(milliseconds: 1_000))
    region.run(milliseconds: 2_000)
    ana.isOffline = true
    region.run(milliseconds: 2_000)
    let engine = try ana.open()
    try engine.take(found, now: region.now)
    var session = Session(engine: engine, position: try engine.inboxPosition)
    try log.add("vera", in: region.network)
    #expect(try show(log, to: &session) == nil)
    try log.add("vera", in: region.network)
    let asked = try #require(try show(log, to: &session))
    session.answered(asked.key, with: .failure(Frame.Failure(.unavailable, "not now")))
    #expect(try question(&session) == nil)
    let again = try #require(try question(&session, after: 60_000))
    session.answered(again.key, with: .failure(Frame.Failure(.unavailable, "not now")))
    let later = region.now.adding(milliseconds: Limits.directoryUnansweredMilliseconds)
    #expect(try !engine.directoryAlarms(now: region.now).contains { $0.kind == "fault" })
    _ = try session.next(now: later)
    guard case .fault(xb.handle, let text, _)? = try engine.directoryAlarms(now: later).first else {
      Issue.record("no alarm: \(try engine.directoryAlarms(now: later))")
      return
    }
    #expect(text.contains("has not said for a day"))
  }
}
