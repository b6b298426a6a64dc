import Crypto
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Testing

/// A node's core without a network: a batch in, its outputs out.
private final class Bench {
  var core: NodeCore<FaultyStore>
  var random = SystemRandomNumberGenerator()
  var now = Timestamp(milliseconds: 1_780_000_000_000)
  let card: Signed<NodeCard>
  let key = SigningKey<NodePurpose>()
  private var links: UInt64 = 0

  init() throws {
    let root = SigningKey<RootPurpose>()
    card = Signed(
      try NodeCard(
        handle: Handle("xa"), country: "XA", name: "Averland", rootKey: root.publicKey, nodeKeys: [key.publicKey],
        endpoints: [], serial: 1, issuedAt: now, expiresAt: now.adding(milliseconds: 1 << 40)), by: root)
    core = NodeCore(identity: try NodeIdentity(card: card, key: key), peers: PeerTable(), store: try FaultyStore())
  }

  func process(_ inputs: Input...) -> [Output] { core.process(inputs, now: now, random: &random) }

  func administer(_ request: AdministrationRequest) throws -> AdministrationAnswer {
    for case .answer(_, let answer) in process(.administration(AdministrationID(1), request)) { return answer }
    throw SimulationError("no answer")
  }

  func invite(_ address: String = "nino@xa") throws -> Invitation {
    let answer = try administer(
      .invite(
        Address(address), profile: MemberProfile(name: "Nino", discipline: .cyber, role: "duty officer"),
        expiresAt: now.adding(milliseconds: 3_600_000)))
    guard case .invitation(let invitation) = answer else { throw SimulationError("\(answer)") }
    return invitation
  }

  /// Brings an invitation on a link of its own.
  func enrol(_ invitation: Invitation, _ device: Device, linkKey: DeviceLinkKey? = nil) -> Frame.Body? {
    links += 1
    let link = LinkID(links)
    let outputs = process(
      .linkOpened(link, .enrolment(linkKey ?? device.linkKey.publicKey)),
      .frame(link, Frame(request: 1, .enrol(device.enrolment(invitation)))))
    for case .send(link, let frame) in outputs { return frame.body }
    return nil
  }

  struct Device {
    let identifier: DeviceIdentifier
    let linkKey = SigningKey<DeviceLinkPurpose>()
    let signatureKey = SigningKey<DeviceSignaturePurpose>()

    init() {
      var random = SystemRandomNumberGenerator()
      identifier = DeviceIdentifier(using: &random)
    }

    func enrolment(_ invitation: Invitation) -> Frame.Enrol {
      let binding = DeviceBinding(
        device: identifier, linkKey: linkKey.publicKey, invitation: Array(SHA256.hash(data: invitation.secret)))
      return Frame.Enrol(
        secret: invitation.secret,
        device: MemberCard.Device(identifier: identifier, signatureKey: signatureKey.publicKey),
        binding: Signed(binding, by: signatureKey).unverified)
    }
  }
}

extension Frame.Body {
  fileprivate var failure: Frame.Failure? { if case .failure(let failure) = self { failure } else { nil } }
}

@Suite("Members")
struct MembersTests {
  @Test("enrol with an invitation and get a card that names their device")
  func enrolment() throws {
    let bench = try Bench()
    let device = Bench.Device()
    guard case .enrolled(let card, let nodeCard)? = try bench.enrol(bench.invite(), device) else {
      throw SimulationError("not enrolled")
    }
    #expect(nodeCard == bench.card.unverified)
    let content = try card.verified(by: bench.card).content
    #expect(content.address == (try Address("nino@xa")))
    #expect(content.devices.map(\.identifier) == [device.identifier])
    #expect(try bench.core.device(linkKey: device.linkKey.publicKey)?.identifier == device.identifier)
    #expect(try bench.core.device(linkKey: SigningKey<DeviceLinkPurpose>().publicKey) == nil)
  }

  @Test("use an invitation once; the device that used it hears the same answer again")
  func usedTwice() throws {
    let bench = try Bench()
    let invitation = try bench.invite()
    let (first, second) = (Bench.Device(), Bench.Device())
    let answer = bench.enrol(invitation, first)
    #expect(bench.enrol(invitation, first) == answer)
    #expect(bench.enrol(invitation, second)?.failure?.text == "this invitation has been used already")
    #expect(try bench.core.device(linkKey: second.linkKey.publicKey) == nil)
  }

  @Test("cannot use an invitation after its end, nor guess one")
  func expired() throws {
    let bench = try Bench()
    var invitation = try bench.invite()
    bench.now = bench.now.adding(milliseconds: 3_600_000)
    #expect(bench.enrol(invitation, Bench.Device())?.failure?.text == "this invitation has expired")
    invitation.secret[0] ^= 1
    #expect(bench.enrol(invitation, Bench.Device())?.failure?.text == "this invitation is not valid here")
  }

  @Test("prove that their keys belong together, and to this very connection")
  func binding() throws {
    let bench = try Bench()
    let invitation = try bench.invite()
    let device = Bench.Device()
    let stranger = SigningKey<DeviceLinkPurpose>().publicKey
    #expect(bench.enrol(invitation, device, linkKey: stranger)?.failure?.reason == .malformed)
    let other = try bench.invite("luka@xa")
    var enrolment = device.enrolment(other)
    enrolment.secret = invitation.secret
    let outputs = bench.process(
      .linkOpened(LinkID(99), .enrolment(device.linkKey.publicKey)),
      .frame(LinkID(99), Frame(request: 1, .enrol(enrolment))))
    #expect(
      outputs.contains { if case .send(_, let frame) = $0 { frame.body.failure?.reason == .malformed } else { false } })
    guard case .enrolled? = bench.enrol(invitation, device) else { throw SimulationError("not enrolled") }
  }

  @Test("lose everything at once when they are revoked, and can be invited again")
  func revocation() throws {
    let bench = try Bench()
    let device = Bench.Device()
    _ = try bench.enrol(bench.invite(), device)
    let pending = try bench.invite()
    _ = bench.process(.linkOpened(LinkID(50), .device(device.identifier, inboxPosition: 0)))
    let outputs = bench.process(
      .administration(AdministrationID(7), .revoke(try Address("nino@xa"), reason: "left the service")))
    #expect(outputs.contains { if case .close(LinkID(50), _?) = $0 { true } else { false } })
    #expect(try bench.core.device(linkKey: device.linkKey.publicKey) == nil)
    #expect(bench.enrol(pending, Bench.Device())?.failure != nil)
    guard case .member(let member, let devices) = try bench.administer(.member(Address("nino@xa"))) else {
      throw SimulationError("no member")
    }
    #expect(member.revocation == "left the service")
    #expect(devices.isEmpty)
    guard case .enrolled(let card, _)? = try bench.enrol(bench.invite(), Bench.Device()) else {
      throw SimulationError("not enrolled again")
    }
    #expect(try card.claim().serial == 2)
    try bench.core.store.checkIntegrity()
  }

  @Test("are invited by their own node alone, with a profile that a card can carry, and not for ever")
  func invitationRules() throws {
    let bench = try Bench()
    func failure(_ address: String, _ name: String, hours: UInt64) throws -> Frame.Failure.Reason? {
      let answer = try bench.administer(
        .invite(
          Address(address), profile: MemberProfile(name: name, discipline: .other, role: ""),
          expiresAt: bench.now.adding(milliseconds: hours * 3_600_000)))
      if case .failed(let failure) = answer { return failure.reason }
      return nil
    }
    #expect(try failure("nino@xb", "Nino", hours: 1) == .notPermitted)
    #expect(try failure("nino@xa", "", hours: 1) == .malformed)
    #expect(try failure("nino@xa", "Nino", hours: 0) == .malformed)
    #expect(try failure("nino@xa", "Nino", hours: 24 * 31) == .malformed)
    #expect(try failure("nino@xa", "Nino", hours: 24 * 30) == nil)
  }

  @Test("are invited together with the trust log's entry that decided it, or neither happens")
  func decision() throws {
    let bench = try Bench()
    func decide(_ address: String) throws -> AdministrationAnswer {
      let invitation = AdministrationRequest.invite(
        try Address(address), profile: MemberProfile(name: "Nino", discipline: .cyber, role: ""),
        expiresAt: bench.now.adding(milliseconds: 1000))
      return try bench.administer(
        .decide(TrustLogEntry(sequence: 0, bytes: [7]), head: [8], PeerTable(), members: invitation))
    }
    guard case .failed(let failure) = try decide("nino@xb") else { throw SimulationError("not refused") }
    #expect(failure.reason == .notPermitted)
    #expect(try bench.core.trustLog().entries.isEmpty)
    #expect(try bench.core.trustLog().head == nil)
    guard case .invitation = try decide("nino@xa") else { throw SimulationError("not invited") }
    #expect(try bench.core.trustLog().entries.map(\.bytes) == [[7]])
    #expect(try bench.core.trustLog().head == [8])
  }

  @Test("keep cards that are in force: the node renews them in time")
  func renewal() throws {
    let bench = try Bench()
    _ = try bench.enrol(bench.invite(), Bench.Device())
    func serial() throws -> UInt64 {
      guard case .member(let member, _) = try bench.administer(.member(Address("nino@xa"))) else { return 0 }
      return member.serial
    }
    _ = bench.process(.tick)
    #expect(try serial() == 1)
    bench.now = bench.now.adding(
      milliseconds: Limits.memberCardLifetimeMilliseconds - Limits.memberCardRenewalMilliseconds + 1)
    _ = bench.process(.tick)
    #expect(try serial() == 2)
  }

  @Test(
    "have their cards signed anew together with the entry that gives the node another key, and not by its next card alone"
  )
  func rotation() throws {
    let bench = try Bench()
    _ = try bench.enrol(bench.invite(), Bench.Device())
    func card() throws -> Unverified<MemberCard>? {
      guard case .member(let member, _) = try bench.administer(.member(Address("nino@xa"))) else { return nil }
      return member.card
    }
    func decide(_ sequence: UInt64, _ key: SigningKey<NodePurpose>, others: [NodeKey]) throws -> NodeKey {
      var next = bench.card.content
      next.serial += sequence + 1
      next.nodeKeys = [key.publicKey] + others
      // Who may sign a card is the registry's question, not the core's.
      let identity = try NodeIdentity(card: Signed(next, by: SigningKey<RootPurpose>()), key: key)
      _ = try bench.administer(
        .decide(
          TrustLogEntry(sequence: sequence, bytes: [7]), head: [8], PeerTable(), identity: identity, members: nil))
      return key.publicKey
    }
    let before = try #require(try card())
    #expect((try? before.verified(by: bench.card)) != nil)
    _ = try decide(0, bench.key, others: [SigningKey<NodePurpose>().publicKey])
    #expect(try card() == before)
    let other = SigningKey<NodePurpose>()
    let key = try decide(1, other, others: [bench.key.publicKey])
    let after = try #require(try card())
    #expect((try? after.verified(by: key)) != nil && (try? before.verified(by: key)) == nil)
    #expect(try after.claim().serial == before.claim().serial + 1)
    #expect(bench.core.identity.card.content.serial == 3)
  }

  @Test("say one thing on an enrolment link, and it is closed")
  func oneRequest() throws {
    let bench = try Bench()
    let link = LinkID(1)
    let outputs = bench.process(
      .linkOpened(link, .enrolment(SigningKey<DeviceLinkPurpose>().publicKey)),
      .frame(link, Frame(request: 1, .peersRequest)))
    #expect(outputs.contains { if case .close(link, _?) = $0 { true } else { false } })
  }
}
