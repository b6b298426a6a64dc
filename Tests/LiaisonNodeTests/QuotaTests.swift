import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Testing

@Suite("Quotas")
struct QuotaTests {
  @Test(
    "name themselves and their limit to whoever passes them, and let through what just fits", arguments: Quota.allCases)
  func bounds(quota: Quota) throws {
    try quota.check(quota.limit - 1)
    try quota.check(0, adding: quota.limit)
    for (used, more) in [(quota.limit, 1), (0, quota.limit + 1), (Int.max, 1), (1, Int.max), (Int.max, Int.max)] {
      let failure = #expect(throws: Frame.Failure.self) { try quota.check(used, adding: more) }
      #expect(failure?.reason == .limit)
      #expect(failure?.text.hasPrefix("quota \(quota.rawValue), \(quota.limit): ") == true)
      #expect((failure?.text.utf8.count ?? 0) <= 256)
    }
  }

  /// `nino@xa` and `luka@xa` in a room with `vera@xb`; `xb` is away.
  private final class Scene {
    let region = Region(seed: 41)
    let devices: [PlayedDevice]
    let room: RoomIdentifier
    let xa: SimulatedNode
    let xb: SimulatedNode

    init() throws {
      try region.addNodes(["xa", "xb"])
      devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb"])
      room = try region.room(of: devices)
      (xa, xb) = (try region.node("xa"), try region.node("xb"))
    }

    func identifier<Tag>() throws -> Identifier<Tag> { try Identifier(bytes: region.random.bytes(16)) }

    /// A message as a node remembers it.
    func record(origin: SimulatedNode, sender: Address? = nil) throws -> MessageRecord {
      MessageRecord(
        message: try identifier(), origin: origin.handle, room: try identifier(),
        digest: Array(repeating: 0, count: 32), acceptedAt: region.now, sender: sender)
    }

    func refusal(of quota: Quota, to device: PlayedDevice) -> Bool { device.refusals.contains(quota.failure) }
  }

  @Test("of a member are the member's alone, and come back when what waited is delivered")
  func member() throws {
    let scene = try Scene()
    let (nino, luka) = (scene.devices[0], scene.devices[1])
    let away = try Handle("xz")
    let keys = try scene.xa.store.disk.write { store in
      try (1...Limits.keptEnvelopesPerMemberMax).map { _ in
        let key = try store.insertMessage(scene.record(origin: scene.xa, sender: nino.address), envelope: [1])
        try store.enqueue(key, for: away, precedence: .routine, at: scene.region.now)
        return key
      }
    }
    let refused = try nino.send("too much", to: scene.room)
    let taken = try luka.send("not too much", to: scene.room)
    scene.region.run(milliseconds: 2_000)
    #expect(scene.refusal(of: .keptMessagesPerMember, to: nino))
    #expect(!nino.accepted.contains(refused))
    #expect(luka.accepted == [taken])
    try scene.xa.store.disk.write { try $0.markUndeliverable(keys[0], to: away) }
    let again = try nino.send("it fits again", to: scene.room)
    scene.region.run(milliseconds: 2_000)
    #expect(nino.accepted == [again])
    #expect(scene.devices[2].read.map(\.text) == ["not too much", "it fits again"])
    try scene.xa.store.checkIntegrity()
  }

  @Test("of rooms stop a member who makes too many, and another hub that brings too many")
  func rooms() throws {
    let scene = try Scene()
    let (nino, luka, vera) = (scene.devices[0], scene.devices[1], scene.devices[2])
    let state = RoomState(publicGroup: [1], groupInfo: [1])
    try scene.xa.store.disk.write { store in
      for number in 1...Limits.roomsPerMemberMax {
        let record = RoomRecord(room: try scene.identifier(), hub: scene.xa.handle, epoch: 0, isLeft: false)
        let leaf = RoomLeaf(
          leaf: UInt32(number), address: nino.address, device: try scene.identifier(), sinceEpoch: 0)
        try store.insertRoom(record, state: state, leaves: [leaf])
      }
      for _ in 1...Limits.roomsPerPeerMax {
        let record = RoomRecord(room: try scene.identifier(), hub: scene.xb.handle, epoch: 0, isLeft: false)
        try store.insertRoom(record, state: state, leaves: [])
      }
    }
    _ = try nino.createRoom()
    _ = try luka.createRoom()
    // A room whose hub is `xb`, and into which `luka@xa` is brought.
    let brought = try vera.createRoom()
    vera.add(luka.address, to: brought)
    scene.region.run(milliseconds: 5_000)
    #expect(scene.refusal(of: .roomsPerMember, to: nino))
    #expect(luka.refusals.isEmpty)
    #expect(luka.agreement(in: brought) == nil)
    #expect(scene.xa.warnings.contains { $0.hasSuffix(Quota.roomsPerPeer.failure.text) })
    // What was there before goes on.
    try vera.send("hello", to: scene.room)
    scene.region.run(milliseconds: 2_000)
    #expect(luka.read.map(\.text) == ["hello"])
  }

  @Test("of what waits for rooms that are not known stops one peer's envelopes")
  func held() throws {
    let scene = try Scene()
    let liar = PlayedPeer(insteadOf: scene.xb, in: scene.region)
    scene.region.run(milliseconds: 500)
    try scene.xa.store.disk.write { store in
      for _ in 1...Limits.heldEnvelopesPerPeerMax {
        let record = try scene.record(origin: scene.xb)
        let key = try store.insertMessage(record, envelope: [1])
        try store.hold(
          key, HeldEnvelope(peer: scene.xb.handle, room: record.room, epoch: 1, bytes: 1, heldSince: scene.region.now))
      }
    }
    liar.dial(scene.xa)
    let message: MessageIdentifier = try scene.identifier()
    let payload = try scene.devices[2].unusedPayload("of an epoch to come", in: scene.room)
    // The group and the epoch in clear are of a room that is not known here.
    liar.deliver(payload, room: scene.room, message: message)
    #expect(liar.receipted == [message])
    let unknown = try scene.devices[2].createRoom()
    let early: MessageIdentifier = try scene.identifier()
    liar.deliver(try scene.devices[2].unusedPayload("early", in: unknown), room: unknown, message: early)
    #expect(liar.refusal(of: early) == .limit)
    #expect(scene.xa.warnings.contains { $0.hasSuffix(Quota.heldMessagesPerPeer.failure.text) })
    #expect(liar.isLinked)
  }

  @Test("of key packages stop whoever asks for too many at once, for a while")
  func keyPackages() throws {
    let scene = try Scene()
    let (nino, luka) = (scene.devices[0], scene.devices[1])
    let before = nino.refusals.count
    let burst = Int(Limits.keyPackageRequestsBurst)
    for _ in 1...burst + 5 { nino.request(.keyPackagesRequest(luka.address)) { _ in } }
    scene.region.run(milliseconds: 500)
    let refusals = nino.refusals.dropFirst(before)
    #expect(refusals.count >= 4 && refusals.allSatisfy { $0 == Quota.keyPackageRequests.failure }, "\(refusals)")
    // Another device's are its own.
    luka.request(.keyPackagesRequest(nino.address)) { _ in }
    scene.region.run(milliseconds: 2_500)
    #expect(luka.refusals.isEmpty)
    nino.request(.keyPackagesRequest(luka.address)) { _ in }
    scene.region.run(milliseconds: 500)
    #expect(nino.refusals.count == before + refusals.count)
  }
}
