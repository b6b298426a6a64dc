import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import NodeSimulation
import TestKit
import Testing

@Suite("A way round by a third node")
struct TunnelTests {
  private func policy(via carrier: String?) throws -> PeerPolicy {
    var policy = PeerPolicy.initial
    policy.via = try carrier.map { try Handle($0) }
    return policy
  }

  /// Says what a node's policy for another one is.
  private func permit(_ node: String, _ policies: [String: PeerPolicy], in region: Region) throws {
    let node = try region.node(node)
    node.trust(
      PeerTable(
        try region.sortedNodes.filter { $0 !== node }.map { other in
          PeerTable.Peer(
            card: other.card, standing: .active, policy: policies[other.handle.description] ?? .initial)
        }))
    region.run(milliseconds: 1000)
  }

  /// xa and xb have no link; xc is a peer of both, and both name it.
  private func scene(seed: UInt64) throws -> (region: Region, devices: [PlayedDevice]) {
    let region = Region(seed: seed)
    try region.addNodes(["xa", "xb", "xc"])
    region.partition(try Handle("xa"), try Handle("xb"))
    try permit("xa", ["xb": policy(via: "xc")], in: region)
    try permit("xb", ["xa": policy(via: "xc")], in: region)
    return (region, try region.enrol(["nino@xa", "vera@xb"]))
  }

  private func texts(_ device: PlayedDevice) -> [String] { device.read.map(\.text) }

  private func carrier(_ node: String, to peer: String, in region: Region) throws -> Handle? {
    guard case .queues(let queues) = try region.node(node).administer(.queues) else { return nil }
    return try queues.first { try $0.peer == Handle(peer) }?.carrier
  }

  @Test("carries everything that a link would, both ways, and its receipts are the true receiver's")
  func carries() throws {
    let (region, devices) = try scene(seed: 401)
    // Members are looked up, key packages asked for, commits ordered by the hub of the other side.
    let room = try region.room(of: devices)
    #expect(try carrier("xa", to: "xb", in: region) == Handle("xc"))
    let message = try devices[0].send("by way of xc", to: room)
    _ = try devices[1].send("and back", to: room, precedence: .flash)
    devices[1].refresh(room)
    let isDone = region.run(atMostMilliseconds: 60_000) {
      texts(devices[1]) == ["by way of xc"] && texts(devices[0]) == ["and back"]
        && devices.allSatisfy { $0.agreement(in: room)?.epoch == 2 }
        && !devices[0].receipts[message, default: []].isEmpty
    }
    #expect(isDone)
    #expect(try devices[0].receipts[message] == [Handle("xb")])
    let xc = try region.node("xc")
    #expect(xc.count(.carried) > 0)
    // It holds nothing of it, and knows of no room.
    guard case .status(let status) = try xc.administer(.status) else { throw SimulationError("no status") }
    #expect(status.counts.queued == 0 && status.counts.held == 0 && status.counts.rooms == 0)
    #expect(xc.count(.taken) == 0)
    #expect(devices.allSatisfy { $0.complaints.isEmpty && $0.refusals.isEmpty })
  }

  @Test(
    "a third node that drops, repeats, reorders or changes what it carries is noticed, and all arrives once, in order")
  func falseCarrier() throws {
    let (region, devices) = try scene(seed: 402)
    let room = try region.room(of: devices)
    let xc = try region.node("xc")
    var random = SeededGenerator(seed: 7)
    var (kept, lies) = ([Frame](), 0)
    xc.carriesFalsely = { frame in
      guard case .carried(let from, let part) = frame.body else { return [frame] }
      kept.append(frame)
      guard Int.random(in: 0..<8, using: &random) == 0 else { return [frame] }
      lies += 1
      switch Int.random(in: 0..<5, using: &random) {
      case 0: return []
      case 1: return [frame, frame]
      case 2: return [kept.randomElement(using: &random), frame].compactMap(\.self)
      case 3: return [frame, kept.randomElement(using: &random)].compactMap(\.self)
      default:
        var bent = part
        bent[Int.random(in: 0..<bent.count, using: &random)] ^= 1
        return [Frame(.carried(from: from, part: bent))]
      }
    }
    var expected: [String] = []
    for number in 0..<40 {
      expected.append("number \(number)")
      _ = try devices[0].send("number \(number)", to: room)
      region.run(milliseconds: 3000)
    }
    xc.carriesFalsely = nil
    #expect(region.run(atMostMilliseconds: 120_000) { texts(devices[1]).count >= expected.count })
    region.run(milliseconds: 60_000)
    #expect(texts(devices[1]) == expected)
    #expect(lies > 3)
    let warnings = try region.node("xb").warnings + region.node("xa").warnings
    #expect(warnings.contains { $0.contains("was lost, repeated, reordered or changed") })
    for message in devices[0].accepted { #expect(try devices[0].receipts[message] == [Handle("xb")]) }
  }

  @Test("what was carried in an earlier tunnel is not taken in a later one")
  func replay() throws {
    let (region, devices) = try scene(seed: 403)
    let room = try region.room(of: devices)
    let (xb, xc) = (try region.node("xb"), try region.node("xc"))
    var old: [Frame] = []
    xc.carriesFalsely = { frame in
      if case .carried(let from, _) = frame.body, from.description == "xa" { old.append(frame) }
      return [frame]
    }
    xb.crash()
    xb.start()
    _ = try devices[0].send("once", to: room)
    #expect(region.run(atMostMilliseconds: 60_000) { texts(devices[1]) == ["once"] })
    region.run(milliseconds: 5000)
    let (taken, repeated) = (xb.count(.taken), xb.count(.repeated))
    let recorded = old
    #expect(recorded.count >= 2)
    // The node begins anew, and gets all of the old tunnel before what is new.
    xb.crash()
    xb.start()
    var isReplayed = false
    xc.carriesFalsely = { frame in
      guard case .carried(let from, _) = frame.body, from.description == "xa", !isReplayed else { return [frame] }
      isReplayed = true
      return recorded + [frame]
    }
    _ = try devices[0].send("twice", to: room)
    #expect(region.run(atMostMilliseconds: 120_000) { texts(devices[1]).count == 2 })
    #expect(isReplayed)
    #expect(xb.count(.taken) == taken + 1)
    #expect(xb.count(.repeated) == repeated)
  }

  @Test("nothing is carried without both ends' and the third node's consent")
  func consent() throws {
    let (region, devices) = try scene(seed: 404)
    let room = try region.room(of: devices)
    func isThere(_ text: String, _ milliseconds: UInt64 = 60_000) throws -> Bool {
      _ = try devices[0].send(text, to: room)
      return region.run(atMostMilliseconds: milliseconds) { texts(devices[1]).last == text }
    }
    #expect(try isThere("allowed"))
    var nothing = PeerPolicy.initial
    nothing.permissions.remove(.carrying)
    for refused in ["xa", "xb"] {
      try permit("xc", [refused: nothing], in: region)
      region.run(milliseconds: 15_000)
      let carried = try region.node("xc").count(.carried)
      #expect(try !isThere("not for \(refused)"))
      #expect(try region.node("xc").count(.carried) == carried)
    }
    try permit("xc", [:], in: region)
    #expect(region.run(atMostMilliseconds: 60_000) { texts(devices[1]).count == 3 })
    // The other end names nobody, and takes nothing that way.
    try permit("xb", ["xa": policy(via: nil)], in: region)
    #expect(try !isThere("not by xb"))
    #expect(try region.node("xb").warnings.contains { $0.contains("which its policy does not say") })
    try permit("xb", ["xa": policy(via: "xc")], in: region)
    #expect(region.run(atMostMilliseconds: 60_000) { texts(devices[1]).count == 4 })
    #expect(texts(devices[1]) == ["allowed", "not for xa", "not for xb", "not by xb"])
  }

  @Test("a link that comes to stand takes over, and the way round again once it is gone; each message once")
  func link() throws {
    let (region, devices) = try scene(seed: 405)
    let room = try region.room(of: devices)
    let (xa, xb) = (try Handle("xa"), try Handle("xb"))
    var expected: [String] = []
    for turn in 0..<3 {
      expected.append("round \(turn)")
      _ = try devices[0].send("round \(turn)", to: room)
      #expect(region.run(atMostMilliseconds: 60_000) { texts(devices[1]) == expected })
      #expect(try carrier("xa", to: "xb", in: region) == Handle("xc"))
      region.heal(xa, xb)
      #expect(region.run(atMostMilliseconds: 120_000) { (try? carrier("xa", to: "xb", in: region)) == nil })
      expected.append("straight \(turn)")
      _ = try devices[0].send("straight \(turn)", to: room)
      #expect(region.run(atMostMilliseconds: 60_000) { texts(devices[1]) == expected })
      region.partition(xa, xb)
      region.run(milliseconds: 30_000)
    }
  }

  @Test("what was carried is never carried further: no loop, and no second hop")
  func loops() throws {
    let region = Region(seed: 406)
    try region.addNodes(["xa", "xb", "xc", "xd"])
    // xa and xc each believe that the other one leads to xb, to which neither has a link.
    for other in ["xa", "xc", "xd"] { region.partition(try Handle("xb"), try Handle(other)) }
    try permit("xa", ["xb": policy(via: "xc")], in: region)
    try permit("xc", ["xb": policy(via: "xa")], in: region)
    try permit("xd", ["xb": policy(via: "xa")], in: region)
    region.run(milliseconds: 300_000)
    for node in region.sortedNodes { #expect(node.count(.carried) == 0, "\(node.handle)") }
    #expect(try region.node("xa").linkedPeers == 2)
  }

  @Test("a peer has no more carried at once than its quota")
  func quota() throws {
    let (region, devices) = try scene(seed: 407)
    _ = try region.room(of: devices)
    let (xa, xc) = (try region.node("xa"), try region.node("xc"))
    xa.crash()
    region.run(milliseconds: 2000)
    // In no time, on a link that stands for this alone.
    let link = LinkID(77_000)
    xc.take(.linkOpened(link, .peer(xa.handle, dialledHere: false)))
    let before = xc.count(.carried)
    let part = [UInt8](repeating: 0, count: 1 << 20)
    for _ in 0..<200 { xc.take(.frame(link, Frame(.carry(to: try Handle("xb"), part: part)))) }
    let first = xc.count(.carried) - before
    #expect(1...64 ~= first)
    // Later there is more.
    region.run(milliseconds: 60_000)
    for _ in 0..<200 { xc.take(.frame(link, Frame(.carry(to: try Handle("xb"), part: part)))) }
    #expect(1...64 ~= xc.count(.carried) - before - first)
  }
}
