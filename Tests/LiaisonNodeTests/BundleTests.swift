import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Testing

@Suite("Bundles between nodes")
struct BundleTests {
  /// Two nodes that never have a link, each with a device.
  private func apart(seed: UInt64) throws -> (region: Region, devices: [PlayedDevice]) {
    let region = Region(seed: seed)
    try region.addNodes(["xa", "xb"])
    region.partition(try Handle("xa"), try Handle("xb"))
    return (region, try region.enrol(["nino@xa", "vera@xb"]))
  }

  /// Bundles go to and fro until a condition holds.
  private func exchange(_ region: Region, times: Int = 12, until condition: () -> Bool) throws {
    for _ in 0..<times where !condition() {
      try region.carry(from: "xa", to: "xb")
      region.run(milliseconds: 40_000)
      try region.carry(from: "xb", to: "xa")
      region.run(milliseconds: 40_000)
    }
    try #require(condition())
  }

  private func texts(_ device: PlayedDevice, in room: RoomIdentifier) -> [String] {
    device.read.filter { $0.room == room }.map(\.text)
  }

  private func room(_ region: Region, _ devices: [PlayedDevice]) throws -> RoomIdentifier {
    let room = try devices[0].createRoom()
    devices[0].add(devices[1].address, to: room)
    try exchange(region) { devices.allSatisfy { $0.agreement(in: room)?.epoch == 1 } }
    return room
  }

  @Test("two nodes that never have a link make a room, talk and give receipts by bundles alone")
  func alone() throws {
    let (region, devices) = try apart(seed: 301)
    let room = try room(region, devices)
    for text in ["one", "two", "three"] { _ = try devices[0].send(text, to: room) }
    _ = try devices[1].send("back", to: room)
    try exchange(region) { texts(devices[1], in: room).count == 3 && texts(devices[0], in: room) == ["back"] }
    #expect(texts(devices[1], in: room) == ["one", "two", "three"])
    // And the receipts for all of it.
    try exchange(region, times: 2) { (try? queued(region)) == [0, 0] }
    #expect(try region.node("xa").count(.receipts) >= 4)
    #expect(try region.node("xb").count(.receipts) >= 1)
    // The hub is xa: a commit of xb's device goes there in a bundle, and comes back in one.
    devices[1].refresh(room)
    try exchange(region) { devices.allSatisfy { $0.agreement(in: room)?.epoch == 2 } }
    #expect(devices[0].agreement(in: room)?.authenticator == devices[1].agreement(in: room)?.authenticator)
    #expect(try region.node("xa").errors.isEmpty && region.node("xb").errors.isEmpty)
  }

  private func queued(_ region: Region) throws -> [Int] {
    try ["xa", "xb"].map { name in
      guard case .status(let status) = try region.node(name).administer(.status) else { return -1 }
      return status.counts.queued
    }
  }

  @Test("bundles that are repeated, old, out of order or cut short change nothing twice")
  func repeated() throws {
    let (region, devices) = try apart(seed: 302)
    let room = try room(region, devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    _ = try devices[0].send("first", to: room)
    region.run(milliseconds: 1000)
    let old = try region.bundle(from: xa, to: xb.handle)
    _ = try devices[0].send("second", to: room)
    region.run(milliseconds: 1000)
    let new = try region.bundle(from: xa, to: xb.handle)
    // Interrupted after the first envelope, then whole, then what was made before, and both once more.
    let envelopes = new.records.indices.filter { new.records[$0].sequence == 0 }
    // Before them, what was taken, and the heads of directories.
    let first = try #require(envelopes.dropFirst(2).first)
    #expect(try region.take(new, at: xb, first: first + 1).messages == 1)
    let rest = try region.take(new, at: xb)
    #expect(rest.messages == new.tally.messages - 1)
    #expect(rest.repeated == 1)
    for again in [old, new, old] {
      let tally = try region.take(again, at: xb)
      #expect(tally.messages == 0 && tally.receipts == 0 && tally.answers == 0)
      #expect(tally.repeated == again.tally.messages)
    }
    region.run(milliseconds: 10_000)
    #expect(texts(devices[1], in: room) == ["first", "second"])
    // One receipt each, however often they came.
    #expect(try region.bundle(from: xb, to: xa.handle).tally.receipts == new.tally.messages)
  }

  @Test("what comes by a bundle and by a link is seen once, and its receipt goes either way")
  func mixed() throws {
    let (region, devices) = try apart(seed: 303)
    let room = try room(region, devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    _ = try devices[0].send("by hand", to: room)
    region.run(milliseconds: 1000)
    let bundle = try region.bundle(from: xa, to: xb.handle)
    #expect(try region.take(bundle, at: xb).messages == bundle.tally.messages)
    // The receipt that waited for a bundle goes on the link, and what waits is sent there.
    _ = try devices[0].send("by link", to: room)
    region.heal(xa.handle, xb.handle)
    #expect(region.run(atMostMilliseconds: 120_000) { texts(devices[1], in: room).count == 2 })
    #expect(region.run(atMostMilliseconds: 60_000) { (try? queued(region)) == [0, 0] })
    #expect(try region.take(bundle, at: xb).messages == 0)
    region.run(milliseconds: 10_000)
    #expect(texts(devices[1], in: room) == ["by hand", "by link"])
    #expect(try region.bundle(from: xb, to: xa.handle).tally.receipts == 0)
  }

  @Test("questions are asked once, answered once, and a failure is an answer")
  func questions() throws {
    let (region, devices) = try apart(seed: 304)
    // From the first bundle of a peer on, what its link does not bring is asked for by bundle.
    _ = try region.carry(from: "xb", to: "xa")
    var failures: [Frame.Failure] = []
    var cards: [Unverified<MemberCard>] = []
    func ask(_ address: String) throws {
      devices[0].request(
        .directoryQuery(.address(try Address(address))), onFailure: { failures.append($0) },
        then: { if case .directoryAnswer(let found) = $0 { cards += found.cards } })
      region.run(milliseconds: 2000)
    }
    for _ in 0..<3 { try ask("vera@xb") }
    #expect(failures.count >= 3 && failures.allSatisfy { $0.reason == .unavailable })
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    let asked = try region.bundle(from: xa, to: xb.handle)
    #expect(asked.tally.questions == 1)
    #expect(try region.take(asked, at: xb).questions == 1)
    #expect(try region.take(asked, at: xb).old == 1)
    #expect(try region.carry(from: "xb", to: "xa").answers == 1)
    // The device, which goes on asking, gets what a bundle brought; so does who asks later.
    region.run(milliseconds: 5000)
    try ask("vera@xb")
    #expect(try cards.map { try $0.claim().address.description } == Array(repeating: "vera@xb", count: 4))
    // That there is no such member is an answer too, and not kept.
    try ask("nobody@xb")
    try region.carry(from: "xa", to: "xb")
    try region.carry(from: "xb", to: "xa")
    region.run(milliseconds: 5000)
    #expect(devices[0].isIdle)
    #expect(cards.count == 4)
    failures = []
    try ask("nobody@xb")
    #expect(failures.contains { $0.reason == .unavailable })
    #expect(try region.bundle(from: xa, to: xb.handle).tally.questions == 1)
  }

  @Test("a node that was restored from a backup asks under new numbers, and is answered")
  func restored() throws {
    let (region, devices) = try apart(seed: 305)
    let xa = try region.node("xa")
    let backup = try xa.backUp()
    let room = try room(region, devices)
    _ = room
    try xa.restore(backup)
    region.run(milliseconds: 5000)
    var cards = 0
    func ask() {
      devices[0].request(
        .directoryQuery(.address(devices[1].address)), onFailure: { _ in },
        then: { if case .directoryAnswer(let found) = $0 { cards += found.cards.count } })
      region.run(milliseconds: 5000)
    }
    ask()
    try exchange(region, times: 2) {
      ask()
      return cards > 0
    }
  }

  @Test("nothing is made for or taken from who is not an active peer, and no link is made where only bundles go")
  func policy() throws {
    let (region, _) = try apart(seed: 306)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    let bundle = try region.bundle(from: xa, to: xb.handle)
    xb.trust(PeerTable([PeerTable.Peer(card: xa.card, standing: .suspended)]))
    region.run(milliseconds: 1000)
    #expect(throws: Frame.Failure.self) { try region.take(bundle, at: xb) }
    #expect(throws: Frame.Failure.self) { try region.bundle(from: xb, to: xa.handle) }
    var policy = xb.peers[xa.handle]?.policy ?? .initial
    policy.way = .hand
    xb.trust(PeerTable([PeerTable.Peer(card: xa.card, standing: .active, policy: policy)]))
    region.heal(xa.handle, xb.handle)
    region.run(milliseconds: 180_000)
    #expect(xb.linkedPeers == 0)
    policy.way = .link
    xb.trust(PeerTable([PeerTable.Peer(card: xa.card, standing: .active, policy: policy)]))
    #expect(region.run(atMostMilliseconds: 120_000) { xb.linkedPeers == 1 })
  }

  @Test("what no honest node writes ends the bundle, and what came before stays")
  func hostile() throws {
    let (region, devices) = try apart(seed: 307)
    let room = try room(region, devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    _ = try devices[0].send("true", to: room)
    region.run(milliseconds: 1000)
    let bundle = try region.bundle(from: xa, to: xb.handle)
    let foreign = try #require(bundle.records.last)
    guard case .deliver(let bytes) = try Frame(encoded: foreign.frame).body else {
      throw SimulationError("the last record is no envelope")
    }
    var envelope = try Envelope(tlsEncoded: bytes)
    envelope.origin = try Handle("xc")
    for bad in [
      BundledFrame(Frame(.deliver(envelope: envelope.tlsEncoded))), BundledFrame(Frame(.ping)),
      BundledFrame(sequence: .max, Frame(.bundleSeen(sequence: 0))),
    ] {
      guard
        case .taken(let tally) = try xb.bundle(
          .take([bad, BundledFrame(Frame(.deliver(envelope: bytes)))], from: xa.handle))
      else { throw SimulationError("no answer") }
      #expect(tally.fault != nil)
      #expect(tally.messages == 0)
    }
    // What it says to have seen is not believed where it cannot be.
    _ = try xb.bundle(.take([BundledFrame(Frame(.bundleSeen(sequence: .max)))], from: xa.handle))
    #expect(try region.take(bundle, at: xb).messages == bundle.tally.messages)
    #expect(try region.bundle(from: xb, to: xa.handle).tally.receipts > 0)
  }
}
