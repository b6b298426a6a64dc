import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import NodeSimulation
import Testing

@Suite("The directory of people")
struct PeopleTests {
  /// `nino@xa`; `vera@xb` and `dana@xb`; `carla@xc`.
  private final class Scene {
    let region: Region
    let nino: PlayedDevice
    let vera: PlayedDevice
    let dana: PlayedDevice
    let carla: PlayedDevice
    let xa: SimulatedNode
    let xb: SimulatedNode
    let xc: SimulatedNode

    init(seed: UInt64) throws {
      region = Region(seed: seed)
      try region.addNodes(["xa", "xb", "xc"])
      let devices = try region.enrol(["nino@xa", "vera@xb", "dana@xb", "carla@xc"])
      (nino, vera, dana, carla) = (devices[0], devices[1], devices[2], devices[3])
      (xa, xb, xc) = (try region.node("xa"), try region.node("xb"), try region.node("xc"))
      region.run(milliseconds: 10_000)
    }

    func answer(to body: Frame.Body, by device: PlayedDevice) throws -> Frame.Body {
      var answer: Frame.Body?
      device.request(body) { answer = $0 }
      guard region.run(atMostMilliseconds: 30_000, until: { answer != nil }), let answer else {
        throw SimulationError("no answer")
      }
      return answer
    }

    func found(
      _ text: String, _ filter: Frame.PeopleFilter = Frame.PeopleFilter(), by device: PlayedDevice? = nil
    ) throws -> [String] {
      guard
        case .directoryAnswer(let found) = try answer(
          to: .directoryQuery(.text(text, filter: filter)), by: device ?? nino)
      else { throw SimulationError("no answer of the directory") }
      return try found.cards.map { try $0.claim().address.description }.sorted()
    }

    /// Says something as a device does; the refusal, where there is one.
    @discardableResult
    func say(
      _ device: PlayedDevice, serial: UInt64 = 1, at confirmedAt: Timestamp? = nil, institution: String = "",
      languages: [String] = [], alternate: Address? = nil, by key: SigningKey<DeviceSignaturePurpose>? = nil,
      of address: Address? = nil
    ) throws -> Frame.Failure? {
      let entry = try PersonEntry(
        address: address ?? device.address, device: device.identifier, institution: institution,
        languages: languages.map { try LanguageTag($0) }, timeZone: TimeZoneName("Asia/Tbilisi"), duty: "incidents",
        alternate: alternate, serial: serial, confirmedAt: confirmedAt ?? region.now)
      let statement = Frame.MemberStatement.entry(Signed(entry, by: key ?? device.signatureKey).unverified)
      if case .failure(let failure) = try answer(to: .memberStatement(statement), by: device) { return failure }
      return nil
    }

    /// Has a member vouch for another one.
    func vouch(_ device: PlayedDevice, for subject: PlayedDevice) throws {
      let vouch = try Vouch(
        identifier: VouchIdentifier(bytes: [UInt8](repeating: 1, count: 16)), voucher: device.address,
        device: device.identifier, subject: subject.address,
        rootKey: region.node(subject.address.handle.description).card.content.rootKey,
        signatureKeys: [subject.signatureKey.publicKey], kind: .metInPerson, madeAt: region.now,
        expiresAt: region.now.adding(milliseconds: 30 * 86_400_000))
      let statement = Frame.MemberStatement.vouch(Signed(vouch, by: device.signatureKey).unverified)
      guard case .done = try answer(to: .memberStatement(statement), by: device) else {
        throw SimulationError("not taken")
      }
    }

    /// Has `xb` have this policy for `xa`, or not trust it at all.
    func permit(_ policy: PeerPolicy, _ standing: PeerTable.Standing = .active) {
      xb.trust(
        PeerTable([
          PeerTable.Peer(card: xa.card, standing: standing, policy: policy),
          PeerTable.Peer(card: xc.card, standing: .active),
        ]))
      region.run(milliseconds: 20_000)
    }
  }

  @Test("finds people of every active country by any word, in any order, without case and accents")
  func search() throws {
    let scene = try Scene(seed: 71)
    #expect(try scene.say(scene.vera, institution: "Élan Grid Operator", languages: ["ka", "en-GB"]) == nil)
    #expect(try scene.say(scene.carla, institution: "Harbour Authority", languages: ["en"]) == nil)
    scene.region.run(milliseconds: 20_000)
    let all = ["carla@xc", "dana@xb", "nino@xa", "vera@xb"]
    for (text, expected) in [
      ("", all), ("ELAN", ["vera@xb"]), ("operator élan", ["vera@xb"]), ("oper VER", ["vera@xb"]),
      ("tbilisi", ["carla@xc", "vera@xb"]), ("incidents harb", ["carla@xc"]), ("xb", ["dana@xb", "vera@xb"]),
      ("vera@xb", ["vera@xb"]), ("cyber", all), ("perator", []), ("\"", []), ("\" OR text:v", []),
      ("en-GB", ["vera@xb"]),
      ("v* OR nino", []), ("NOT dana", []), ("%", []), ("\"\u{301}q", []), ("x\u{0}\" y", []),
      ("\u{0}vera", ["vera@xb"]),
    ] as [(String, [String])] { #expect(try scene.found(text) == expected, "\(text)") }
    #expect(try scene.found("", Frame.PeopleFilter(country: "xb")) == ["dana@xb", "vera@xb"])
    #expect(try scene.found("v", Frame.PeopleFilter(country: "xc")).isEmpty)
    #expect(try scene.found("", Frame.PeopleFilter(country: "xz")).isEmpty)
    #expect(try scene.found("", Frame.PeopleFilter(language: LanguageTag("en"))) == ["carla@xc", "vera@xb"])
    #expect(try scene.found("", Frame.PeopleFilter(discipline: .cyber, language: LanguageTag("ka"))) == ["vera@xb"])
    #expect(try scene.found("", Frame.PeopleFilter(discipline: .physical)).isEmpty)
    #expect(try scene.found("", Frame.PeopleFilter(isStale: true)).isEmpty)
    // What somebody says anew takes the place of what they said.
    #expect(try scene.say(scene.vera, serial: 2, institution: "Rail") == nil)
    scene.region.run(milliseconds: 20_000)
    #expect(try scene.found("elan").isEmpty && scene.found("rail") == ["vera@xb"])
    // A country that is away is found as it was last seen.
    scene.xb.crash()
    scene.region.run(milliseconds: 5_000)
    #expect(try scene.found("rail") == ["vera@xb"])
    // Who is no member any more is not.
    scene.xb.start()
    _ = try scene.xb.administer(.revoke(scene.vera.address, reason: "left"))
    scene.region.run(milliseconds: 120_000)
    #expect(try scene.found("rail").isEmpty && scene.found("vera").isEmpty && scene.found("dana") == ["dana@xb"])
    #expect(scene.xa.errors.isEmpty && scene.xb.errors.isEmpty && scene.xa.warnings.isEmpty)
  }

  @Test("shows who has not confirmed what they say for 180 days")
  func stale() throws {
    let scene = try Scene(seed: 72)
    let long = scene.region.now.subtracting(milliseconds: 181 * 86_400_000)
    #expect(try scene.say(scene.vera, at: long, institution: "Rail") == nil)
    #expect(try scene.say(scene.dana, institution: "Rail") == nil)
    scene.region.run(milliseconds: 20_000)
    #expect(try scene.found("rail") == ["dana@xb", "vera@xb"])
    #expect(try scene.found("rail", Frame.PeopleFilter(isStale: true)) == ["vera@xb"])
    #expect(try scene.found("", Frame.PeopleFilter(isStale: true)) == ["vera@xb"])
    #expect(try scene.found("", Frame.PeopleFilter(country: "xb", isStale: true)) == ["vera@xb"])
    #expect(try scene.found("", Frame.PeopleFilter(country: "xc", isStale: true)).isEmpty)
    #expect(try scene.found("", Frame.PeopleFilter(discipline: .cyber, isStale: true)) == ["vera@xb"])
    #expect(try scene.found("", Frame.PeopleFilter(discipline: .physical, isStale: true)).isEmpty)
  }

  @Test("takes from a device what its member says of themselves, and the newest of it")
  func statements() throws {
    let scene = try Scene(seed: 73)
    #expect(try scene.say(scene.nino, serial: 5) == nil)
    #expect(try scene.say(scene.nino, serial: 5, institution: "other")?.reason == .conflict)
    #expect(try scene.say(scene.nino, serial: 4)?.reason == .conflict)
    #expect(try scene.say(scene.nino, serial: 6, by: scene.vera.signatureKey)?.reason == .malformed)
    #expect(try scene.say(scene.nino, serial: 6, of: Address("luka@xa"))?.reason == .malformed)
    let tomorrow = scene.region.now.adding(milliseconds: 86_400_000)
    #expect(try scene.say(scene.nino, serial: 6, at: tomorrow)?.reason == .malformed)
    #expect(try scene.say(scene.nino, serial: UInt64.max)?.reason == .malformed)
    #expect(try scene.say(scene.nino, serial: 6) == nil)
    // An answer about one member has it too, and from another country.
    for device in [scene.nino, scene.vera] {
      guard
        case .directoryAnswer(let found) = try scene.answer(
          to: .directoryQuery(.address(scene.nino.address)), by: device)
      else { throw SimulationError("no answer") }
      #expect(try found.people.entries.map { try $0.claim().serial } == [6])
    }
  }

  @Test("is published to a peer as its policy says, and taken away as it changes")
  func policy() throws {
    let scene = try Scene(seed: 74)
    let everybody = ["dana@xb", "vera@xb"]
    let filter = Frame.PeopleFilter(country: "xb")
    #expect(try scene.found("", filter) == everybody)
    var policy = PeerPolicy.initial
    policy.disciplines = [.physical]
    scene.permit(policy)
    #expect(try scene.found("", filter).isEmpty)
    #expect(try scene.found("", filter, by: scene.carla) == everybody)
    scene.permit(.initial)
    #expect(try scene.found("", filter) == everybody)
    policy = .initial
    policy.permissions.remove(.directory)
    scene.permit(policy)
    #expect(try scene.found("", filter).isEmpty)
    scene.permit(.initial)
    #expect(try scene.found("", filter) == everybody)
    // Outside of its hours nothing new is given, and nothing taken away.
    policy = .initial
    let minute = UInt16(scene.region.now.milliseconds / 60_000 % 1440)
    policy.hours = try PeerPolicy.Hours(from: (minute + 100) % 1440, until: (minute + 200) % 1440)
    scene.permit(policy)
    #expect(try scene.found("", filter) == everybody)
  }

  @Test("is published by discipline: neither hidden members nor who knows them, as disciplines change")
  func disciplines() throws {
    let scene = try Scene(seed: 77)
    let filter = Frame.PeopleFilter(country: "xb")
    func vouched() throws -> Bool {
      guard
        case .directoryAnswer(let answer) = try scene.answer(
          to: .directoryQuery(.vouches(of: scene.vera.address)), by: scene.nino)
      else { throw SimulationError("no answer") }
      return !answer.people.vouches.isEmpty
    }
    func said() throws -> [UInt64] {
      guard case .directoryAnswer(let found) = try scene.answer(to: .directoryQuery(.text("vera")), by: scene.nino)
      else { throw SimulationError("no answer") }
      return try found.people.entries.map { try $0.claim().serial }
    }
    func setDana(_ discipline: Discipline) throws {
      _ = try scene.xb.administer(
        .invite(
          scene.dana.address, profile: MemberProfile(name: "Dana", discipline: discipline, role: ""),
          expiresAt: scene.region.now.adding(milliseconds: 3_600_000)))
      scene.region.run(milliseconds: 20_000)
    }
    #expect(try scene.say(scene.vera, serial: 1) == nil)
    try scene.vouch(scene.vera, for: scene.dana)
    scene.region.run(milliseconds: 20_000)
    #expect(try vouched() && said() == [1])
    var policy = PeerPolicy.initial
    policy.disciplines = [.cyber]
    scene.permit(policy)
    #expect(try scene.found("", filter) == ["dana@xb", "vera@xb"] && vouched())
    // Nobody touches Vera, and what she says of Dana goes and comes with Dana.
    try setDana(.physical)
    #expect(try scene.found("", filter) == ["vera@xb"] && !vouched() && said() == [1])
    #expect(try scene.say(scene.vera, serial: 2, alternate: scene.dana.address) == nil)
    scene.region.run(milliseconds: 20_000)
    #expect(try scene.found("dana").isEmpty && said() == [1])
    guard
      case .directoryAnswer(let found) = try scene.answer(
        to: .directoryQuery(.address(scene.vera.address)), by: scene.nino)
    else { throw SimulationError("no answer") }
    #expect(found.cards.count == 1 && found.people.entries.isEmpty)
    try setDana(.cyber)
    #expect(try scene.found("", filter) == ["dana@xb", "vera@xb"] && vouched() && said() == [2])
  }

  @Test("red team: a machine that was removed locks nobody's entry, and its vouches take no room")
  func removedDevice() throws {
    let scene = try Scene(seed: 78)
    let stolen = try #require(try scene.region.enrol(["nino@xa"]).first)
    scene.region.run(milliseconds: 5_000)
    #expect(try scene.say(scene.nino, serial: 1) == nil)
    #expect(try scene.say(stolen, serial: UInt64(Int64.max) - 1, institution: "stolen") == nil)
    try scene.vouch(stolen, for: scene.vera)
    #expect(try scene.say(scene.nino, serial: 2)?.reason == .conflict)
    guard case .done = try scene.answer(to: .deviceRemove(stolen.identifier), by: scene.nino) else {
      throw SimulationError("not removed")
    }
    scene.region.run(milliseconds: 20_000)
    #expect(try scene.found("stolen").isEmpty && scene.found("stolen", by: scene.vera).isEmpty)
    #expect(try scene.xa.store.read { try $0.vouches(by: scene.nino.address, limit: 10) }.isEmpty)
    #expect(try scene.say(scene.nino, serial: 2, institution: "own") == nil)
    scene.region.run(milliseconds: 20_000)
    #expect(try scene.found("own", by: scene.vera) == ["nino@xa"])
  }

  @Test("shows nobody of a suspended country, and forgets a revoked one's people")
  func standing() throws {
    let scene = try Scene(seed: 75)
    let filter = Frame.PeopleFilter(country: "xb")
    func trust(_ standing: PeerTable.Standing) {
      scene.xa.trust(
        PeerTable([
          PeerTable.Peer(card: scene.xb.card, standing: standing),
          PeerTable.Peer(card: scene.xc.card, standing: .active),
        ]))
      scene.region.run(milliseconds: 90_000)
    }
    #expect(try scene.found("", filter).count == 2)
    trust(.suspended)
    #expect(try scene.found("", filter).isEmpty && scene.found("vera").isEmpty && scene.found("carla") == ["carla@xc"])
    #expect(try scene.xa.store.read { try $0.person(scene.vera.address) } != nil)
    trust(.active)
    #expect(try scene.found("", filter).count == 2)
    trust(.revoked)
    #expect(try scene.found("", filter).isEmpty)
    #expect(try scene.xa.store.read { try $0.person(scene.vera.address) } == nil)
    #expect(try scene.xa.store.read { try $0.directoryCopies().map(\.peer.description) } == ["xc"])
  }

  @Test("begins anew where the other node came back from a backup")
  func restored() throws {
    let scene = try Scene(seed: 76)
    let backup = try scene.xb.backUp()
    #expect(try scene.say(scene.dana, institution: "after the backup") == nil)
    _ = try scene.region.enrol(["eva@xb"])
    scene.region.run(milliseconds: 20_000)
    #expect(try scene.found("backup") == ["dana@xb"] && scene.found("eva") == ["eva@xb"])
    try scene.xb.restore(backup)
    scene.region.run(milliseconds: 120_000)
    // Who is not there any more is not found; what somebody signed is theirs, whatever their node has lost.
    #expect(try scene.found("eva").isEmpty && scene.found("vera") == ["vera@xb"])
    #expect(try scene.found("backup") == ["dana@xb"])
  }
}
