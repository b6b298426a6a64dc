import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import Logging
import TestKit
import Testing

/// Countries whose nodes hand charters to one another, each link as a list of what was told.
@Suite("Charters at running nodes") struct CharterKeeperTests {
  private typealias Country = TrustKeeperTests.Country

  /// A country, its node, and what it tells.
  private final class Side: Sendable {
    let country: Country
    let owner = SigningKey<AdministratorPurpose>()
    let node = TrustKeeperTests.Node()
    let clock: TrustKeeperTests.Clock
    let keeper: TrustKeeper

    init(
      _ country: Country, peers: [Country], _ clock: TrustKeeperTests.Clock, box: CharterBox = CharterBox()
    ) throws {
      self.country = country
      self.clock = clock
      var log = TrustLog()
      var entries: [[UInt8]] = []
      var acts: [Act] = [
        .administratorNamed(try Administrator(key: owner.publicKey, name: "owner", roles: NewNode.firstRoles)),
        .ownCardIssued(try country.card(serial: 1, at: clock.now)),
      ]
      for peer in peers {
        acts += [
          .peerProposed(try peer.card(serial: 1, at: clock.now)),
          .peerVerified(peer.handle, rootKey: peer.root.publicKey), peer.activation,
        ]
      }
      for act in acts {
        let entry = TrustKeeperTests.entry(act, at: log.nextPosition, clock.now, by: owner)
        try log.append(entry)
        entries.append(entry)
      }
      keeper = try TrustKeeper(
        log: log, entries: entries, key: country.node, node: node, charters: box, clock: { clock.now },
        logger: Logger(label: "test"))
    }

    func decide(_ act: Act) async throws {
      _ = try await keeper.decide(TrustKeeperTests.entry(act, at: await keeper.position, clock.now, by: owner))
    }

    /// What was told since the last time.
    func told() -> [(bytes: [UInt8], peers: Set<Handle>)] {
      node.state.withLock { state in
        defer { state.charters = [] }
        return state.charters
      }
    }

    func signers(of charter: VerifiedCharter) async throws -> Int {
      let bytes = try await keeper.charters(for: Handle("xb"))
      let files = try bytes.map { try CharterFile(tlsEncoded: $0) }
      return try files.first { try $0.charter.claim() == charter.content }?.charter.verified().signers.count ?? 0
    }
  }

  private let clock = TrustKeeperTests.Clock()
  private let countries: [Country]
  /// xa and xc have no link; xb has one with each.
  private let sides: [Side]
  private let folder: TemporaryDirectory

  init() throws {
    let countries = try ["xa", "xb", "xc"].map { try Country($0) }
    self.countries = countries
    folder = try TemporaryDirectory()
    sides = [
      try Side(countries[0], peers: [countries[1]], clock),
      try Side(countries[1], peers: [countries[0], countries[2]], clock),
      try Side(countries[2], peers: [countries[1]], clock),
    ]
  }

  private func charter(
    _ members: [Country]? = nil, name: String = "Network", after previous: VerifiedCharter? = nil
  ) throws -> VerifiedCharter {
    try LiaisonAdminTests.charter(
      of: (members ?? countries).map { try $0.member() }, name: name, after: previous, at: clock.now)
  }

  private func file(_ charter: VerifiedCharter, cards: [Country] = []) throws -> CharterFile {
    CharterFile(charter.signed, cards: try cards.map { try $0.card(serial: 1, at: clock.now) })
  }

  /// Carries what was told over the links until nobody says anything more; gives the number of frames.
  private func settle() async throws -> Int {
    var frames = 0
    while frames < 200 {
      var carried = 0
      for side in sides {
        for message in side.told() {
          for other in sides where message.peers.contains(other.country.handle) {
            // Without a link nothing goes.
            guard [side, other].contains(where: { $0.country.handle.description == "xb" }) else { continue }
            await other.keeper.take(charters: [message.bytes], from: side.country.handle)
            carried += 1
          }
        }
      }
      if carried == 0 { return frames }
      frames += carried
    }
    return frames
  }

  @Test("signatures gather over links, by whatever way there is, and everybody ends with all of them")
  func gathering() async throws {
    let charter = try charter()
    // Nobody is told of what nobody has signed.
    try await sides[0].keeper.take(file(charter), from: nil)
    #expect(sides[0].told().isEmpty)
    for (side, country) in zip(sides, countries) {
      try await side.keeper.take(file(signed(charter, by: country)), from: nil)
    }
    #expect(try await settle() < 30)
    for side in sides { #expect(try await side.signers(of: charter) == 3) }
    // Once more changes nothing and is told to nobody.
    let whole = try file(signed(charter, by: countries[0], countries[1], countries[2]), cards: countries)
    for side in sides { try await side.keeper.take(whole, from: nil) }
    _ = try await settle()
    for side in sides { try await side.keeper.take(whole, from: nil) }
    #expect(sides.allSatisfy { $0.told().isEmpty })
    // All of them adopt it, and those who have no link with one another propose each other by the cards that came along.
    for side in sides {
      try await side.decide(
        .charterAdopted(signed(charter, by: countries[0], countries[1], countries[2]).signed, despite: []))
    }
    #expect(await sides[0].keeper.registry.peer(countries[2].handle)?.state == .proposed)
    #expect(await sides[2].keeper.registry.peer(countries[0].handle)?.state == .proposed)
    #expect(await sides[0].keeper.registry.peer(countries[1].handle)?.state == .active)
    #expect(await sides[0].keeper.registry.activePeer(countries[2].handle, at: clock.now) == nil)
  }

  @Test("a card that comes after the adoption proposes its country too")
  func lateCard() async throws {
    let whole = signed(try charter(), by: countries[0], countries[1], countries[2])
    try await sides[0].keeper.take(file(whole), from: nil)
    try await sides[0].decide(.charterAdopted(whole.signed, despite: []))
    #expect(await sides[0].keeper.registry.peer(countries[2].handle) == nil)
    let impostor = try Country("xc")
    await sides[0].keeper.take(charters: [try file(whole, cards: [impostor]).tlsEncoded], from: countries[1].handle)
    #expect(await sides[0].keeper.registry.peer(countries[2].handle) == nil)
    await sides[0].keeper.take(charters: [try file(whole, cards: [countries[2]]).tlsEncoded], from: countries[1].handle)
    #expect(await sides[0].keeper.registry.peer(countries[2].handle)?.state == .proposed)
  }

  @Test("what no peer brings: nothing signed, of others, malformed, too many, dropped ones")
  func hostile() async throws {
    let (keeper, xb) = (sides[0].keeper, countries[1].handle)
    let stranger = try Country("xz")
    func count() async -> Int { await keeper.charters(for: xb).count }
    let others = signed(try charter([countries[1], countries[2]]), by: countries[1], countries[2])
    let withoutSender = signed(try charter([countries[0], stranger]), by: stranger)
    for bytes in try [
      [], [1, 2, 3], file(charter()).tlsEncoded, file(signed(charter(), by: stranger)).tlsEncoded,
      file(others).tlsEncoded, file(withoutSender).tlsEncoded,
    ] {
      await keeper.take(charters: [bytes], from: xb)
      #expect(await count() == 0)
    }
    var brought: [VerifiedCharter] = []
    for index in 0..<5 {
      brought.append(signed(try charter(name: "Network \(index)"), by: countries[1]))
      await keeper.take(charters: [try file(brought[index]).tlsEncoded], from: xb)
    }
    #expect(await count() == Limits.chartersPerPeerMax)
    try await keeper.drop(brought[0].digest)
    #expect(await count() == 1)
    await keeper.take(charters: [try file(brought[0]).tlsEncoded], from: xb)
    #expect(await count() == 1)
    await keeper.take(charters: [try file(brought[4]).tlsEncoded], from: xb)
    #expect(await count() == 2)
    // Administrators may take it again, and do not drop what their country has signed.
    try await keeper.take(file(signed(brought[0], by: countries[0])), from: nil)
    #expect(await count() == 3)
    await #expect(throws: (any Error).self) { try await keeper.drop(brought[0].digest) }
  }

  @Test("peers, however many, leave administrators room for charters of their own")
  func room() async throws {
    let peers = try (0..<8).map { try Country("y\(Array("abcdefgh")[$0])") }
    let side = try Side(countries[0], peers: peers, clock)
    for peer in peers {
      for name in ["One", "Two"] {
        let charter = signed(try charter([countries[0], peer], name: "\(name) of \(peer.handle)"), by: peer)
        await side.keeper.take(charters: [try file(charter).tlsEncoded], from: peer.handle)
      }
    }
    var kept = 0
    for peer in peers { kept += await side.keeper.charters(for: peer.handle).count }
    #expect(kept == Limits.chartersMax - Limits.chartersReserved)
    for number in 0..<Limits.chartersReserved {
      try await side.keeper.take(file(charter(name: "Ours \(number)")), from: nil)
    }
    let last = try file(charter(name: "One more"))
    await #expect(throws: (any Error).self) { try await side.keeper.take(last, from: nil) }
  }

  @Test("two nodes of which one cannot tell what a signature is worth do not go on answering one another")
  func unequal() async throws {
    let leaver = try Country("xd")
    let before = signed(try charter(countries + [leaver]), by: countries[0], countries[1], countries[2], leaver)
    let next = signed(try charter(after: before), by: countries[1], leaver)
    try await sides[1].keeper.take(file(before), from: nil)
    try await sides[1].decide(.charterAdopted(before.signed, despite: []))
    _ = sides[1].told()
    try await sides[1].keeper.take(file(next), from: nil)
    // xa has never seen the charter before, and drops the leaver's signature.
    #expect(try await settle() < 10)
    #expect(try await sides[0].signers(of: next) == 1)
    #expect(try await sides[1].signers(of: next) == 2)
    try await sides[0].keeper.take(file(signed(next.keeping([]), by: countries[0])), from: nil)
    #expect(try await settle() < 10)
    #expect(try await sides[0].signers(of: next) == 2)
    #expect(try await sides[1].signers(of: next) == 3)
  }

  @Test("junk signatures do not crowd out those of countries")
  func crowding() async throws {
    var crowded = signed(try charter(), by: countries[1])
    for _ in 0..<70 { crowded.sign(by: SigningKey()) }
    await sides[0].keeper.take(charters: [try file(crowded).tlsEncoded], from: countries[1].handle)
    #expect(try await sides[0].signers(of: crowded) == 1)
    await sides[0].keeper.take(
      charters: [try file(signed(try charter(), by: countries[2])).tlsEncoded], from: countries[1].handle)
    #expect(try await sides[0].signers(of: crowded) == 2)
  }

  @Test("of two charters that want one place and have enough signatures, neither is adopted unless the other is named")
  func forked() async throws {
    let (keeper, xb) = (sides[0].keeper, countries[1].handle)
    let one = signed(try charter(name: "One"), by: countries[0], countries[1], countries[2])
    let two = signed(try charter(name: "Two"), by: countries[0], countries[1], countries[2])
    for charter in [one, two] { await keeper.take(charters: [try file(charter).tlsEncoded], from: xb) }
    #expect(await keeper.charterAlarms.contains { $0.contains("\(one.digest)") && $0.contains("\(two.digest)") })
    #expect(await keeper.charterAlarms.first?.hasSuffix("xa, xb, xc signed both") == true)
    for charter in [one, two] {
      await #expect(throws: (any Error).self) {
        try await sides[0].decide(.charterAdopted(charter.signed, despite: []))
      }
    }
    #expect(await keeper.registry.adoptedCharter == nil)
    try await sides[0].decide(.charterAdopted(one.signed, despite: [two.digest]))
    // What shows it stays, and is still told.
    #expect(await keeper.charters(for: xb).count == 2)
    #expect(await keeper.charterAlarms.count == 1)
    // One that lacks signatures is no fork, and goes when its place is taken.
    let next = try charter(name: "Next", after: one)
    let loser = signed(try charter(name: "Loser", after: one), by: countries[1])
    await keeper.take(charters: [try file(loser).tlsEncoded], from: xb)
    #expect(await keeper.charters(for: xb).count == 3)
    let winner = signed(next, by: countries[0], countries[1])
    try await keeper.take(file(winner), from: nil)
    try await sides[0].decide(.charterAdopted(winner.signed, despite: []))
    let digests = try await keeper.charters(for: xb).map { try CharterFile(tlsEncoded: $0).charter.claim().digest }
    #expect(digests.first == winner.digest && Set(digests) == [winner.digest, one.digest, two.digest])
    // Nor does the next adoption hide that there were two.
    #expect(await keeper.charterAlarms.contains { $0.contains("\(one.digest)") && $0.contains("\(two.digest)") })
  }

  @Test("a node that was away learns of the charters that it missed, in order")
  func behind() async throws {
    let (keeper, xb) = (sides[0].keeper, countries[1].handle)
    var chain = [signed(try charter(), by: countries[0], countries[1], countries[2])]
    for index in 2...4 {
      chain.append(
        signed(try charter(name: "Network \(index)", after: chain[index - 2]), by: countries[1], countries[2]))
    }
    for charter in chain {
      try await sides[1].keeper.take(file(charter), from: nil)
      try await sides[1].decide(.charterAdopted(charter.signed, despite: []))
    }
    await keeper.take(charters: [try file(chain[0]).tlsEncoded], from: xb)
    try await sides[0].decide(.charterAdopted(chain[0].signed, despite: []))
    // A link comes to stand.
    await keeper.take(charters: await sides[1].keeper.charters(for: countries[0].handle), from: xb)
    for charter in chain.dropFirst() { try await sides[0].decide(.charterAdopted(charter.signed, despite: [])) }
    #expect(await keeper.registry.adoptedCharter?.content.serial == 4)
  }

  @Test("charters and what was dropped are remembered over a restart; a damaged file is as good as none")
  func restart() async throws {
    let path = folder.path("charters")
    let side = try Side(countries[0], peers: [countries[1]], clock, box: CharterBox(folder: path))
    let (kept, dropped) = (signed(try charter(), by: countries[1]), signed(try charter(name: "No"), by: countries[1]))
    for charter in [kept, dropped] {
      await side.keeper.take(charters: [try file(charter, cards: countries).tlsEncoded], from: countries[1].handle)
    }
    try await side.keeper.drop(dropped.digest)
    var box = CharterBox(folder: path)
    #expect(box.count == 1 && box.isDropped(dropped.digest))
    #expect(box[kept.digest]?.charter == kept && box[kept.digest]?.from == countries[1].handle)
    #expect(box[kept.digest]?.cards.count == 3)
    let again = try Side(countries[0], peers: [countries[1]], clock, box: box)
    await again.keeper.take(charters: [try file(dropped).tlsEncoded], from: countries[1].handle)
    #expect(await again.keeper.charters(for: countries[1].handle).count == 1)
    box.remove(kept.digest)
    #expect(CharterBox(folder: path).count == 0)
  }
}
