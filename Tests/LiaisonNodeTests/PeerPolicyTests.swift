import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import NodeSimulation
import Testing

/// What a peer's policy says, held against what nodes do: each field, in both directions, with its negative.
@Suite("A peer's policy") struct PeerPolicyTests {
  /// `nino@xa` and `luka@xa` in a room of `xa` with `vera@xb`.
  private final class Scene {
    let region: Region
    let nino: PlayedDevice
    let luka: PlayedDevice
    let vera: PlayedDevice
    let room: RoomIdentifier
    let xa: SimulatedNode
    let xb: SimulatedNode

    init(seed: UInt64) throws {
      region = Region(seed: seed)
      try region.addNodes(["xa", "xb"])
      let devices = try region.enrol(["nino@xa", "luka@xa", "vera@xb"])
      room = try region.room(of: devices)
      (nino, luka, vera) = (devices[0], devices[1], devices[2])
      (xa, xb) = (try region.node("xa"), try region.node("xb"))
    }

    /// Has `xa` have this policy for `xb`.
    func permit(_ policy: PeerPolicy) {
      xa.trust(PeerTable([PeerTable.Peer(card: xb.card, standing: .active, policy: policy)]))
      region.run(milliseconds: 100)
    }

    /// Why `vera` and `nino` were told that the other's node has not taken what they sent; nil where it was read.
    func exchange(_ precedence: Precedence = .routine) throws -> (inbound: String?, outbound: String?) {
      let (from, to) = (
        try vera.send("from vera", to: room, precedence: precedence),
        try nino.send("from nino", to: room, precedence: precedence)
      )
      region.run(milliseconds: 5_000)
      func fate(_ message: MessageIdentifier, _ sender: PlayedDevice, _ reader: PlayedDevice, at node: SimulatedNode)
        throws -> String?
      {
        let told = sender.undeliverable.filter { $0.message == message && $0.at == node.handle }.map(\.failure.text)
        let isRead = reader.read.contains { $0.message == message }
        guard told.count == (isRead ? 0 : 1) else { throw SimulationError("\(told), and it was read: \(isRead)") }
        return told.first
      }
      // Whoever is at the same node is not concerned.
      guard luka.read.contains(where: { $0.message == to }) else { throw SimulationError("luka has not read it") }
      return (try fate(from, vera, nino, at: xa), try fate(to, nino, vera, at: xb))
    }

    /// What a request is answered.
    func answer(to body: Frame.Body, by device: PlayedDevice) throws -> Frame.Body {
      var answer: Frame.Body?
      device.request(body) { answer = $0 }
      guard region.run(atMostMilliseconds: 30_000, until: { answer != nil }), let answer else {
        throw SimulationError("no answer")
      }
      return answer
    }

    /// The refusal of a request, or nil.
    func refusal(of body: Frame.Body, by device: PlayedDevice) throws -> Frame.Failure? {
      if case .failure(let failure) = try answer(to: body, by: device) { failure } else { nil }
    }
  }

  private func policy(_ change: (inout PeerPolicy) throws -> Void) rethrows -> PeerPolicy {
    var policy = PeerPolicy.initial
    try change(&policy)
    return policy
  }

  private func without(_ permission: PeerPolicy.Permission) -> PeerPolicy {
    policy { $0.permissions.remove(permission) }
  }

  private let toXB = "the policy between this node and xb: "

  @Test(
    "without messages, neither side's go, the senders are told why, and the room goes on when they are allowed again")
  func messages() throws {
    let scene = try Scene(seed: 51)
    for other in PeerPolicy.Permission.allCases where other != .messages {
      scene.permit(without(other))
      #expect(try scene.exchange() == (nil, nil), "\(other)")
    }
    scene.permit(without(.messages))
    let why = toXB + "no messages are allowed"
    #expect(try scene.exchange() == (why, why))
    // Who is in the room goes on to be decided.
    let before = scene.vera.agreement(in: scene.room)?.epoch
    scene.nino.refresh(scene.room)
    scene.region.run(milliseconds: 5_000)
    #expect(scene.vera.agreement(in: scene.room)?.epoch == before.map { $0 + 1 })
    scene.permit(.initial)
    #expect(try scene.exchange() == (nil, nil))
    #expect(scene.vera.complaints.isEmpty && scene.nino.complaints.isEmpty)
  }

  @Test("messages above the highest precedence are refused, those at it go", arguments: Precedence.allCases)
  func precedence(highest: Precedence) throws {
    let scene = try Scene(seed: 52)
    scene.permit(policy { $0.precedenceMax = highest })
    for precedence in Precedence.allCases {
      let why = precedence > highest ? toXB + "no messages above \(highest) are allowed" : nil
      #expect(try scene.exchange(precedence) == (why, why), "\(precedence)")
    }
  }

  @Test("outside of its hours, and once it is no longer valid, nothing goes; inside, everything")
  func times() throws {
    let scene = try Scene(seed: 53)
    let minute = UInt16(scene.region.now.milliseconds / 60_000 % 1440)
    func hours(_ from: UInt16, _ until: UInt16) throws -> PeerPolicy.Hours {
      try PeerPolicy.Hours(from: (minute + from) % 1440, until: (minute + until) % 1440)
    }
    for (from, until, isValid) in [(1430, 10, true), (10, 20, false), (0, 10, true), (20, 1430, false)]
      as [(UInt16, UInt16, Bool)]
    {
      let hours = try hours(from, until)
      scene.permit(policy { $0.hours = hours })
      let why = isValid ? nil : toXB + "it is valid \(hours.text)"
      #expect(try scene.exchange() == (why, why), "\(hours.text)")
    }
    scene.permit(policy { $0.validUntil = scene.region.now.adding(milliseconds: 60_000) })
    #expect(try scene.exchange() == (nil, nil))
    scene.region.run(milliseconds: 60_000)
    let why = toXB + "it is no longer valid"
    #expect(try scene.exchange() == (why, why))
    let query = Frame.Body.directoryQuery(.address(scene.vera.address))
    #expect(try scene.refusal(of: query, by: scene.nino)?.text == why)
  }

  @Test("without the directory, nobody is looked up, nor a key package given, either way")
  func directory() throws {
    let scene = try Scene(seed: 54)
    func requests(_ member: Address) -> [Frame.Body] {
      [.directoryQuery(.address(member)), .keyPackagesRequest(member)]
    }
    func refusals() throws -> [String?] {
      try requests(scene.vera.address).map { try scene.refusal(of: $0, by: scene.nino)?.text }
        + requests(scene.nino.address).map { try scene.refusal(of: $0, by: scene.vera)?.text }
    }
    for other in PeerPolicy.Permission.allCases where other != .directory {
      scene.permit(without(other))
      #expect(try refusals() == [nil, nil, nil, nil], "\(other)")
    }
    scene.permit(without(.directory))
    let why = toXB + "no members are looked up"
    #expect(try refusals() == [why, why, why, why])
    #expect(try scene.refusal(of: .directoryQuery(.address(scene.luka.address)), by: scene.nino) == nil)
  }

  @Test("members of another discipline are for the peer as if they were not there, and it brings them into no room")
  func contacts() throws {
    let scene = try Scene(seed: 55)
    // Everybody here is of the discipline cyber.
    let why = toXB + "members of this discipline may not be contacted"
    let all: [(disciplines: Set<Discipline>, isFound: Bool)] = [
      ([.cyber], true), ([.physical, .security, .other], false), ([], false), (Set(Discipline.allCases), true),
    ]
    let nobody = try Address("nobody@xa")
    for (disciplines, isFound) in all {
      scene.permit(policy { $0.disciplines = disciplines })
      for (address, isFound) in [(scene.luka.address, isFound), (nobody, false)] {
        guard
          case .directoryAnswer(let found) = try scene.answer(to: .directoryQuery(.address(address)), by: scene.vera)
        else { throw SimulationError("no answer of the directory") }
        #expect(found.cards.isEmpty != isFound)
        let refusal = try scene.refusal(of: .keyPackagesRequest(address), by: scene.vera)
        #expect(refusal?.text == (isFound ? nil : "there is no member \(address)"))
      }
    }
    // Whose key package the peer has already comes into no room of it: the welcome is under way when it is decided.
    scene.region.slowDown(scene.xa.handle, scene.xb.handle, to: 2_000...2_000)
    // Nobody would hand it over at another hour.
    let minute = UInt16(scene.region.now.milliseconds / 60_000 % 1440)
    let closed = try PeerPolicy.Hours(from: (minute + 100) % 1440, until: (minute + 200) % 1440)
    let strict: [(policy: PeerPolicy, isPermitted: Bool)] = [
      (.initial, true), (policy { $0.disciplines = [.physical] }, false), (policy { $0.hours = closed }, true),
    ]
    for (policy, isPermitted) in strict {
      scene.permit(.initial)
      let room = try scene.vera.createRoom()
      scene.vera.add(scene.luka.address, to: room)
      scene.region.run(milliseconds: 5_000)
      #expect(scene.vera.agreement(in: room)?.epoch == 1)
      #expect(scene.luka.agreement(in: room) == nil)
      let warned = scene.xa.warnings.count
      scene.permit(policy)
      scene.region.run(milliseconds: 10_000)
      #expect((scene.luka.agreement(in: room) != nil) == isPermitted)
      #expect(scene.xa.warnings.dropFirst(warned).contains { $0.hasSuffix(why) } != isPermitted)
    }
  }

  @Test("into rooms of which the peer is the hub nobody comes without rooms, and those that stand go on")
  func rooms() throws {
    let scene = try Scene(seed: 56)
    let standing = try scene.vera.createRoom()
    scene.vera.add(scene.nino.address, to: standing)
    #expect(scene.region.run(atMostMilliseconds: 10_000) { scene.nino.agreement(in: standing) != nil })
    scene.permit(without(.rooms))
    let refused = try scene.vera.createRoom()
    scene.vera.add(scene.luka.address, to: refused)
    scene.region.run(milliseconds: 10_000)
    #expect(scene.luka.agreement(in: refused) == nil)
    #expect(scene.xa.warnings.contains { $0.hasSuffix(toXB + "no rooms of which it is the hub are entered") })
    let message = try scene.vera.send("it goes on", to: standing)
    scene.vera.refresh(standing)
    scene.region.run(milliseconds: 10_000)
    #expect(scene.nino.read.contains { $0.message == message })
    #expect(scene.nino.agreement(in: standing)?.epoch == scene.vera.agreement(in: standing)?.epoch)
    // Nobody else comes into it either.
    scene.vera.add(scene.luka.address, to: standing)
    scene.region.run(milliseconds: 10_000)
    #expect(scene.luka.agreement(in: standing) == nil)
    for other in PeerPolicy.Permission.allCases where other != .rooms && other != .directory {
      scene.permit(without(other))
      let room = try scene.vera.createRoom()
      scene.vera.add(scene.luka.address, to: room)
      #expect(scene.region.run(atMostMilliseconds: 10_000) { scene.luka.agreement(in: room) != nil }, "\(other)")
    }
  }

  @Test("without relaying, the hub takes no commit of the peer, and brings it into no other room")
  func relaying() throws {
    let scene = try Scene(seed: 57)
    scene.permit(without(.relaying))
    let epoch = scene.nino.agreement(in: scene.room)?.epoch
    scene.vera.refresh(scene.room)
    scene.region.run(milliseconds: 5_000)
    let why = toXB + "nothing is passed on to other nodes for it"
    #expect(scene.vera.complaints.count == 1 && scene.vera.complaints.allSatisfy { $0.contains(why) })
    #expect(scene.nino.agreement(in: scene.room)?.epoch == epoch)
    let room = try scene.nino.createRoom()
    scene.nino.add(scene.vera.address, to: room)
    scene.region.run(milliseconds: 5_000)
    #expect(scene.nino.complaints.count == 1 && scene.nino.complaints.allSatisfy { $0.contains(why) })
    #expect(scene.vera.agreement(in: room) == nil)
    // People of this node alone, and of the room that stands, go on.
    scene.nino.add(scene.luka.address, to: room)
    scene.nino.refresh(scene.room)
    scene.region.run(milliseconds: 5_000)
    #expect(scene.luka.agreement(in: room) != nil)
    #expect(scene.vera.agreement(in: scene.room)?.epoch == epoch.map { $0 + 1 })
    scene.permit(.initial)
    scene.vera.refresh(scene.room)
    scene.region.run(milliseconds: 5_000)
    #expect(scene.nino.agreement(in: scene.room)?.epoch == epoch.map { $0 + 2 })
  }

  @Test("each quota is the peer's own: what is at it goes, what passes it is refused with its name")
  func quotas() throws {
    for quota in PeerPolicy.Quota.allCases {
      let scene = try Scene(seed: 58)
      let name = try #require(Quota(rawValue: quota.name + "-per-peer"))
      // What two messages, or two rooms, come to and one does not.
      let limit: UInt64 =
        switch quota {
        case .queuedBytes, .heldBytes, .keptBytes: 3000
        case .rememberedMessages, .queuedMessages, .heldMessages, .keptMessages, .rooms: 1
        }
      let text = String(repeating: "x", count: quota.name.hasSuffix("bytes") ? 1500 : 1)
      let strict = try policy { try $0.set(quota, to: limit) }
      let expected = "quota \(name.rawValue), \(limit): "
      switch quota {
      case .queuedMessages, .queuedBytes:
        scene.permit(strict)
        scene.xb.crash()
        scene.region.run(milliseconds: 500)
        let first = try scene.nino.send(text, to: scene.room)
        scene.region.run(milliseconds: 2_000)
        #expect(scene.nino.accepted.contains(first) && scene.nino.refusals.isEmpty, "\(quota.name)")
        try scene.nino.send(text, to: scene.room)
        scene.region.run(milliseconds: 2_000)
        #expect(scene.nino.refusals.map { $0.text.hasPrefix(expected) } == [true], "\(quota.name)")
      case .heldMessages, .heldBytes:
        let liar = PlayedPeer(insteadOf: scene.xb, in: scene.region)
        scene.region.run(milliseconds: 500)
        scene.permit(strict)
        liar.dial(scene.xa)
        var reasons: [Frame.Failure.Reason?] = []
        for _ in 0..<2 {
          // Rooms that are not known at `xa`.
          let unknown = try scene.vera.createRoom()
          let message = try MessageIdentifier(bytes: scene.region.random.bytes(16))
          liar.deliver(try scene.vera.unusedPayload(text, in: unknown), room: unknown, message: message)
          #expect(liar.receipted.contains(message) == (liar.refusal(of: message) == nil), "\(quota.name)")
          reasons.append(liar.refusal(of: message))
        }
        #expect(reasons == [nil, .limit], "\(quota.name)")
      case .keptMessages, .keptBytes, .rememberedMessages:
        scene.nino.disconnect()
        scene.luka.disconnect()
        scene.region.run(milliseconds: 500)
        scene.xa.trust(PeerTable([PeerTable.Peer(card: scene.xb.card, standing: .active, policy: strict)]))
        let before = try scene.xa.store.disk.read { try $0.kept(.peer(scene.xb.handle)).messages }
        let more = try quota == .rememberedMessages ? policy { try $0.set(quota, to: UInt64(before) + 1) } : strict
        scene.permit(more)
        for _ in 0..<2 {
          try scene.vera.send(text, to: scene.room)
          scene.region.run(milliseconds: 2_000)
        }
        #expect(scene.vera.undeliverable.map(\.failure.reason) == [.limit], "\(quota.name)")
        #expect(
          scene.vera.undeliverable.allSatisfy { $0.failure.text.hasPrefix("quota \(name.rawValue), ") }, "\(quota.name)"
        )
      case .rooms:
        scene.permit(strict)
        for (member, isIn) in [(scene.luka, true), (scene.nino, false)] {
          let room = try scene.vera.createRoom()
          scene.vera.add(member.address, to: room)
          scene.region.run(milliseconds: 10_000)
          #expect((member.agreement(in: room) != nil) == isIn)
        }
        #expect(scene.xa.warnings.contains { $0.contains(expected) })
      }
    }
  }

  @Test("without any quota left, no message comes, and the order of rooms that stand goes on")
  func orderWithoutQuotas() throws {
    let scene = try Scene(seed: 59)
    let room = try scene.vera.createRoom()
    scene.vera.add(scene.nino.address, to: room)
    #expect(scene.region.run(atMostMilliseconds: 10_000) { scene.nino.agreement(in: room) != nil })
    scene.permit(try policy { for quota in PeerPolicy.Quota.allCases { try $0.set(quota, to: 0) } })
    let message = try scene.vera.send("too much", to: room)
    scene.vera.refresh(room)
    scene.region.run(milliseconds: 10_000)
    #expect(scene.vera.undeliverable.map(\.message) == [message])
    let epoch = try #require(scene.vera.agreement(in: room)?.epoch)
    #expect(epoch == 2 && scene.nino.agreement(in: room)?.epoch == epoch)
    // A welcome of a room that stands comes too.
    scene.vera.add(scene.luka.address, to: room)
    #expect(scene.region.run(atMostMilliseconds: 10_000) { scene.luka.agreement(in: room) != nil })
  }

  @Test("a peer that is not named in the registry, and this node itself, have no policy")
  func strangers() throws {
    let now = Timestamp(milliseconds: 0)
    try PeerTable().permit(.documents, with: Handle("zz"), at: now)
  }
}
