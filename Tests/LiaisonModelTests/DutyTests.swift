import LiaisonModel
import TLSPresentation
import Testing

@Suite("Duty roles")
struct DutyTests {
  private let nino = SigningKey<DeviceSignaturePurpose>()
  private let ana = SigningKey<DeviceSignaturePurpose>()

  private func device(_ byte: UInt8, _ key: SigningKey<DeviceSignaturePurpose>) throws -> MemberCard.Device {
    MemberCard.Device(
      identifier: try DeviceIdentifier(bytes: [UInt8](repeating: byte, count: 16)), signatureKey: key.publicKey)
  }

  private func offer(expiresIn milliseconds: UInt64 = 1000) throws -> Unverified<DutyOffer> {
    Signed(
      DutyOffer(
        role: try Address("duty-officer@xa"), from: try Address("nino@xa"), device: try device(1, nino).identifier,
        to: try Address("ana@xa"), serial: 4, offeredAt: Samples.now,
        expiresAt: Samples.now.adding(milliseconds: milliseconds)), by: nino
    ).unverified
  }

  private func accept(
    _ offer: Unverified<DutyOffer>, by key: SigningKey<DeviceSignaturePurpose>, after milliseconds: UInt64 = 10
  ) throws -> HandOver {
    let acceptance = DutyAcceptance(
      of: offer, device: try device(2, ana).identifier, acceptedAt: Samples.now.adding(milliseconds: milliseconds))
    return HandOver(offer: offer, acceptance: Signed(acceptance, by: key).unverified)
  }

  @Test("go to the holders, without them to the alternate, then to the contact point, then to nobody")
  func acting() throws {
    let (nino, ana, gio) = (try Address("nino@xa"), try Address("ana@xa"), try Address("gio@xa"))
    let cases: [([Address], Address?, Address?, RoleCard.Standing, [Address])] = [
      ([nino, ana], gio, gio, .holders, [nino, ana]), ([nino], ana, gio, .holders, [nino]),
      ([], ana, gio, .alternate, [ana]), ([], nil, gio, .contactPoint, [gio]), ([], nil, nil, .vacant, []),
    ]
    for (holders, alternate, contactPoint, standing, people) in cases {
      let acting = RoleCard.Duty(
        title: "Duty officer", holders: holders, alternate: alternate, contactPoint: contactPoint
      ).acting
      #expect(acting.standing == standing)
      #expect(acting.people == people)
    }
  }

  @Test("have cards that name people of their own node only, each holder once, and not themselves")
  func rules() throws {
    func card(_ holders: [String], title: String = "Duty officer") throws -> RoleCard {
      try RoleCard(
        address: Address("duty-officer@xa"),
        duty: RoleCard.Duty(title: title, holders: holders.map { try Address($0) }), serial: 1, issuedAt: Samples.now,
        expiresAt: Samples.now.adding(milliseconds: 1))
    }
    _ = try card([])
    _ = try card((0..<8).map { "p\($0)@xa" })
    for wrong in [["nino@xb"], ["nino@xa", "nino@xa"], ["duty-officer@xa"], (0..<9).map { "p\($0)@xa" }] {
      #expect(throws: ModelError.self, "\(wrong)") { try card(wrong) }
    }
    #expect(throws: ModelError.self) { try card([], title: "") }
    #expect(throws: ModelError.self) { try card([], title: String(repeating: "x", count: 129)) }
  }

  @Test("are handed over where both devices signed the same, in time")
  func handOver() throws {
    let (from, to) = ([try device(1, nino)], [try device(2, ana)])
    let offer = try offer()
    let verified = try accept(offer, by: ana).verified(from: from, to: to)
    #expect(verified.offer.role.description == "duty-officer@xa")
    #expect(verified.acceptedAt == Samples.now.adding(milliseconds: 10))
    // Another key signed, another offer was accepted, the sides are exchanged, or it came too late.
    #expect(throws: ModelError.badSignature) { try accept(offer, by: nino).verified(from: from, to: to) }
    var other = try accept(offer, by: ana)
    other.offer = try self.offer(expiresIn: 2000)
    #expect(throws: ModelError.self) { try other.verified(from: from, to: to) }
    #expect(throws: ModelError.self) { try accept(offer, by: ana).verified(from: to, to: from) }
    let late = try accept(offer, by: ana, after: 1001 + Limits.clockErrorMillisecondsMax)
    #expect(throws: ModelError.self) { try late.verified(from: from, to: to) }
  }

  @Test("have cards that show a hand-over of theirs alone: of this role, by an earlier card, to a holder")
  func otherHandOver() throws {
    let handOver = try accept(offer(), by: ana)
    func card(_ role: String = "duty-officer@xa", to holder: String = "ana@xa", serial: UInt64 = 5) throws -> RoleCard {
      try RoleCard(
        address: Address(role), duty: RoleCard.Duty(title: "Duty officer", holders: [Address(holder)]), serial: serial,
        issuedAt: Samples.now, expiresAt: Samples.now.adding(milliseconds: 1), handOver: handOver)
    }
    #expect(try card().claimedOrigin == .unverified(from: Address("nino@xa"), to: Address("ana@xa")))
    #expect(throws: ModelError.self) { try card(to: "gio@xa") }
    #expect(throws: ModelError.self) { try card("watch@xa") }
    #expect(throws: ModelError.self) { try card(serial: 4) }
    // Nor does one decode that a node signed all the same.
    var other = try card()
    other.duty.holders = [try Address("gio@xa")]
    #expect(throws: TLSPresentationError.self) { try RoleCard(tlsEncoded: other.tlsEncoded) }
  }

  @Test("hand over texts and documents, and nothing inside another")
  func handedOver() throws {
    let bo = try Address("bo@xb")
    let text = try Samples.content(.text("gate 3"))
    let message = try #require(HandedOver(text, from: bo))
    #expect(try HandedOver(tlsEncoded: message.tlsEncoded) == message)
    #expect(HandedOver(try Samples.content(.leave), from: bo) == nil)
    // Handed over twice, it stays what its writer wrote.
    let again = HandedOver(try Samples.content(.handedOver(message)), from: try Address("nino@xa"))
    #expect(again == message)
    var nested = message.tlsEncoded
    // The kind stands behind the address, identifier, time, precedence and marking.
    let kind = 1 + bo.description.utf8.count + 16 + 8 + 2
    #expect(nested[kind + 1] == 1)
    nested[kind + 1] = 21
    #expect(throws: TLSPresentationError.self) { try HandedOver(tlsEncoded: nested) }
  }
}

@Suite("Answers to communication checks")
struct ComCheckAnswerTests {
  private let device = SigningKey<DeviceSignaturePurpose>()

  private func nodeCard(_ handle: String = "xa") throws -> Signed<NodeCard> {
    Signed(try Samples.nodeCard(handle: handle), by: Samples.root)
  }

  private func proven(
    person: String = "ana@xa", holder: String = "ana@xa", role: String = "duty-officer@xa", digest: UInt8 = 7,
    key: SigningKey<DeviceSignaturePurpose>? = nil, node: SigningKey<NodePurpose> = Samples.node
  ) throws -> ProvenAnswer {
    var card = try Samples.memberCard()
    card.devices[0].signatureKey = device.publicKey
    let answer = ComCheckAnswer(
      checkDigest: [UInt8](repeating: digest, count: 32), role: try Address(role), person: try Address(person),
      device: card.devices[0].identifier, answeredAt: Samples.now)
    let roleCard = try RoleCard(
      address: Address(role), duty: RoleCard.Duty(title: "Duty officer", holders: [Address(holder)]), serial: 1,
      issuedAt: Samples.now, expiresAt: Samples.now.adding(milliseconds: 1000))
    return ProvenAnswer(
      answer: Signed(answer, by: key ?? device).unverified, memberCard: Signed(card, by: node).unverified,
      roleCard: Signed(roleCard, by: node).unverified)
  }

  @Test("count where the person acts for the country's duty officer, and by nobody else's word")
  func answers() throws {
    let (card, digest) = (try nodeCard(), [UInt8](repeating: 7, count: 32))
    let found = try proven().verified(of: digest, by: card)
    #expect(found.answer.person.description == "ana@xa")
    #expect(found.standing == .holders)
    let wrong: [(String, ProvenAnswer)] = [
      ("another check", try proven(digest: 8)), ("another device", try proven(key: SigningKey())),
      ("another person", try proven(person: "nino@xa")), ("who does not hold the role", try proven(holder: "nino@xa")),
      ("another role", try proven(role: "watch@xa")), ("another node", try proven(node: SigningKey())),
    ]
    for (what, answer) in wrong {
      #expect(throws: ModelError.self, "\(what)") { try answer.verified(of: digest, by: card) }
    }
    #expect(throws: ModelError.self) { try proven().verified(of: digest, by: nodeCard("xb")) }
  }
}
