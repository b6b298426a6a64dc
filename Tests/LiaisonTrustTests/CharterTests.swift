import LiaisonModel
import LiaisonTrust
import TLSPresentation
import Testing

@Suite("Charters") struct CharterTests {
  private let countries = Charters.countries(4)
  private let first: VerifiedCharter
  private var log: Log

  init() throws {
    log = try Log(countries[0])
    first = try Charters.charter(of: countries, threshold: 3).signed(by: countries)
  }

  private mutating func refusal(of charter: VerifiedCharter, despite: [CharterDigest] = []) throws -> TrustError? {
    try log.refusal(of: .charterAdopted(charter.signed, despite: despite))
  }

  @Test("a charter has one encoding, and names its countries in order")
  func encoding() throws {
    let content = first.content
    #expect(try Charter(tlsEncoded: content.tlsEncoded) == content)
    #expect(try Charters.charter(of: countries.reversed(), threshold: 3).digest == first.digest)
    let file = CharterFile(first.signed, cards: try countries.map { try $0.card() })
    #expect(try CharterFile(tlsEncoded: file.tlsEncoded) == file)
    #expect(try CharterFile(armored: "hello\n\(file.armored)bye") == file)
    for count in 0..<file.tlsEncoded.count {
      #expect(throws: TLSPresentationError.self) { try CharterFile(tlsEncoded: Array(file.tlsEncoded.prefix(count))) }
    }
    #expect(throws: TLSPresentationError.self) { try Charter(tlsEncoded: content.tlsEncoded + [0]) }
    // Two countries exchanged in the encoding.
    let (a, b, bytes) = (content.members[0].tlsEncoded, content.members[1].tlsEncoded, content.tlsEncoded)
    let start = try #require(bytes.indices.first { Array(bytes[$0...].prefix(a.count)) == a })
    let reordered = Array(bytes[..<start]) + b + a + Array(bytes[(start + a.count + b.count)...])
    #expect(reordered.count == bytes.count)
    #expect(throws: TLSPresentationError.invalid("the countries of a charter are out of order")) {
      try Charter(tlsEncoded: reordered)
    }
  }

  @Test("texts that count as equal and have other bytes are two charters, and a fork where both are signed")
  mutating func normalisation() throws {
    let one = try Charters.charter(of: countries, threshold: 3, name: "R\u{e9}gion").signed(by: countries)
    let two = try Charters.charter(of: countries, threshold: 3, name: "Re\u{301}gion").signed(by: countries)
    #expect(one.content.name == two.content.name && one.digest != two.digest)
    #expect(one.content.competes(with: two.content) && !one.content.competes(with: one.content))
    #expect(two.content.changes(since: one.content).count == 1)
    #expect(try refusal(of: one) == nil)
    #expect(log.registry.judge(two, at: noon).state == .forked)
  }

  @Test("what no charter says")
  func rules() throws {
    func charter(_ members: [CharterMember], threshold: Int = 3, name: String = "N", community: String = "C") throws {
      _ = try Charters.charter(members: members, threshold: threshold, name: name, community: community)
    }
    let members = try countries.map { try $0.member() }
    try charter(members)
    #expect(throws: ModelError.self) { try charter(Array(members.prefix(1)), threshold: 1) }
    #expect(throws: ModelError.self) { try charter(members, threshold: 2) }
    for threshold in [5, 0, -1, Int.min, Int.max] {
      #expect(throws: ModelError.self) { try charter(members, threshold: threshold) }
    }
    #expect(throws: ModelError.self) { try charter(members, name: "") }
    #expect(throws: ModelError.self) { try charter(members, community: "") }
    #expect(throws: ModelError.self) { try charter(members, community: String(repeating: "x", count: 2049)) }
    #expect(throws: ModelError.self) { try charter(members + [members[0]]) }
    #expect(throws: ModelError.self) {
      try charter(members + [Country("xz").member(root: members[0].rootKey)])
    }
    // Handles that look alike.
    #expect(throws: ModelError.self) { try charter([Country("x0").member(), Country("xo").member()], threshold: 2) }
    #expect(throws: ModelError.self) { try Country("xz").member(region: "") }
    let many = try Charters.many(65).map { try $0.member() }
    #expect(throws: ModelError.self) { try charter(many, threshold: 60) }
    let wordy = try Charters.many(64).map { try $0.member(region: String(repeating: "r", count: 64)) }
    #expect(throws: ModelError.self) {
      try charter(wordy, threshold: 60, community: String(repeating: "x", count: 2048))
    }
    #expect(throws: ModelError.self) {
      try Charter(
        serial: 2, origin: nil, name: "N", community: "C", threshold: 3, members: members, issuedAt: noon)
    }
  }

  @Test("the largest charter, with as many signatures as there may be, fits the decision that adopts it")
  mutating func largest() throws {
    let many = [countries[0]] + Charters.many(63)
    let charter = try Charters.charter(
      of: many, threshold: 64, community: String(repeating: "x", count: 2048)
    ).signed(by: many)
    let strangers = Charters.many(40)
    #expect(charter.signed(by: strangers).signed.signatures.count == Limits.charterSignaturesMax)
    try log.decide(charter.signed(by: strangers).adoption)
    #expect(log.registry.adoptedCharter?.charter.signers.count == 64)
  }

  @Test("a signature counts once, and only of a country, over exactly this charter")
  mutating func signatures() throws {
    let unsigned = try Charters.charter(of: countries, threshold: 3)
    var twice = unsigned.signed(by: countries.prefix(2))
    let grew = twice.take(unsigned.signed(by: countries.prefix(2)))
    #expect(!grew)
    #expect(twice.signers.count == 2)
    let encoded = twice.signed.tlsEncoded
    // The last signature once more.
    var repeated = TLSEncoder()
    repeated.write(opaque: twice.signed.statement)
    repeated.write(vector: twice.signed.signatures + twice.signed.signatures.suffix(1))
    #expect(repeated.bytes.count == encoded.count + 96)
    #expect(throws: TLSPresentationError.invalid("the signatures of a charter are out of order")) {
      try SignedCharter(tlsEncoded: repeated.bytes)
    }
    let strangers = unsigned.signed(by: countries.prefix(2) + [Country("xy"), Country("xz")])
    let standing = CharterStanding(of: strangers, after: nil)
    #expect(standing.own.signed.map(\.description) == ["xa", "xb"] && !standing.isComplete)
    #expect(try refusal(of: strangers)?.code == .notPermitted)
    // Another charter's signatures are not taken over.
    var other = try Charters.charter(of: countries, threshold: 4)
    let taken = other.take(first)
    #expect(!taken && other.signers.isEmpty)
    // They do not verify as another kind of statement, nor another as these.
    #expect(throws: ModelError.self) {
      try Unverified<NodeCard>(statement: first.signed.statement, signature: first.signed.signatures[0].signature)
        .verified(by: first.signed.signatures[0].rootKey)
    }
  }

  @Test("a charter that was changed in any byte after it was signed is refused")
  mutating func changed() throws {
    let bytes = first.signed.tlsEncoded
    var decoded = 0
    for index in bytes.indices {
      var changed = bytes
      changed[index] ^= 1
      guard let signed = try? SignedCharter(tlsEncoded: changed) else { continue }
      decoded += 1
      #expect(try log.refusal(of: .charterAdopted(signed, despite: [])) != nil, "byte \(index)")
    }
    #expect(decoded > 400)
    #expect(try refusal(of: first) == nil)
  }

  @Test("a swapped root key is found: after signing, before it, and where it stands for a peer that was compared")
  mutating func swapped() throws {
    let attacker = Country("xc")
    var members = try countries.map { try $0.member() }
    members[2] = try attacker.member()
    let swapped = try Charters.charter(members: members, threshold: 3)
    // With the others' signatures of what they saw.
    var encoder = TLSEncoder()
    encoder.write(opaque: swapped.signed.statement)
    encoder.write(vector: first.signed.signatures)
    let moved = try SignedCharter(tlsEncoded: encoder.bytes)
    #expect(try moved.verified().signers.isEmpty)
    #expect(try log.refusal(of: .charterAdopted(moved, despite: []))?.sentence.contains("it was changed after") == true)
    // Its own key, signed by everybody who did not look.
    members[2] = try countries[2].member()
    members[0] = try countries[0].member(root: attacker.root.publicKey)
    let own = try Charters.charter(members: members, threshold: 3).signed(by: [attacker] + countries.dropFirst())
    #expect(try refusal(of: own)?.sentence.contains("ANOTHER ROOT KEY for this country, xa") == true)
    // A peer's.
    let complete = swapped.signed(by: [attacker, countries[0], countries[1], countries[3]])
    try log.admit(countries[2])
    let refusal = try #require(try refusal(of: complete))
    #expect(refusal.sentence.contains("ANOTHER ROOT KEY for xc") && refusal.code == .notPermitted)
    // It was replaced indeed.
    try log.decide(.peerRevoked(Handle("xc"), reason: "its root key was replaced"))
    #expect(try self.refusal(of: complete) == nil)
    #expect(try self.refusal(of: first)?.code == .notPermitted)
  }

  @Test("a root key that was revoked, or is another country's, is not taken by a charter")
  mutating func revoked() throws {
    try log.admit(countries[1])
    try log.decide(.peerRevoked(Handle("xb"), reason: "stolen"))
    #expect(try refusal(of: first)?.sentence.contains("revoked here") == true)
    try log.admit(countries[2])
    var members = try [0, 3].map { try countries[$0].member() }
    members.append(
      try CharterMember(
        handle: Handle("xe"), country: "XE", name: "E", rootKey: countries[2].root.publicKey, region: "R"))
    let posing = try Charters.charter(members: members, threshold: 2)
      .signed(by: [countries[0], countries[2], countries[3]])
    #expect(try refusal(of: posing)?.sentence.contains("the root key of xc as that of xe") == true)
  }

  @Test("stale, early, another network's, forked: none replaces the adopted one")
  mutating func places() throws {
    try log.decide(first.adoption)
    #expect(try refusal(of: first)?.code == .wrongState)
    let second = try Charters.charter(of: countries, threshold: 3, after: first, name: "Second")
    let third = try Charters.charter(of: countries, threshold: 3, after: second, name: "Third").signed(by: countries)
    #expect(try refusal(of: third)?.sentence.contains("the one before it is not adopted here") == true)
    #expect(try refusal(of: second.signed(by: countries.prefix(2)))?.sentence.contains("and 2 have: xa, xb") == true)
    try log.decide(second.signed(by: countries.prefix(3)).adoption)
    #expect(try refusal(of: first)?.sentence.contains("serial 2 is adopted") == true)
    // Another second one, signed by enough: the country that signed both is named.
    let other = try Charters.charter(of: countries, threshold: 3, after: first).signed(by: countries.suffix(3))
    let fork = try #require(try refusal(of: other))
    #expect(fork.sentence.contains("\(other.digest)") && fork.sentence.contains("\(second.digest)"))
    #expect(fork.sentence.hasSuffix("xb, xc signed both"))
    #expect(log.registry.judge(other, at: noon).state == .forked)
    #expect(log.registry.judge(other.keeping([]), at: noon).state == .stale)
    // What follows the other one.
    let after = try Charters.charter(of: countries, threshold: 3, after: other).signed(by: countries)
    #expect(try refusal(of: after)?.sentence.contains("it follows the charter \(other.digest)") == true)
    #expect(log.registry.judge(after, at: noon).state == .forked)
    let foreign = try Charters.charter(of: countries, threshold: 3, name: "Another").signed(by: countries.dropFirst())
    #expect(log.registry.judge(foreign, at: noon).state == .foreign)
    #expect(log.registry.adoptedCharter?.digest == second.digest)
  }

  @Test("a first charter that countries signed beside the adopted one is a fork too")
  mutating func firstForked() throws {
    try log.decide(first.adoption)
    let other = try Charters.charter(of: countries, threshold: 4).signed(by: countries)
    #expect(try refusal(of: other)?.sentence.hasSuffix("xa, xb, xc, xd signed both") == true)
  }

  @Test("a charter that is dated ahead, or does not name this country, is not the first that it adopts")
  mutating func notOurs() throws {
    let ahead = try Charters.charter(of: countries, threshold: 3, issued: noon.adding(milliseconds: 3_600_001))
    #expect(try refusal(of: ahead.signed(by: countries))?.sentence.contains("dated ahead") == true)
    let others = try Charters.charter(of: Array(countries.dropFirst()), threshold: 2).signed(by: countries)
    #expect(try refusal(of: others)?.sentence.contains("does not name this country") == true)
    // One that follows another, which this country has never seen, needs its own word at least.
    let second = try Charters.charter(of: countries, threshold: 3, after: first)
    #expect(
      try refusal(of: second.signed(by: countries.dropFirst()))?.sentence.contains("xa, has not signed it") == true)
    #expect(try refusal(of: second.signed(by: countries.prefix(3))) == nil)
  }

  @Test("trust officers adopt it, as many as the policy says")
  mutating func rights() throws {
    let registrar = try log.name("Rita", [.registrar])
    let officer = try log.name("Otto", [.trustOfficer])
    #expect(try log.refusal(of: first.adoption, by: registrar)?.code == .notPermitted)
    let record = try log.agree(first.adoption, [log.owner, officer])
    #expect(record.summary.contains("the charter becomes Three regions, serial 1, of 4 countries: \(first.digest)"))
    #expect(log.registry.adoptedCharter?.digest == first.digest)
    #expect(try TrustLog(entries: log.entries).registry == log.registry)
    let changes = log.registry.changes(since: try TrustLog(entries: Array(log.entries.prefix(2))).registry)
    #expect(changes.contains { $0.subject == .charter && $0.text.contains("Three regions, serial 1") })
  }

  @Test("the node proposes a country that the adopted charter names, by its card and no other one")
  mutating func proposed() throws {
    let card = try countries[1].card()
    #expect(try log.refusal(entry: log.received(card))?.code == .unknownPeer)
    try log.decide(first.adoption)
    #expect(try log.refusal(entry: log.received(Country("xb").card()))?.code == .unknownPeer)
    #expect(try log.refusal(entry: log.received(Country("xz").card()))?.code == .unknownPeer)
    #expect(try log.refusal(entry: log.received(countries[0].card())) != nil)
    let record = try log.append(log.received(card))
    #expect(record.summary.hasPrefix("a peer is proposed: xb") && record.summary.hasSuffix("; the charter names it"))
    let peer = try #require(log.registry.peer(Handle("xb")))
    #expect(peer.state == .proposed)
    // It is no more than that: a link is refused until administrators have compared and activated it.
    #expect(log.registry.activePeer(try Handle("xb"), at: noon) == nil)
    #expect(try log.refusal(entry: log.received(card)) != nil)
    try log.decide(.peerVerified(Handle("xb"), rootKey: countries[1].root.publicKey))
    try log.decide(countries[1].activation)
    #expect(try TrustLog(entries: log.entries).registry == log.registry)
    // An impostor's card with the same handle, proposed by hand elsewhere, is shown for what it is.
    let impostor = try Country("xc").card()
    try log.decide(.peerProposed(impostor))
    #expect(log.registry.charterNote(on: try impostor.claim())?.text.hasPrefix("ANOTHER ROOT KEY") == true)
  }

  @Test("a policy from before charters is read as it was written, and each has one encoding")
  func policies() throws {
    let before = try Policy(signatures: [.verify: 2], proposalHours: 24)
    #expect(before.signatures[.charter] == 2)
    #expect(try Policy(tlsEncoded: before.tlsEncoded) == before)
    // Version, the vector's length, ten rules of two bytes, hours, notices.
    #expect(before.tlsEncoded.count == 1 + 1 + 20 + 4 + 1)
    let changed = try Policy(signatures: [.charter: 3], proposalHours: 24)
    #expect(changed.tlsEncoded.count == before.tlsEncoded.count + 2)
    #expect(try Policy(tlsEncoded: changed.tlsEncoded) == changed)
    var spelled = changed.tlsEncoded
    let index = spelled.count - 6
    #expect(spelled[index] == 3)
    spelled[index] = 2
    #expect(throws: TLSPresentationError.invalid("a policy has a rule that it need not have")) {
      try Policy(tlsEncoded: spelled)
    }
  }
}
