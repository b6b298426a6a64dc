import LiaisonClient
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import SimulationKit
import Testing

@Suite("People")
struct PeopleTests {
  private let region: SimulationKit.Region
  private let ana: SimulatedDevice
  private let bo: SimulatedDevice
  private let carla: SimulatedDevice

  init() throws {
    let region = try SimulationKit.Region(seed: 17, handles: ["xa", "xb", "xc"])
    let devices = try ["ana@xa", "bo@xb", "carla@xc"].map { try region.enrol($0) }
    #expect(region.run { devices.allSatisfy(\.isIdle) })
    region.run(milliseconds: 10_000)
    self.region = region
    (ana, bo, carla) = (devices[0], devices[1], devices[2])
  }

  /// Asks as a device does, and lets it take the answer; gives it.
  @discardableResult
  private func ask(_ device: SimulatedDevice, _ body: Frame.Body) throws -> Frame.Body {
    let engine = try device.open()
    let identity = try engine.identity
    let answer = try region.network.node(identity.address.handle).answer(
      to: body, from: .device(identity.device, inboxPosition: engine.inboxPosition))
    if case .directoryAnswer(let found) = answer { try engine.takeFound(found, now: region.now) }
    return answer
  }

  private func say(_ device: SimulatedDevice, _ statement: Frame.MemberStatement) throws {
    guard case .done = try ask(device, .memberStatement(statement)) else { throw SimulationError("not said") }
    let address = try device.address
    try ask(device, .directoryQuery(.address(address)))
    try ask(device, .directoryQuery(.vouches(of: address)))
    region.run(milliseconds: 20_000)
  }

  private func change(_ set: (inout EntryChange) throws -> Void) rethrows -> EntryChange {
    var change = EntryChange()
    try set(&change)
    return change
  }

  @Test("say what is said of them, change a part of it, and confirm it; are reminded before it is stale")
  func entries() throws {
    let engine = try bo.open()
    #expect(try engine.ownEntry == nil && engine.entryDue(now: region.now) == nil)
    // Nothing is not confirmed.
    #expect { try engine.nextEntry(EntryChange(), now: region.now) } throws: {
      ($0 as? ClientError)?.code == "entry-unknown"
    }
    let first = try change {
      $0.institution = "Grid Operator"
      $0.languages = [try LanguageTag("ka")]
      $0.alternate = try Address("eva@xb")
    }
    try say(bo, .entry(engine.nextEntry(first, now: region.now)))
    let second = change {
      $0.duty = "incidents"
      $0.removesAlternate = true
    }
    try say(bo, .entry(engine.nextEntry(second, now: region.now)))
    let entry = try #require(try engine.ownEntry)
    #expect(entry.institution == "Grid Operator" && entry.duty == "incidents" && entry.alternate == nil)
    let days: UInt64 = 86_400_000
    #expect(try engine.entryDue(now: entry.confirmedAt.adding(milliseconds: 165 * days)) == nil)
    #expect(try engine.entryDue(now: entry.confirmedAt.adding(milliseconds: 167 * days)) == entry.staleAt)
    #expect(try engine.entryDue(now: entry.confirmedAt.adding(milliseconds: 200 * days)) == entry.staleAt)
    let confirmed = try engine.nextEntry(EntryChange(), now: region.now).claim()
    #expect(confirmed.institution == entry.institution && confirmed.serial > entry.serial)
    #expect(confirmed.confirmedAt == region.now)
  }

  @Test("keep what they say where the machine that signed it is removed, and are told to say it again")
  func removedSigner() throws {
    let set = change { $0.institution = "Grid Operator" }
    try say(bo, .entry(bo.open().nextEntry(set, now: region.now)))
    let other = try region.enrol("bo@xb")
    #expect(region.run { other.isIdle })
    let engine = try other.open()
    try ask(other, .directoryQuery(.address(bo.address)))
    #expect(try engine.ownEntry?.institution == "Grid Operator" && !engine.ownEntryIsGone)
    guard case .done = try ask(other, .deviceRemove(bo.open().identity.device)) else {
      throw SimulationError("not removed")
    }
    try ask(other, .directoryQuery(.address(bo.address)))
    #expect(try engine.ownEntry == nil && engine.ownEntryIsGone)
    let next = try engine.nextEntry(change { $0.duty = "incidents" }, now: region.now)
    #expect(try next.claim().institution == "Grid Operator" && next.claim().device == engine.identity.device)
    try say(other, .entry(next))
    #expect(try engine.ownEntry?.duty == "incidents" && !engine.ownEntryIsGone)
  }

  @Test("red team: an entry with the last of all numbers is not taken, and ends no program")
  func lastSerial() throws {
    let engine = try bo.open()
    let identity = try engine.identity
    let entry = try PersonEntry(
      address: identity.address, device: identity.device, institution: "Last", serial: .max, confirmedAt: region.now)
    try engine.takeFound(
      Frame.DirectoryAnswer(
        people: Frame.People(entries: [Signed(entry, by: identity.signatureKey).unverified])), now: region.now)
    #expect(try engine.ownEntry == nil)
    _ = try engine.nextEntry(change { $0.duty = "incidents" }, now: region.now)
  }

  @Test("are found by what was last seen of them, as their node finds them")
  func offline() throws {
    let set = try change {
      $0.institution = "Élan Grid"
      $0.languages = [try LanguageTag("ka")]
    }
    try say(bo, .entry(bo.open().nextEntry(set, now: region.now)))
    let engine = try ana.open()
    #expect(try engine.contacts(matching: "elan").isEmpty)
    try ask(ana, .directoryQuery(.text("elan")))
    func found(_ text: String, _ filter: Frame.PeopleFilter = Frame.PeopleFilter()) throws -> [String] {
      try engine.contacts(matching: text, filter: filter, now: region.now).map(\.address.description)
    }
    #expect(try found("ELAN bo") == ["bo@xb"])
    #expect(try found("lan").isEmpty && found("\"").isEmpty)
    #expect(try found("", Frame.PeopleFilter(country: "xb")) == ["bo@xb"])
    #expect(try found("", Frame.PeopleFilter(country: "xc")).isEmpty)
    #expect(try found("", Frame.PeopleFilter(language: LanguageTag("ka-GE"))) == ["bo@xb"])
    #expect(try found("", Frame.PeopleFilter(discipline: .physical)).isEmpty)
    #expect(try found("", Frame.PeopleFilter(isStale: true)).isEmpty)
    #expect(try engine.contact(bo.address)?.entry?.institution == "Élan Grid")
    // Not in anybody's words but their own.
    let forged = try PersonEntry(
      address: bo.address, device: bo.open().identity.device, institution: "Forged", serial: UInt64(Int64.max),
      confirmedAt: region.now)
    let lie = Signed(forged, by: SigningKey<DeviceSignaturePurpose>()).unverified
    try engine.take(Frame.DirectoryAnswer(people: Frame.People(entries: [lie])), now: region.now)
    #expect(try engine.contact(bo.address)?.entry?.institution == "Élan Grid")
  }

  @Test("of a vCard are not believed until their country confirms them, and what differs is shown")
  func imported() throws {
    let engine = try ana.open()
    let text = """
      BEGIN:VCARD
      VERSION:4.0
      FN:Carla Cross
      X-LIAISON-ADDRESS:carla@xc
      ORG:Harbour
      END:VCARD
      BEGIN:VCARD
      VERSION:4.0
      FN:Nobody
      END:VCARD
      """
    let result = try engine.importPeople(VCard.read(Array(text.utf8)).cards)
    #expect(try result.imported == [carla.address] && result.without == 1)
    let before = try #require(try engine.importedPeople(matching: "harb").first)
    #expect(before.contact == nil && before.differences.isEmpty)
    // It is nobody's contact: nothing is verified or vouched for by it.
    #expect(try engine.contact(carla.address) == nil && engine.contacts(matching: "carla").isEmpty)
    #expect { try engine.safetyNumber(with: carla.address) } throws: { ($0 as? ClientError)?.code == "contact-unknown" }
    #expect {
      try engine.makeVouch(for: carla.address, .metInPerson, lifetimeMilliseconds: 1, now: region.now)
    } throws: { ($0 as? ClientError)?.code == "contact-unknown" }
    try ask(ana, .directoryQuery(.text("carla")))
    let after = try #require(try engine.importedPeople(matching: "harb").first)
    #expect(after.contact?.address == (try carla.address))
    #expect(after.differences.contains("institution: the vCard said Harbour"))
    #expect(try engine.contact(carla.address)?.card.name != "Carla Cross")
    try engine.forgetImported(carla.address)
    #expect(try engine.importedPeople().isEmpty && engine.contact(carla.address) != nil)
    #expect { try engine.forgetImported(carla.address) } throws: { ($0 as? ClientError)?.code == "imported-unknown" }
  }

  // MARK: Vouches

  private func vouch(_ voucher: SimulatedDevice, for subject: SimulatedDevice) throws -> Unverified<Vouch> {
    try ask(voucher, .directoryQuery(.text(subject.address.description)))
    let vouch = try voucher.open().makeVouch(
      for: subject.address, .metInPerson, lifetimeMilliseconds: 30 * 86_400_000, now: region.now)
    try say(voucher, .vouch(vouch))
    return vouch
  }

  private func ways(to person: SimulatedDevice) throws -> [String] {
    try ask(ana, .directoryQuery(.ways(to: person.address)))
    // As NodeClient does.
    for _ in 0..<VouchPaths.hopsMax {
      for voucher in try ana.open().vouchers(onWaysTo: person.address, now: region.now) {
        try ask(ana, .directoryQuery(.vouches(of: voucher)))
      }
    }
    return try ana.open().vouchPaths(to: person.address, now: region.now).paths.map { path in
      path.map(\.subject.member).joined(separator: " ")
    }
  }

  private func standings(of person: SimulatedDevice) throws -> [VouchStanding] {
    try ask(ana, .directoryQuery(.vouches(of: person.address)))
    return try ana.open().vouches(now: region.now).filter { try $0.vouch.subject == person.address }.map(\.standing)
  }

  @Test("who vouch for one another make a way, which is shown and does nothing else")
  func paths() throws {
    let before = try ana.open().contacts().map(\.confirmation)
    _ = try vouch(ana, for: bo)
    #expect(try ways(to: carla).isEmpty)
    _ = try vouch(bo, for: carla)
    #expect(try ways(to: carla) == ["bo carla"] && ways(to: bo) == ["bo"])
    // Not in the other direction.
    try ask(carla, .directoryQuery(.ways(to: ana.address)))
    #expect(try carla.open().vouchPaths(to: ana.address, now: region.now).paths.isEmpty)
    // Nobody is taken for confirmed by it.
    #expect(before.allSatisfy { $0 == .none })
    #expect(try ana.open().contacts().allSatisfy { $0.confirmation == .none })
    // It ends by itself.
    region.network.leap(milliseconds: 31 * 86_400_000)
    #expect(try ana.open().vouchPaths(to: carla.address, now: region.now).paths.isEmpty)
  }

  @Test("red team: a vouch that was taken back is not shown again by a node that repeats it")
  func revoked() throws {
    _ = try vouch(ana, for: bo)
    let word = try vouch(bo, for: carla)
    #expect(try ways(to: carla) == ["bo carla"])
    let digits = try String(word.claim().identifier.description.prefix(6))
    let revocation = try bo.open().revokeVouch(digits, now: region.now)
    try say(bo, .revocation(revocation))
    #expect(try ways(to: carla).isEmpty)
    // The device saw the vouch before; now its node, or somebody with its key, shows it the vouch again.
    let lie = Frame.DirectoryAnswer(people: Frame.People(vouches: [word]))
    #expect(try standings(of: carla) == [.revoked])
    try ask(ana, .directoryQuery(.vouches(of: bo.address)))
    for _ in 1...2 { try ana.open().takeFound(lie, now: region.now) }
    #expect(try ana.open().vouchPaths(to: carla.address, now: region.now).paths.isEmpty)
    #expect(
      try ana.open().vouches(now: region.now).filter { try $0.vouch.voucher == bo.address }.map(\.standing) == [
        .revoked
      ])
    // Nor is it taken back a second time, or made again at the node.
    #expect { try bo.open().revokeVouch(digits, now: region.now) } throws: {
      ($0 as? ClientError)?.code == "vouch-unknown"
    }
    guard case .failure(let failure) = try ask(bo, .memberStatement(.vouch(word))) else {
      Issue.record("a vouch that was taken back was made again")
      return
    }
    #expect(failure.reason == .conflict)
  }

  @Test("red team: a vouch for other keys, of a removed device or of a suspended country's person does not count")
  func worthless() throws {
    _ = try vouch(ana, for: bo)
    _ = try vouch(bo, for: carla)
    #expect(try ways(to: carla) == ["bo carla"])
    // Carla's country brings in a machine for her: the word was not for it.
    let second = try region.enrol("carla@xc")
    #expect(region.run { second.isIdle })
    region.run(milliseconds: 20_000)
    #expect(try ways(to: carla).isEmpty)
    #expect(try standings(of: carla) == [.otherKeys])
    // Without it, it counts again; without Bo's machine, which signed it, no more.
    let extra = try second.open().identity.device
    guard case .done = try ask(carla, .deviceRemove(extra)) else { throw SimulationError("not removed") }
    region.run(milliseconds: 20_000)
    #expect(try ways(to: carla) == ["bo carla"])
    let other = try region.enrol("bo@xb")
    #expect(region.run { other.isIdle })
    let lost = try bo.open().identity.device
    guard case .done = try ask(other, .deviceRemove(lost)) else { throw SimulationError("not removed") }
    region.run(milliseconds: 20_000)
    #expect(try ways(to: carla).isEmpty)
    try ask(ana, .directoryQuery(.text("bo")))
    #expect(try standings(of: carla) == [.notSigned])
  }

  @Test("whom their country lists no longer, or whose card has ended, vouch for nobody")
  func ended() throws {
    _ = try vouch(ana, for: bo)
    _ = try vouch(bo, for: carla)
    #expect(try ways(to: carla) == ["bo carla"])
    // The card ends while the vouches last.
    let card = try #require(try ana.open().contact(bo.address)?.card)
    let long = try ana.open().makeVouch(
      for: bo.address, .workedWith, lifetimeMilliseconds: Limits.vouchMillisecondsMax, now: region.now)
    try ana.open().takeFound(Frame.DirectoryAnswer(people: Frame.People(vouches: [long])), now: region.now)
    func standing(at now: Timestamp) throws -> VouchStanding? {
      try ana.open().vouches(now: now).first { try $0.vouch.identifier == long.claim().identifier }?.standing
    }
    #expect(try standing(at: card.expiresAt.subtracting(milliseconds: 1)) == .counts)
    #expect(try standing(at: card.expiresAt) != .counts)
    // Bo's country, asked for him, has nobody.
    try ana.open().noteUnlisted(bo.address, now: region.now)
    #expect(try ana.open().contact(bo.address)?.unlistedSince == region.now)
    #expect(try ana.open().vouchPaths(to: carla.address, now: region.now).paths.isEmpty)
    #expect(try standing(at: region.now) == .subjectUnknown)
    #expect {
      try ana.open().makeVouch(for: bo.address, .metInPerson, lifetimeMilliseconds: 1, now: region.now)
    } throws: { ($0 as? ClientError)?.code == "contact-ended" }
    // It has him again, and proves it.
    guard
      case .directoryAnswer(let answer) = try region.network.node("xb").answer(
        to: .directoryQuery(.address(bo.address)),
        from: .device(bo.open().identity.device, inboxPosition: bo.open().inboxPosition))
    else { throw SimulationError("no answer") }
    try ana.open().take(answer, now: region.now)
    #expect(try ana.open().contact(bo.address)?.unlistedSince == nil)
    #expect(try ana.open().vouchPaths(to: carla.address, now: region.now).paths.count == 1)
  }

  @Test("red team: nobody of a suspended country vouches for anybody")
  func suspended() throws {
    _ = try vouch(ana, for: bo)
    _ = try vouch(bo, for: carla)
    #expect(try ways(to: carla) == ["bo carla"])
    let (xa, xb, xc) = (
      try region.network.node("xa"), try region.network.node("xb"), try region.network.node("xc")
    )
    xa.trust(
      PeerTable([
        PeerTable.Peer(card: xb.card, standing: .suspended), PeerTable.Peer(card: xc.card, standing: .active),
      ]))
    region.run(milliseconds: 1000)
    guard
      case .directoryAnswer(let answer) = try ask(ana, .directoryQuery(.ways(to: carla.address)))
    else { throw SimulationError("no answer") }
    #expect(answer.people.vouches.isEmpty)
    // The device learns of it with its next connection, and then what it saw before counts no more.
    ana.isOffline = true
    region.run(milliseconds: 2_000)
    ana.isOffline = false
    region.run(milliseconds: 10_000)
    #expect(try ana.open().vouchPaths(to: carla.address, now: region.now).paths.isEmpty)
    #expect(try ana.open().contacts(matching: "bo").map(\.isCountryActive) == [false])
  }
}
