import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import NodeSimulation
import TLSPresentation
import Testing

@Suite("A peer that lies about people")
struct HostileDirectoryTests {
  /// `xa` is honest; the liar has the name and keys of `xb`, and makes up its members.
  private final class Scene {
    let region = Region(seed: 81)
    let xa: SimulatedNode
    let liar: PlayedPeer
    let nino: PlayedDevice
    /// Of what is given; another one with each first page.
    private(set) var version = [UInt8](repeating: 7, count: 32)
    var next: UInt64 = 0
    /// Of the liar's member `vera@xb`.
    let key = SigningKey<DeviceSignaturePurpose>()
    let device: DeviceIdentifier

    init() throws {
      try region.addNodes(["xa", "xb", "xc"])
      let devices = try region.enrol(["nino@xa", "vera@xb"])
      nino = devices[0]
      device = try DeviceIdentifier(bytes: Array(10..<26))
      xa = try region.node("xa")
      liar = PlayedPeer(insteadOf: try region.node("xb"), in: region)
      region.run(milliseconds: 500)
      liar.dial(xa)
      guard liar.isLinked else { throw SimulationError("the liar is not linked") }
    }

    /// The number of the last question for a page that was not answered yet.
    private var question: UInt64? {
      liar.frames.last { if case .directoryQuery(.page) = $0.body { true } else { false } }?.request
    }
    private var answered: UInt64?
    var isAsked: Bool { question != nil && question != answered }

    /// Gives a page, once the node asks for one; `isAgain` begins the same directory anew.
    func give(
      _ cards: [Unverified<MemberCard>] = [], _ people: Frame.People = Frame.People(), isFirst: Bool = false,
      isAgain: Bool = false, isLast: Bool = true, next: UInt64? = nil, version: [UInt8]? = nil, hasPage: Bool = true,
      wait milliseconds: UInt64 = 500
    ) throws {
      if !isAsked, isLast { liar.send(.directoryChanged) }
      guard region.run(atMostMilliseconds: 10_000, until: { isAsked }), let question else {
        throw SimulationError("no page is asked for")
      }
      if isFirst { self.version[0] += 1 }
      answered = question
      self.next = next ?? self.next + 1
      let page = Frame.DirectoryPage(
        version: version ?? self.version, isFirst: isFirst || isAgain, isLast: isLast, next: self.next, gone: [])
      liar.send(
        .directoryAnswer(Frame.DirectoryAnswer(cards: cards, people: people, page: hasPage ? page : nil)),
        request: question, wait: milliseconds)
    }

    func card(
      _ address: String = "vera@xb", by node: SigningKey<NodePurpose>? = nil, serial: UInt64 = 9,
      keys: [SigningKey<DeviceSignaturePurpose>]? = nil, endsIn milliseconds: UInt64 = 86_400_000
    ) throws -> Unverified<MemberCard> {
      let card = try MemberCard(
        address: Address(address), name: "Made Up", discipline: .cyber, role: "",
        devices: (keys ?? [key]).map { MemberCard.Device(identifier: device, signatureKey: $0.publicKey) },
        serial: serial, issuedAt: region.now.subtracting(milliseconds: 1000),
        expiresAt: region.now.adding(milliseconds: milliseconds))
      return Signed(card, by: node ?? liar.mask.nodeKey).unverified
    }

    func vouch(
      _ number: UInt8, for subject: String = "nino@xa", by key: SigningKey<DeviceSignaturePurpose>? = nil,
      endsIn milliseconds: UInt64 = 86_400_000
    ) throws -> Unverified<Vouch> {
      let vouch = try Vouch(
        identifier: VouchIdentifier(bytes: [UInt8](repeating: number, count: 16)), voucher: Address("vera@xb"),
        device: device, subject: Address(subject), rootKey: xa.card.content.rootKey,
        signatureKeys: [nino.signatureKey.publicKey], kind: .metInPerson, madeAt: region.now,
        expiresAt: region.now.adding(milliseconds: milliseconds))
      return Signed(vouch, by: key ?? self.key).unverified
    }

    func revocation(
      of number: UInt8, by key: SigningKey<DeviceSignaturePurpose>? = nil
    ) throws -> Unverified<VouchRevocation> {
      let revocation = try VouchRevocation(
        identifier: VouchIdentifier(bytes: [UInt8](repeating: number, count: 16)), voucher: Address("vera@xb"),
        device: device, expiresAt: region.now.adding(milliseconds: 86_400_000), revokedAt: region.now)
      return Signed(revocation, by: key ?? self.key).unverified
    }

    func known() throws -> [String] {
      try xa.store.read { store in
        try store.searchPeople(PeopleSearch(PeopleWords(""), at: region.now), limit: 100)
      }.people.map { try $0.card.claim().address.description }
    }

    /// Identifiers of the vouches by `vera@xb` that a device of `xa` is shown.
    func shown() throws -> [UInt8] {
      guard
        case .directoryAnswer(let answer) = try xa.answer(
          to: .directoryQuery(.vouches(of: Address("vera@xb"))), from: .device(nino.identifier, inboxPosition: 0))
      else { throw SimulationError("no answer") }
      return try answer.people.vouches.map { try $0.claim().identifier.bytes[0] }.sorted()
    }
  }

  @Test("is believed of its own members only, by its own key, by cards that are in force and not older than others")
  func cards() throws {
    let scene = try Scene()
    let before = try scene.known()
    try scene.give(
      [
        scene.card("luka@xa"), scene.card("carla@xc"), scene.card("eva@xb", by: SigningKey()),
        scene.card("eva@xb", by: scene.region.node("xa").nodeKey), scene.card("old@xb", endsIn: 500),
      ], isFirst: true)
    scene.region.run(milliseconds: 1000)
    #expect(try Set(scene.known()) == Set(before.filter { $0 != "vera@xb" }))
    try scene.give([scene.card(serial: 9)])
    let newer = try #require(try scene.xa.store.read { try $0.person(Address("vera@xb")) }?.card)
    try scene.give([scene.card(serial: 8)])
    #expect(try scene.xa.store.read { try $0.person(Address("vera@xb")) }?.card == newer)
    #expect(scene.xa.errors.isEmpty)
  }

  @Test(
    "loses its link where its pages lead nowhere, are of another directory, begin anew unasked, are too large, or none",
    arguments: 0..<6)
  func pages(wrong: Int) throws {
    let scene = try Scene()
    try scene.give([scene.card()], isFirst: true, next: 5)
    #expect(scene.liar.isLinked)
    switch wrong {
    case 0: try scene.give(next: 4)
    case 1: try scene.give(version: [UInt8](repeating: 8, count: 32))
    case 2: try scene.give(hasPage: false)
    case 3: try scene.give(isAgain: true, next: 6)
    case 4:
      let many = [Unverified<VouchRevocation>](
        repeating: try scene.revocation(of: 1), count: Limits.directoryPageStatementsMax)
      try scene.give([scene.card()], Frame.People(revocations: many))
    default: scene.liar.send(.directoryAnswer(Frame.DirectoryAnswer()), request: 9_999)
    }
    #expect(!scene.liar.isLinked)
  }

  @Test("cannot say anything in the name of a member's device")
  func entries() throws {
    let scene = try Scene()
    func entry(_ serial: UInt64, by key: SigningKey<DeviceSignaturePurpose>) throws -> Unverified<PersonEntry> {
      let entry = try PersonEntry(
        address: Address("vera@xb"), device: scene.device, institution: "Serial \(serial)", serial: serial,
        confirmedAt: scene.region.now)
      return Signed(entry, by: key).unverified
    }
    func known() throws -> UInt64? {
      try scene.xa.store.read { try $0.person(Address("vera@xb")) }?.entry?.claim().serial
    }
    try scene.give([scene.card()], Frame.People(entries: [entry(5, by: scene.key)]), isFirst: true)
    #expect(try known() == 5)
    try scene.give([scene.card()], Frame.People(entries: [entry(6, by: SigningKey())]))
    #expect(try known() == 5)
    // Nor bring back what was said before, or take it away.
    try scene.give([scene.card()], Frame.People(entries: [entry(4, by: scene.key)]))
    try scene.give([scene.card()])
    #expect(try known() == 5)
    // Once the device is gone, so is what it signed.
    try scene.give([scene.card(serial: 10, keys: [SigningKey()])])
    #expect(try known() == nil)
  }

  @Test("red team: a vouch that was taken back is not shown again, however it comes")
  func revokedVouch() throws {
    let scene = try Scene()
    let (first, second) = (try scene.vouch(1), try scene.vouch(2))
    let cards = [try scene.card()]
    try scene.give(cards, Frame.People(vouches: [first, second]), isFirst: true)
    #expect(try scene.shown() == [1, 2])
    let revocation = try scene.revocation(of: 1)
    try scene.give(cards, Frame.People(vouches: [second], revocations: [revocation]))
    #expect(try scene.shown() == [2])
    // Again; beside its own revocation; in a directory that begins anew without it; made anew under its name.
    try scene.give(cards, Frame.People(vouches: [first, second]))
    #expect(try scene.shown() == [2])
    try scene.give(cards, Frame.People(vouches: [first], revocations: [revocation]))
    #expect(try scene.shown() == [])
    try scene.give(cards, Frame.People(vouches: [first, second]), isFirst: true)
    #expect(try scene.shown() == [2])
    try scene.give(cards, Frame.People(vouches: [scene.vouch(1, for: "carla@xc"), second]))
    #expect(try scene.shown() == [2])
    // After the member was gone from the directory, and came back.
    try scene.give([], isFirst: true)
    scene.region.run(milliseconds: 1000)
    #expect(try !scene.known().contains("vera@xb"))
    try scene.give(cards, Frame.People(vouches: [first, second]))
    #expect(try scene.shown() == [2])
    // One whose revocation came first.
    try scene.give(cards, Frame.People(vouches: [second], revocations: [scene.revocation(of: 3)]))
    try scene.give(cards, Frame.People(vouches: [second, scene.vouch(3)]))
    #expect(try scene.shown() == [2])
    #expect(scene.xa.errors.isEmpty && scene.liar.isLinked)
  }

  @Test("red team: a vouch of another device, one with a swapped subject, one that has ended, is not shown")
  func forgedVouch() throws {
    let scene = try Scene()
    let cards = [try scene.card()]
    var bytes = try scene.vouch(3, for: "boris@xc").tlsEncoded
    let name = Array("boris@xc".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
    bytes.replaceSubrange(place..<place + name.count, with: Array("maria@xa".utf8))
    let swapped = try Unverified<Vouch>(tlsEncoded: bytes)
    try scene.give(
      cards,
      Frame.People(
        vouches: [scene.vouch(1), scene.vouch(2, by: SigningKey()), swapped, scene.vouch(4, endsIn: 1)],
        revocations: [scene.revocation(of: 1, by: SigningKey())]), isFirst: true)
    #expect(try scene.shown() == [1])
    // The device was removed from the card: what it signed is not taken again, and goes.
    try scene.give([scene.card(serial: 10, keys: [SigningKey()])], Frame.People(vouches: [scene.vouch(1)]))
    #expect(try scene.shown() == [])
    // More than a member may have are cut.
    let many = try (10..<90).map { try scene.vouch(UInt8($0)) }
    try scene.give([scene.card(serial: 11)], Frame.People(vouches: many))
    #expect(try scene.shown().count == Limits.vouchesPerMemberMax)
  }

  @Test("red team: pages without an end fill no disk")
  func endless() throws {
    let scene = try Scene()
    let xb = scene.liar.mask.handle
    func copy() throws -> DirectoryCopy {
      try #require(try scene.xa.store.read { try $0.directoryCopy(of: xb) })
    }
    func known() throws -> [String] { try scene.known().filter { $0.hasSuffix("@xb") && !$0.hasPrefix("vera") } }
    // It begins anew with each page, and never comes to an end.
    for number in 1...3 {
      try scene.give([scene.card("eva\(number)@xb")], isFirst: true, isLast: false, next: 1)
    }
    #expect(try copy().people == 3 && !copy().isWhole && scene.isAsked)
    #expect(try known() == ["eva1@xb", "eva2@xb", "eva3@xb"])
    var full = try copy()
    full.people = UInt64(Limits.directoryCopiesPerPeerMax)
    try scene.xa.store.write { try $0.save(full) }
    // Then nothing more is asked for a while, and what came before the last beginning goes.
    try scene.give([scene.card("eva4@xb")], isFirst: true, isLast: false, next: 1)
    scene.region.run(milliseconds: 10_000)
    #expect(!scene.isAsked && scene.liar.isLinked)
    #expect(try scene.known().filter { $0.hasSuffix("@xb") } == ["eva4@xb"])
  }

  @Test("red team: one page more, again and again, is asked for slowly in the end")
  func pace() throws {
    let scene = try Scene()
    try scene.give(isFirst: true, isLast: true)
    let (begin, pages) = (scene.region.now, Limits.directoryPagesBurst + 200)
    scene.liar.send(.directoryChanged)
    for _ in 0..<pages { try scene.give(isLast: false, wait: 0) }
    let seconds = (scene.region.now.milliseconds - begin.milliseconds) / 1000
    #expect(pages <= Limits.directoryPagesBurst + seconds + 10)
  }

  @Test("learns nothing of members who are not published to it, nor that there are any")
  func nobody() throws {
    let scene = try Scene()
    func trust(_ policy: PeerPolicy) {
      scene.xa.trust(
        PeerTable([PeerTable.Peer(card: scene.liar.mask.card, standing: .active, policy: policy)]))
    }
    func page(_ request: UInt64) throws -> Frame.DirectoryPage {
      scene.liar.send(.directoryQuery(.page(Frame.DirectoryPosition())), request: request)
      let answer = scene.liar.frames.last { $0.request == request }?.body
      guard case .directoryAnswer(let answer)? = answer, let page = answer.page else {
        throw SimulationError("no page")
      }
      return page
    }
    func hints() -> Int { scene.liar.frames.count { if case .directoryChanged = $0.body { true } else { false } } }
    func say(_ serial: UInt64) throws {
      let entry = try PersonEntry(
        address: scene.nino.address, device: scene.nino.identifier, duty: "incidents", serial: serial,
        confirmedAt: scene.region.now)
      scene.nino.request(.memberStatement(.entry(Signed(entry, by: scene.nino.signatureKey).unverified))) { _ in }
      scene.region.run(milliseconds: 20_000)
    }
    var policy = PeerPolicy.initial
    policy.permissions.remove(.directory)
    trust(policy)
    #expect(try page(7_001).next == 0)
    scene.region.run(milliseconds: 20_000)
    var before = hints()
    try say(1)
    #expect(hints() == before)
    // Once somebody is published, it is told; and of every change, but not of what changed nothing.
    trust(.initial)
    scene.region.run(milliseconds: 20_000)
    #expect(hints() == before + 1)
    #expect(try page(7_002).next > 0)
    before = hints()
    try say(2)
    #expect(hints() == before + 1)
  }

  @Test("gets no more pages than it needs")
  func tooManyPages() throws {
    let scene = try Scene()
    for number in 1...(Limits.directoryPagesBurst + 5) {
      scene.liar.send(.directoryQuery(.page(Frame.DirectoryPosition())), request: 100_000 + number, wait: 0)
    }
    scene.region.run(milliseconds: 3_000)
    let failures = scene.liar.frames.compactMap { frame -> Frame.Failure.Reason? in
      if frame.request > 100_000, case .failure(let failure) = frame.body { failure.reason } else { nil }
    }
    #expect(!failures.isEmpty && failures.allSatisfy { $0 == .limit })
    #expect(scene.liar.isLinked)
  }
}
