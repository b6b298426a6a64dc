import LiaisonClient
import LiaisonModel
import LiaisonProtocol
import NodeSimulation
import SimulationKit
import Testing

@Suite("Contacts")
struct ContactTests {
  private let region: SimulationKit.Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice

  init() throws {
    region = try SimulationKit.Region(seed: 13, handles: ["xa", "xb"])
    let ana = try region.enrol("ana@xa")
    let bo = try region.enrol("bo@xb")
    #expect(region.run { ana.isIdle && bo.isIdle })
    _ = try ana.act { try $0.roomOf([bo.address], now: $1) }
    #expect(region.run { ana.isIdle && bo.isIdle })
    (self.ana, self.bo) = (ana, bo)
    region.run(milliseconds: 2000)
  }

  @Test("have the safety number that Protocols/statements.md describes")
  func specifiedSafetyNumber() throws {
    // Made from the page with a few lines of Python, not with this project's code.
    func party(_ address: String, root: UInt8, devices: [UInt8]) throws -> SafetyNumber.Party {
      SafetyNumber.Party(
        address: try Address(address), rootKey: try RootKey(bytes: [UInt8](repeating: root, count: 32)),
        devices: try devices.map { byte in
          MemberCard.Device(
            identifier: try DeviceIdentifier(bytes: [UInt8](repeating: 0, count: 16)),
            signatureKey: try DeviceSignatureKey(bytes: [UInt8](repeating: byte, count: 32)))
        })
    }
    let (ana, boris) = (
      try party("ana@xa", root: 1, devices: [5, 4]), try party("boris@xb", root: 2, devices: [3])
    )
    for number in [SafetyNumber(ana, boris), SafetyNumber(boris, ana)] {
      #expect(number.digits == "007560102698167893459745996716590619338665904079053542393049")
      #expect(
        number.words.joined(separator: " ")
          == "mujaz bajol halif madob funur jifoz dakop vigak gakom fisib dunoj bisop")
    }
  }

  @Test("have a safety number that is the same on both sides")
  func safetyNumbers() throws {
    let number = try ana.open().safetyNumber(with: bo.address)
    #expect(try bo.open().safetyNumber(with: ana.address) == number)
    #expect(number.digits.count == 60)
    #expect(number.groups.count == 12)
    #expect { try ana.open().safetyNumber(with: ana.address) } throws: { ($0 as? ClientError)?.code == "verify-self" }
    #expect { try ana.open().safetyNumber(with: Address("nobody@xb")) } throws: {
      ($0 as? ClientError)?.code == "contact-unknown"
    }
  }

  @Test("that were confirmed are flagged when a device is added")
  func pins() throws {
    let address = try bo.address
    #expect(try ana.open().contact(address)?.confirmation == Contact.Confirmation.none)
    let number = try ana.open().safetyNumber(with: address)
    let confirmedAt = region.now
    try ana.open().confirm(address, now: confirmedAt)
    #expect(try !ana.open().hasChangedKeys(address))
    #expect(try ana.open().contact(address)?.confirmation == .confirmed(at: confirmedAt))
    try addDevice()
    #expect(try ana.open().hasChangedKeys(address))
    #expect(try ana.open().contact(address)?.confirmation == .changed(since: confirmedAt))
    #expect(try ana.open().safetyNumber(with: address) != number)
  }

  /// Bo's node brings in a machine for him, and Ana's sees his next card.
  private func addDevice() throws {
    let address = try bo.address
    let second = try region.enrol("bo@xb")
    #expect(region.run { second.isIdle })
    let own = try second.open().identity.device
    guard
      case .directoryAnswer(let answer) = try region.network.node("xb").answer(
        to: .directoryQuery(.address(address)), from: .device(own, inboxPosition: second.open().inboxPosition))
    else { throw SimulationError("no answer") }
    try ana.open().take(answer, now: region.now)
  }

  @Test("are confirmed by the number that was shown, and by no other")
  func shownNumber() throws {
    let engine = try ana.open()
    let address = try bo.address
    #expect { try engine.confirm(address, now: region.now) } throws: {
      ($0 as? ClientError)?.code == "number-not-shown"
    }
    let number = try engine.safetyNumber(with: address)
    // Between the comparison and the confirmation, keys come that nobody has compared.
    try addDevice()
    #expect { try engine.confirm(address, now: region.now) } throws: {
      ($0 as? ClientError)?.code == "number-changed" && ($0 as? ClientError)?.kind == .badData
    }
    #expect(try engine.contact(address)?.confirmation == Contact.Confirmation.none)
    #expect(try engine.safetyNumber(with: address) != number)
    try engine.confirm(address, now: region.now)
    // A later one is later, also where the clock was ahead before.
    try engine.confirm(address, now: region.now.subtracting(milliseconds: 60_000))
    #expect(try engine.contact(address)?.confirmation == .confirmed(at: region.now.adding(milliseconds: 1)))
  }

  @Test("are asked about in the very transaction that sends")
  func askedAbout() throws {
    let room = try #require(try ana.open().rooms().first?.identifier)
    try ana.confirm(bo.address)
    func draft(_ asks: Bool) -> Draft { Draft(.text("as agreed"), marking: .green, asksAboutKeys: asks) }
    try ana.act { _ = try $0.send(draft(true), to: room, now: $1) }
    try addDevice()
    #expect { try ana.open().send(draft(true), to: room, now: region.now) } throws: {
      ($0 as? ClientError)?.code == "keys-changed"
    }
    try ana.act { _ = try $0.send(draft(false), to: room, now: $1) }
    #expect(region.run { ana.isIdle && bo.isIdle })
    #expect(try ana.texts(of: room).count == 2 && bo.texts(of: room).count == 2)
  }

  @Test("that were confirmed and that no node bears out any more count as changed")
  func unverifiable() throws {
    let engine = try ana.open()
    let room = try #require(try engine.rooms().first?.identifier)
    try ana.confirm(bo.address)
    // The country's root key names another node key, and Bo's card is of before.
    let xb = try region.network.node("xb")
    var next = xb.card.content
    next.nodeKeys = [SigningKey<NodePurpose>().publicKey]
    next.serial += 1
    var session = Session(engine: engine, position: try engine.inboxPosition)
    session.answered(
      .peers,
      with: .peers([Frame.Peer(nodeCard: Signed(next, by: xb.rootKey).unverified, isActive: true, isLinked: true)]))
    _ = try session.next(now: region.now)
    #expect(try engine.contact(bo.address) == nil && engine.hasChangedKeys(bo.address))
    guard case .changed? = try engine.contacts(matching: "bo").first?.confirmation else {
      Issue.record("keys that nobody bears out pass for confirmed")
      return
    }
    #expect {
      try engine.send(Draft(.text("x"), marking: .green, asksAboutKeys: true), to: room, now: region.now)
    } throws: { ($0 as? ClientError)?.code == "keys-changed" }
  }

  @Test("of a country that shows another root key are not believed")
  func rootChange() throws {
    let engine = try ana.open()
    let known = try #require(try engine.contact(bo.address))
    let root = SigningKey<RootPurpose>()
    let node = SigningKey<NodePurpose>()
    let forged = Signed(
      try NodeCard(
        handle: Handle("xb"), country: "XB", name: "Brenova", rootKey: root.publicKey, nodeKeys: [node.publicKey],
        endpoints: [], serial: 99, issuedAt: region.now, expiresAt: region.now.adding(milliseconds: 1_000_000)),
      by: root)
    var session = Session(engine: engine, position: 0)
    session.answered(.peers, with: .peers([Frame.Peer(nodeCard: forged.unverified, isActive: true, isLinked: true)]))
    _ = try session.next(now: region.now)
    let contact = try #require(try engine.contact(bo.address))
    #expect(contact.rootKeyRefused)
    #expect(contact.card == known.card)
    let impostor = Signed(
      try MemberCard(
        address: bo.address, name: "Bo", discipline: .cyber, role: "", devices: [], serial: 99, issuedAt: region.now,
        expiresAt: region.now.adding(milliseconds: 1_000_000)), by: node)
    #expect(throws: ClientError.self) {
      try engine.take(Frame.DirectoryAnswer(cards: [impostor.unverified]), now: region.now)
    }
    #expect(try engine.contact(bo.address)?.card == known.card)
  }

  @Test("are found by any part of what is known of them")
  func search() throws {
    #expect(try ana.open().contacts(matching: "BO@").map(\.address) == [bo.address])
    #expect(try ana.open().contacts(matching: "nobody").isEmpty)
  }
}
