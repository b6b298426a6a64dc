import LiaisonLink
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Synchronization
import TLSPresentation
import Testing

/// A peer that loses this node's trust while its messages are under way.
@Suite("Revocation on live links", .timeLimit(.minutes(2))) struct RevocationTests {
  @Test(
    "the link ends within a second, and nothing that was on its way or waited is taken", arguments: [1 as UInt64, 2, 3])
  func simulated(seed: UInt64) throws {
    let region = Region(seed: seed)
    try region.addNodes(["xa", "xb", "xc"])
    let devices = try region.enrol(["nino@xa", "vera@xb", "ciro@xc"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    for number in 1...20 { try devices[1].send("before \(number)", to: room) }
    region.run(milliseconds: 3000)
    #expect(devices[0].read.count == 20, "seed \(seed)")
    // Under way, in both directions, at the moment of the decision.
    for number in 1...50 { try devices[1].send("under way \(number)", to: room) }
    region.run(milliseconds: 1)
    let revokedAt = region.now
    var others = xa.peers.peers
    others[xb.handle]?.standing = .revoked
    xa.trust(PeerTable(Array(others.values)))
    let closed = region.run(atMostMilliseconds: 1000) { xa.linkedPeers == 1 && xb.linkedPeers == 1 }
    #expect(closed, "seed \(seed): the link stands \(region.now.milliseconds - revokedAt.milliseconds) ms later")
    let taken = xa.count(.taken)
    let read = devices[0].read.count
    region.run(milliseconds: 30_000)
    #expect(xa.count(.taken) == taken && devices[0].read.count == read, "seed \(seed)")
    #expect(read < 70)
    // The others go on.
    try devices[2].send("still here", to: room)
    region.run(milliseconds: 3000)
    #expect(devices[0].read.last?.text == "still here", "seed \(seed)")
  }

  @Test("of frames that wait for the core together with the decision, not one is taken, whatever came first")
  func sameBatch() throws {
    let region = Region(seed: 7)
    try region.addNodes(["xa", "xb"])
    let devices = try region.enrol(["nino@xa", "vera@xb"])
    let room = try region.room(of: devices)
    let (xa, xb) = (try region.node("xa"), try region.node("xb"))
    let (first, second) = (MessageIdentifier(using: &region.random), MessageIdentifier(using: &region.random))
    let payloads = try ["first", "second"].map { try devices[1].unusedPayload($0, in: room) }
    // A second life of xb's link, whose frames the test holds in its hands.
    let peer = PlayedPeer(insteadOf: xb, in: region)
    region.run(milliseconds: 500)
    peer.dial(xa)
    peer.deliver(payloads[0], room: room, message: first)
    #expect(peer.receipted == [first])
    // A frame of the same kind and the decision in one batch: the decision is taken first.
    xa.hold()
    peer.deliver(payloads[1], room: room, message: second)
    xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .suspended)]))
    xa.letGo()
    region.run(milliseconds: 1000)
    #expect(devices[0].read.map(\.text) == ["first"])
    #expect(peer.receipted == [first])
    #expect(!peer.isLinked)
  }

  @Test("a link begins with what was decided against others, and nothing that was queued is taken before it")
  func noticesFirst() async throws {
    let (xa, xb) = (try LiveNode("xa"), try LiveNode("xb"))
    let witness = Witness()
    try await xa.run(peers: [xb], witness: witness) { runtime in
      let link = try await xa.dial(.peer, as: LinkIdentity(xb.key))
      var frames: [Frame] = []
      while frames.isEmpty, let next = await link.frames.next(atMost: 16) { frames += next }
      #expect(frames.first?.body == .trustNotices([[1, 2, 3]]))
      // What comes after notices waits until they have had their effect: here, the end of this very link.
      witness.onNotice.withLock { act in
        act = { await runtime.take(.registryChanged(LiveNode.table(suspended: [xb]))) }
      }
      var generator = SystemRandomNumberGenerator()
      let message = MessageIdentifier(using: &generator)
      let envelope = Envelope(
        message: message, room: RoomIdentifier.some, origin: xb.handle, precedence: .routine, acceptedAt: .now(),
        kind: .application, payload: [1])
      link.post([Frame(.trustNotices([[9]])), Frame(.deliver(envelope: envelope.tlsEncoded))])
      var answered = false
      while let next = await link.frames.next(atMost: 16) {
        answered = answered || next.contains { if case .refused = $0.body { true } else { false } }
      }
      #expect(!answered)
      #expect(witness.taken.withLock { $0 } == [[9]])
    }
  }
}

/// Tells one notice, and does as a test says when one comes.
private final class Witness: TrustLogWitness {
  let taken = Mutex<[[UInt8]]>([])
  let onNotice = Mutex<(@Sendable () async -> Void)?>(nil)

  func heads(for peer: Handle) async -> Frame.TrustLogHeads { Frame.TrustLogHeads() }
  func take(_ heads: Frame.TrustLogHeads, from peer: Handle) async -> Frame.TrustLogHeads? { nil }
  func shown(_ card: Unverified<NodeCard>, by peer: Handle) async {}
  func notices(for peer: Handle) async -> [[UInt8]] { [[1, 2, 3]] }
  func charters(for peer: Handle) async -> [[UInt8]] { [] }
  func take(charters: [[UInt8]], from peer: Handle) async {}
  func take(_ notices: [[UInt8]], from peer: Handle) async {
    taken.withLock { $0 += notices }
    await onNotice.withLock { $0 }?()
  }
}
