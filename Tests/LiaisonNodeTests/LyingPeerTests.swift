import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import TLSPresentation
import Testing

@Suite("A peer that lies")
struct LyingPeerTests {
  /// `xa` is honest; the liar has the name and keys of `xb`, whose member is in the room; `xc` looks on.
  private final class Scene {
    let region = Region(seed: 11)
    let xa: SimulatedNode
    let liar: PlayedPeer
    let victim: PlayedDevice
    let accomplice: PlayedDevice
    let witness: PlayedDevice
    let room: RoomIdentifier

    /// - Parameter hub: the place in the list of members of the one who makes the room.
    init(hubIsLiar: Bool = false) throws {
      try region.addNodes(["xa", "xb", "xc"])
      let devices = try region.enrol(["nino@xa", "vera@xb", "dana@xc"])
      (victim, accomplice, witness) = (devices[0], devices[1], devices[2])
      room = try region.room(of: hubIsLiar ? [accomplice, victim, witness] : [victim, accomplice, witness])
      xa = try region.node("xa")
      liar = PlayedPeer(insteadOf: try region.node("xb"), in: region)
      region.run(milliseconds: 500)
      liar.dial(xa)
      guard liar.isLinked else { throw SimulationError("the liar is not linked") }
    }

    func message() -> MessageIdentifier { MessageIdentifier(using: &region.random) }

    /// Everybody else goes on as if nothing had happened.
    func isUndisturbed() throws -> Bool {
      let before = (victim.read.count, witness.read.count)
      try victim.send("from the victim", to: room)
      try witness.send("from the witness", to: room)
      region.run(milliseconds: 3_000)
      return victim.complaints.isEmpty && witness.complaints.isEmpty && victim.read.count == before.0 + 1
        && witness.read.count == before.1 + 1 && xa.linkedPeers >= 1 && xa.errors.isEmpty
    }
  }

  @Test("delivers what is its own, once")
  func honest() throws {
    let scene = try Scene()
    let message = scene.message()
    let payload = try scene.accomplice.unusedPayload("hello", in: scene.room)
    let moment = scene.region.now
    for _ in 1...3 { scene.liar.deliver(payload, room: scene.room, message: message, acceptedAt: moment) }
    #expect(scene.liar.receipted == [message, message, message])
    #expect(scene.victim.read.map(\.text) == ["hello"])
    #expect(try scene.isUndisturbed())
  }

  @Test("about an envelope's origin loses its link")
  func wrongOrigin() throws {
    let scene = try Scene()
    let payload = try scene.accomplice.unusedPayload("hello", in: scene.room)
    scene.liar.deliver(payload, room: scene.room, message: scene.message(), origin: try Handle("xc"))
    #expect(!scene.liar.isLinked)
    #expect(scene.liar.receipted.isEmpty)
    #expect(scene.victim.read.isEmpty)
    #expect(try scene.isUndisturbed())
  }

  @Test("that sends what is no envelope, or a frame out of place, loses its link")
  func garbage() throws {
    let bodies: [Frame.Body] = [
      .deliver(envelope: [UInt8](repeating: 0, count: 1 << 20)), .deliver(envelope: []), .submit(envelope: []),
      .inboxAcknowledge(sequence: 1), .done, .hubAnswer(Frame.HubAnswer(.accepted, epoch: 1)), .peersRequest,
    ]
    for body in bodies {
      let scene = try Scene()
      scene.liar.send(body, request: 9)
      #expect(!scene.liar.isLinked, "\(body)")
      #expect(try scene.isUndisturbed())
    }
  }

  @Test("that uses one identifier for two envelopes keeps the first alone")
  func sameIdentifier() throws {
    let scene = try Scene()
    let message = scene.message()
    scene.liar.deliver(
      try scene.accomplice.unusedPayload("one", in: scene.room), room: scene.room, message: message)
    scene.liar.deliver(
      try scene.accomplice.unusedPayload("two", in: scene.room), room: scene.room, message: message)
    #expect(scene.liar.refusal(of: message) == .conflict)
    #expect(scene.liar.receipted == [message])
    #expect(scene.victim.read.map(\.text) == ["one"])
    #expect(scene.liar.isLinked)
    #expect(try scene.isUndisturbed())
  }

  @Test("cannot take another node's identifiers from it")
  func foreignIdentifier() throws {
    let scene = try Scene()
    scene.witness.disconnect()
    let message = try scene.witness.send("the witness's own", to: scene.room)
    scene.liar.deliver(
      try scene.accomplice.unusedPayload("the liar's", in: scene.room), room: scene.room, message: message)
    scene.witness.connect()
    scene.region.run(milliseconds: 3_000)
    #expect(Set(scene.victim.read.map(\.text)) == ["the liar's", "the witness's own"])
    #expect(scene.witness.undeliverable.isEmpty)
  }

  @Test("has no voice in a room that it is not in")
  func notInRoom() throws {
    let scene = try Scene()
    let other = try scene.region.room(of: [scene.victim, scene.witness])
    let message = scene.message()
    // The group and epoch in clear are right; the content was never this room's.
    let payload = try scene.witness.unusedPayload("whatever", in: other)
    scene.liar.deliver(payload, room: other, message: message)
    #expect(scene.liar.refusal(of: message) == .notPermitted)
    #expect(scene.liar.receipted.isEmpty)
    #expect(scene.victim.read.isEmpty)
    #expect(scene.liar.isLinked)
  }

  @Test("about a message's room, kind or date is refused")
  func wrongContent() throws {
    let scene = try Scene()
    let payload = try scene.accomplice.unusedPayload("hello", in: scene.room)
    let moment = scene.region.now
    let (room, kind, future, past) = (scene.message(), scene.message(), scene.message(), scene.message())
    scene.liar.deliver(payload, room: RoomIdentifier(using: &scene.region.random), message: room)
    #expect(scene.liar.refusal(of: room) == .malformed)
    scene.liar.deliver(Array("plain text".utf8), room: scene.room, message: kind)
    #expect(scene.liar.refusal(of: kind) == .malformed)
    scene.liar.deliver(
      payload, room: scene.room, message: future, acceptedAt: moment.adding(milliseconds: 2 * 3_600_000))
    #expect(scene.liar.refusal(of: future) == .notPermitted)
    scene.liar.deliver(payload, room: scene.room, message: past, acceptedAt: Timestamp(milliseconds: 1))
    #expect(scene.liar.refusal(of: past) == .notPermitted)
    #expect(scene.liar.receipted.isEmpty)
    #expect(try scene.isUndisturbed())
  }

  @Test("that forges a receipt loses its link, and the message stays queued")
  func forgedReceipt() throws {
    for forgery in 0..<5 {
      let scene = try Scene()
      let message = try scene.victim.send("for both", to: scene.room)
      scene.region.run(milliseconds: 1_000)
      let envelope = try #require(scene.liar.delivered.last)
      let leaf = ReceiptLeaf(message: message, envelopeDigest: Envelope.digest(ofEncoded: envelope))
      let (xa, xb) = (try Handle("xa"), try Handle("xb"))
      let now = scene.region.now
      func sign(
        _ leaf: ReceiptLeaf, holder: Handle = xb, origin: Handle = xa, by key: SigningKey<NodePurpose>
      ) throws -> Receipt {
        try #require(ReceiptBatch.sign([leaf], holder: holder, origin: origin, heldAt: now, by: key).first)
      }
      let ownKey = scene.liar.mask.nodeKey
      var receipt: Receipt
      switch forgery {
      case 0: receipt = try sign(leaf, by: SigningKey())
      case 1: receipt = try sign(leaf, holder: Handle("xc"), by: ownKey)
      case 2: receipt = try sign(leaf, origin: Handle("xc"), by: ownKey)
      case 3:
        receipt = try sign(ReceiptLeaf(message: message, envelopeDigest: Array(repeating: 7, count: 32)), by: ownKey)
      default:
        receipt = try sign(leaf, by: ownKey)
        receipt.path = [Array(repeating: 7, count: 32)]
      }
      scene.liar.send(
        .receipts(
          Frame.Receipts(
            batch: receipt.batch,
            inclusions: [Frame.Receipts.Inclusion(leaf: receipt.leaf, index: receipt.index, path: receipt.path)])))
      #expect(!scene.liar.isLinked, "forgery \(forgery)")
      #expect(scene.victim.receipts[message] == [try Handle("xc")], "forgery \(forgery)")
      guard case .queues(let queues) = try scene.xa.administer(.queues) else { throw SimulationError("no queues") }
      #expect(queues.first { $0.peer == xb }?.record.count == 1, "forgery \(forgery)")
      #expect(try scene.isUndisturbed())
    }
  }

  @Test("gains nothing by a receipt for something that was never sent to it")
  func inventedReceipt() throws {
    let scene = try Scene()
    let leaf = ReceiptLeaf(message: scene.message(), envelopeDigest: Array(repeating: 1, count: 32))
    let receipt = try #require(
      ReceiptBatch.sign(
        [leaf], holder: Handle("xb"), origin: Handle("xa"), heldAt: scene.region.now, by: scene.liar.mask.nodeKey
      ).first)
    scene.liar.send(
      .receipts(
        Frame.Receipts(
          batch: receipt.batch,
          inclusions: [Frame.Receipts.Inclusion(leaf: receipt.leaf, index: receipt.index, path: receipt.path)])))
    #expect(scene.victim.receipts.isEmpty)
    #expect(scene.xa.warnings.count == 1)
    #expect(try scene.isUndisturbed())
  }

  @Test("that is not a room's hub orders nothing in it")
  func commitOfAnother() throws {
    let scene = try Scene()
    let commit = try scene.accomplice.unusedCommit(in: scene.room)
    let (xb, xc) = (scene.liar.mask, try scene.region.node("xc"))
    // As the hub, as if another were it, and in a takeover that nobody has promised.
    for term in [
      Term(number: 0, orderer: xb.handle), Term(number: 0, orderer: scene.xa.handle),
      Term(number: 1, orderer: xb.handle),
    ] {
      let message = scene.message()
      let voted = commit.voted(in: scene.room, by: [xb, xc], term: term)
      scene.liar.deliver(voted.tlsEncoded, .commit, room: scene.room, message: message)
      #expect(scene.liar.refusal(of: message) == .notPermitted)
    }
    #expect(scene.liar.receipted.isEmpty)
    #expect(try scene.isUndisturbed())
  }

  @Test("that is a room's hub orders one commit for each epoch, and it must be valid")
  func secondCommit() throws {
    let scene = try Scene(hubIsLiar: true)
    let (xb, xc) = (scene.liar.mask, try scene.region.node("xc"))
    func voted(_ commit: RoomCommit, by nodes: [SimulatedNode]) -> RoomCommit {
      commit.voted(in: scene.room, by: nodes, term: Term(number: 0, orderer: xb.handle))
    }
    let unused = try scene.accomplice.unusedCommit(in: scene.room)
    let first = voted(unused, by: [xb, xc])
    let second = voted(try scene.accomplice.unusedCommit(in: scene.room), by: [xb, xc])
    let (alone, broken, one, two) = (scene.message(), scene.message(), scene.message(), scene.message())
    scene.liar.deliver(voted(unused, by: [xb]).tlsEncoded, .commit, room: scene.room, message: alone)
    #expect(scene.liar.refusal(of: alone) == .notPermitted)
    var damaged = unused
    damaged.commit[damaged.commit.count / 2] ^= 1
    damaged = voted(damaged, by: [xb, xc])
    scene.liar.deliver(damaged.tlsEncoded, .commit, room: scene.room, message: broken)
    #expect(scene.liar.refusal(of: broken) == .malformed)
    scene.liar.deliver(first.tlsEncoded, .commit, room: scene.room, message: one)
    #expect(scene.liar.receipted == [one])
    scene.liar.deliver(second.tlsEncoded, .commit, room: scene.room, message: two)
    #expect(scene.liar.refusal(of: two) == .conflict)
    #expect(scene.victim.agreement(in: scene.room)?.epoch == first.epoch + 1)
    #expect(scene.victim.complaints.isEmpty)
    #expect(scene.liar.isLinked)
  }

  @Test("fills its own holding area and nobody else's")
  func held() throws {
    let scene = try Scene()
    // A message of an epoch that the room has not reached at `xa`, in clear as the protocol has it.
    var payload = try scene.accomplice.unusedPayload("later", in: scene.room)
    let epochOffset = 4 + 1 + 16
    payload[epochOffset + 7] = 200
    let message = scene.message()
    scene.liar.deliver(payload, room: scene.room, message: message)
    #expect(scene.liar.receipted == [message])
    #expect(scene.victim.read.isEmpty)
    guard case .status(let status) = try scene.xa.administer(.status) else { throw SimulationError("no status") }
    #expect(status.counts.held == 1)
    scene.region.leap(milliseconds: Limits.heldMillisecondsMax - 60_000)
    scene.region.run(milliseconds: 50_000)
    #expect(scene.liar.refusal(of: message) == nil)
    scene.region.run(milliseconds: 60_000)
    #expect(scene.liar.refusal(of: message) == .unknown)
    guard case .status(let later) = try scene.xa.administer(.status) else { throw SimulationError("no status") }
    #expect(later.counts.held == 0)
    try scene.xa.store.checkIntegrity()
  }

  @Test("is logged once for what it does wrong many times, and told each time")
  func loggedOnce() throws {
    let scene = try Scene()
    let message = scene.message()
    for text in ["one", "two", "three", "four"] {
      scene.liar.deliver(
        try scene.accomplice.unusedPayload(text, in: scene.room), room: scene.room, message: message)
    }
    let other = try scene.region.room(of: [scene.victim, scene.witness])
    let moment = scene.region.now
    for _ in 1...3 {
      scene.liar.deliver(
        try scene.witness.unusedPayload("of another room", in: other), room: other, message: scene.message())
      scene.liar.deliver(
        try scene.accomplice.unusedPayload("from tomorrow", in: scene.room), room: scene.room, message: scene.message(),
        acceptedAt: moment.adding(milliseconds: 86_400_000))
      let leaf = ReceiptLeaf(message: scene.message(), envelopeDigest: Array(repeating: 1, count: 32))
      let receipt = try #require(
        ReceiptBatch.sign(
          [leaf], holder: Handle("xb"), origin: Handle("xa"), heldAt: moment, by: scene.liar.mask.nodeKey
        ).first)
      scene.liar.send(
        .receipts(
          Frame.Receipts(
            batch: receipt.batch,
            inclusions: [Frame.Receipts.Inclusion(leaf: receipt.leaf, index: receipt.index, path: receipt.path)])))
    }
    let refusals = scene.liar.frames.count { if case .refused = $0.body { true } else { false } }
    #expect(refusals == 9)
    #expect(scene.xa.warnings.count == 4, "\(scene.xa.warnings)")
    #expect(scene.xa.warnings.contains { $0.contains("another envelope has this identifier") })
    #expect(scene.xa.warnings.contains { $0.contains("your node was not in the room in that epoch") })
    #expect(scene.xa.warnings.contains { $0.contains("dated in the future") })
    #expect(scene.xa.warnings.contains { $0.contains("never sent to the peer") })
    // Later it is said again, with how often it was not.
    scene.region.run(milliseconds: 700_000)
    scene.liar.deliver(
      try scene.accomplice.unusedPayload("five", in: scene.room), room: scene.room, message: message)
    #expect(scene.xa.warnings.last?.hasSuffix("(2 times more since it was logged last)") == true)
    #expect(scene.liar.isLinked)
    #expect(scene.victim.read.map(\.text) == ["one"])
  }

  @Test("and a device whose clock is a day ahead is told so, and is heard again once it is right")
  func wrongClock() throws {
    let scene = try Scene()
    scene.victim.clockAheadMilliseconds = 86_400_000
    let message = try scene.victim.send("from tomorrow", to: scene.room)
    scene.region.run(milliseconds: 2_000)
    #expect(scene.victim.refusals.map(\.reason) == [.notPermitted])
    #expect(scene.victim.refusals.first?.text.contains("is the clock right?") == true)
    #expect(!scene.victim.accepted.contains(message))
    scene.victim.clockAheadMilliseconds = 0
    #expect(try scene.isUndisturbed())
  }
}
