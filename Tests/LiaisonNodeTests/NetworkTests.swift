import Foundation
import LiaisonModel
import LiaisonNode
import NodeSimulation
import Testing

@Suite("A network of nodes")
struct NetworkTests {
  /// The seeds that the ordinary suite runs, `LIAISON_SEEDS` of them from `LIAISON_FIRST_SEED` on.
  static let seeds: [UInt64] = {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["LIAISON_FIRST_SEED"].flatMap { UInt64($0) } ?? 1
    let count = environment["LIAISON_SEEDS"].flatMap { UInt64($0) } ?? 8
    return Array(first..<first + max(count, 1))
  }()

  @Test("delivers every accepted message exactly once to everybody, whatever fails", arguments: seeds)
  func roughWeather(seed: UInt64) throws {
    let run = try RoughRun(seed: seed)
    try run.play()
    let findings = try run.findings()
    #expect(findings.isEmpty, "seed \(seed): \(findings.joined(separator: "\n"))")
  }

  @Test("delivers inside a country and across a border, with a receipt from the other side only")
  func quietWeather() throws {
    let region = Region(seed: 1)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let message = try devices[0].send("good morning", to: room)
    region.run(milliseconds: 2_000)
    #expect(devices[0].accepted == [message])
    for device in devices.dropFirst() { #expect(device.read.map(\.text) == ["good morning"]) }
    #expect(devices[0].read.isEmpty)
    #expect(devices[0].receipts[message] == [try Handle("xb")])
    #expect(devices.allSatisfy { $0.complaints.isEmpty })
  }

  @Test("keeps what is for a peer that is away, and delivers it when it comes")
  func away() throws {
    let region = Region(seed: 2)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    xb.crash()
    let message = try devices[0].send("are you there?", to: room)
    region.run(milliseconds: 3_600_000)
    region.leap(milliseconds: 30 * 86_400_000)
    region.run(milliseconds: 60_000)
    #expect(devices[0].accepted == [message])
    #expect(devices[0].receipts.isEmpty)
    guard case .queues(let queues) = try xa.administer(.queues) else { throw SimulationError("no queues") }
    #expect(queues.map(\.record.count) == [1])
    #expect(queues.allSatisfy { !$0.isLinked && $0.dialsAt != nil })
    xb.start()
    region.run(milliseconds: 5_000)
    #expect(devices[1].read.map(\.text) == ["are you there?"])
    #expect(devices[0].receipts[message] == [xb.handle])
  }

  @Test("tells the sender what was not taken within 90 days")
  func expiry() throws {
    let region = Region(seed: 3)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    try region.node("xb").crash()
    let message = try devices[0].send("too late", to: room)
    region.run(milliseconds: 2_000)
    region.leap(milliseconds: 89 * 86_400_000)
    region.run(milliseconds: 60_000)
    #expect(devices[0].undeliverable.isEmpty)
    region.leap(milliseconds: 86_400_000)
    region.run(milliseconds: 60_000)
    #expect(devices[0].undeliverable.map(\.message) == [message])
    #expect(devices[0].undeliverable.first?.at == (try Handle("xb")))
    #expect(devices[0].undeliverable.first?.failure.reason == .unavailable)
    try region.node("xb").start()
    region.run(milliseconds: 5_000)
    #expect(devices[1].read.isEmpty)
  }

  @Test("takes a suspended peer's link down at once and tells the sender; what was queued waits for its return")
  func suspension() throws {
    let region = Region(seed: 4)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .suspended)]))
    region.run(milliseconds: 1_000)
    #expect(xa.linkedPeers == 0)
    let message = try devices[0].send("not now", to: room)
    region.run(milliseconds: 10_000)
    #expect(xa.linkedPeers == 0)
    #expect(devices[0].undeliverable.map(\.message) == [message])
    #expect(devices[1].read.isEmpty)
    xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .active)]))
    region.run(milliseconds: 70_000)
    try devices[0].send("again", to: room)
    region.run(milliseconds: 2_000)
    #expect(devices[1].read.map(\.text) == ["again"])
  }

  @Test("gives everything that waits for a revoked peer back to its senders")
  func revocation() throws {
    let region = Region(seed: 5)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    xb.crash()
    let messages = try (1...3).map { try devices[0].send("message \($0)", to: room) }
    region.run(milliseconds: 2_000)
    xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .revoked)]))
    region.run(milliseconds: 2_000)
    #expect(Set(devices[0].undeliverable.map(\.message)) == Set(messages))
    guard case .queues(let queues) = try xa.administer(.queues) else { throw SimulationError("no queues") }
    #expect(queues.isEmpty)
  }

  @Test("lets higher precedence overtake, and keeps the order within one")
  func precedence() throws {
    let region = Region(seed: 6)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    try region.node("xb").crash()
    for number in 1...3 { try devices[0].send("routine \(number)", to: room) }
    try devices[0].send("flash", to: room, precedence: .flash)
    try devices[0].send("priority", to: room, precedence: .priority)
    region.run(milliseconds: 2_000)
    try region.node("xb").start()
    region.run(milliseconds: 70_000)
    #expect(devices[1].read.map(\.text) == ["flash", "priority", "routine 1", "routine 2", "routine 3"])
  }

  @Test("pushes a long queue through its window, in order")
  func window() throws {
    let region = Region(seed: 7)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    try region.node("xb").crash()
    let count = 3 * Limits.deliveryWindow + 7
    for number in 1...count { try devices[0].send("\(number)", to: room) }
    region.run(milliseconds: 5_000)
    try region.node("xb").start()
    region.run(milliseconds: 90_000)
    #expect(devices[1].read.map(\.text) == (1...count).map(String.init))
    #expect(devices[0].receipts.count == count)
    #expect(devices[1].complaints.isEmpty)
  }

  @Test("ends with one link where two nodes dial each other at once", arguments: UInt64(1)...20)
  func simultaneousDial(seed: UInt64) throws {
    let region = Region(seed: seed)
    region.faults.latency = 1...80
    try region.addNodes(["xa", "xb"])
    region.run(milliseconds: 5_000)
    #expect(try region.node("xa").linkedPeers == 1)
    #expect(try region.node("xb").linkedPeers == 1)
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    _ = try region.room(of: devices)
  }

  @Test("serves several connections of one device, each item once")
  func severalConnections() throws {
    let region = Region(seed: 8)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    devices[1].connectOnceMore()
    region.run(milliseconds: 500)
    for number in 1...50 { try devices[0].send("\(number)", to: room) }
    region.run(milliseconds: 5_000)
    #expect(devices[1].read.map(\.text) == (1...50).map(String.init))
    #expect(devices[1].complaints.isEmpty)
  }

  @Test("acknowledges nothing while the disk is full, and everything after")
  func fullDisk() throws {
    let region = Region(seed: 9)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    xa.store.fault = .full
    let message = try devices[0].send("patience", to: room)
    region.run(milliseconds: 10_000)
    #expect(devices[0].accepted.isEmpty)
    xa.store.fault = nil
    xb.store.fault = .full
    region.run(milliseconds: 10_000)
    #expect(devices[0].accepted == [message])
    #expect(devices[0].receipts.isEmpty)
    xb.store.fault = nil
    region.run(milliseconds: 2 * Limits.receiptMillisecondsMax)
    #expect(devices[0].receipts[message] == [xb.handle])
    #expect(devices[1].read.map(\.message) == [message])
  }

  @Test("counts what it does, and says what it will do next with what waits")
  func health() throws {
    let region = Region(seed: 10)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    func queue() throws -> QueueStatus {
      guard case .queue(let status, _) = try xa.administer(.queue(xb.handle)) else { throw SimulationError("no queue") }
      return status
    }
    let before = (xa.count(.sent), xb.count(.taken), xa.count(.receipts))
    for number in 1...5 { try devices[0].send("\(number)", to: room) }
    region.run(milliseconds: 3_000)
    #expect(xa.count(.accepted) == 5)
    #expect(xa.count(.sent) == before.0 + 5)
    #expect(xb.count(.taken) == before.1 + 5)
    #expect(xa.count(.receipts) == before.2 + 5)
    #expect(xa.tallies.contains { $0.deliveryMilliseconds[xb.handle]?.contains { 1...3_000 ~= $0 } == true })
    #expect(try queue().next == .rests)

    // A peer that stands still: what was sent is waited for.
    xb.store.fault = .full
    try devices[0].send("6", to: room)
    region.run(milliseconds: 2_000)
    guard case .resends(let at) = try queue().next else {
      throw SimulationError("it does not wait: \(try queue().next)")
    }
    #expect(at > region.now && at <= region.now.adding(milliseconds: Limits.receiptMillisecondsMax))
    region.run(milliseconds: Limits.receiptMillisecondsMax)
    #expect(xa.count(.resends) >= 1)
    #expect(try queue().trouble?.text == "the peer said nothing of what was sent to it for a while")
    xb.store.fault = nil
    region.run(milliseconds: 2 * Limits.receiptMillisecondsMax)
    #expect(try queue().next == .rests)

    // One that is away, and one that is suspended.
    xb.crash()
    devices[1].disconnect()
    try devices[0].send("7", to: room)
    region.run(milliseconds: 120_000)
    let away = try queue()
    if case .dials(let at) = away.next { #expect(at > region.now) } else { #expect(away.next == .dialling) }
    #expect(away.record.count == 1)
    #expect(away.trouble != nil)
    guard case .inboxes(let inboxes) = try xa.administer(.inboxes) else { throw SimulationError("no inboxes") }
    #expect(inboxes.map(\.device.identifier) == [devices[1].identifier])
    #expect(inboxes.allSatisfy { $0.waiting == 1 && !$0.isLinked && $0.oldest != nil })
    #expect(xa.tallies.last { !$0.gauges.isEmpty }?.gauges[.queued] == 1)
    xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .suspended)]))
    region.run(milliseconds: 1_000)
    #expect(try queue().next == .waitsForActivation)
  }

  @Test("says so where a peer's clock is a day off, and goes on")
  func peerClock() throws {
    let region = Region(seed: 12)
    try region.addNodes(["xa", "xb"])
    // Until no two links can be of one moment: a later one replaces the one before.
    region.run(milliseconds: 30_000)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    for number in UInt64(1_000)...1_003 {
      xa.take(
        .linkOpened(LinkID(number), .peer(xb.handle, dialledHere: false, clockDifferenceMilliseconds: -86_400_000)))
    }
    #expect(xa.warnings.count { $0.contains("clock") } == 1)
    guard case .queue(let status, _) = try xa.administer(.queue(xb.handle)) else { throw SimulationError("no queue") }
    #expect(status.clockDifferenceMilliseconds == -86_400_000)
    #expect(status.isLinked)
  }
}
