import LiaisonModel
import TLSPresentation
import Testing

@Suite("What members say")
struct PeopleTests {
  private func card(_ address: String, _ keys: [SigningKey<DeviceSignaturePurpose>]) throws -> MemberCard {
    try MemberCard(
      address: Address(address), name: "Ana", discipline: .cyber, role: "",
      devices: keys.enumerated().map { number, key in
        MemberCard.Device(
          identifier: try DeviceIdentifier(bytes: [UInt8(number)] + Array(1..<16)), signatureKey: key.publicKey)
      }, serial: 1, issuedAt: Samples.now, expiresAt: Samples.now.adding(milliseconds: 1000))
  }

  @Test("counts where a device on their card signed it, and not otherwise")
  func signers() throws {
    let (first, second) = (SigningKey<DeviceSignaturePurpose>(), SigningKey<DeviceSignaturePurpose>())
    let card = try card("ana@xa", [first])
    let entry = try PersonEntry(
      address: Address("ana@xa"), device: card.devices[0].identifier, serial: 1, confirmedAt: Samples.now)
    #expect(try Signed(entry, by: first).unverified.verified(by: card).content == entry)
    #expect(throws: ModelError.badSignature) { try Signed(entry, by: second).unverified.verified(by: card) }
    #expect(throws: ModelError.self) {
      try Signed(entry, by: first).unverified.verified(by: self.card("bo@xa", [first]))
    }
    var other = entry
    other.device = try DeviceIdentifier(bytes: Array(100..<116))
    #expect(throws: ModelError.self) { try Signed(other, by: first).unverified.verified(by: card) }
  }

  @Test("of themselves is bounded, and stale 180 days after it was confirmed")
  func entries() throws {
    let (address, device) = (try Address("ana@xa"), try DeviceIdentifier(bytes: Array(0..<16)))
    func make(
      institution: String = "", languages: [String] = [], duty: String = "", alternate: String? = nil
    ) throws -> PersonEntry {
      try PersonEntry(
        address: address, device: device, institution: institution, languages: languages.map { try LanguageTag($0) },
        duty: duty, alternate: alternate.map { try Address($0) }, serial: 1, confirmedAt: Samples.now)
    }
    let long = String(repeating: "a", count: 257)
    for wrong in [
      { try make(institution: long) }, { try make(duty: long) }, { try make(alternate: "ana@xa") },
      { try make(languages: ["ka", "ka"]) },
      { try make(languages: (0..<9).map { "l\(["a", "b", "c", "d", "e", "f", "g", "h", "i"][$0])" }) },
    ] as [() throws -> PersonEntry] { #expect(throws: ModelError.self) { try wrong() } }
    for text in ["", "k", "1a", "ka_GE", "ka-", "en-GB-oxendicts", String(repeating: "abcd-", count: 8) + "a"] {
      #expect(throws: ModelError.self, "\(text)") { try LanguageTag(text) }
    }
    #expect(try LanguageTag("SR-Latn").primary == "sr")
    for text in ["", "/Paris", "Europe/", "Europe//Paris", "Europe/Pa ris", "../etc/passwd", "A/B/C/D"] {
      #expect(throws: ModelError.self, "\(text)") { try TimeZoneName(text) }
    }
    for text in ["UTC", "Etc/GMT+4", "America/Argentina/Buenos_Aires"] { _ = try TimeZoneName(text) }
    let entry = try make()
    let days: UInt64 = 86_400_000
    #expect(!entry.isStale(at: Samples.now.adding(milliseconds: 180 * days - 1)))
    #expect(entry.isStale(at: Samples.now.adding(milliseconds: 180 * days)))
    #expect(throws: ModelError.self) { try entry.checkDate(at: Samples.now.subtracting(milliseconds: 3_600_001)) }
  }

  @Test("of another counts for the keys that it names, while it lasts, and not once it was taken back")
  func standing() throws {
    let (ana, boris, other) = (
      SigningKey<DeviceSignaturePurpose>(), SigningKey<DeviceSignaturePurpose>(), SigningKey<DeviceSignaturePurpose>()
    )
    let (hers, his) = (try card("ana@xa", [ana]), try card("boris@xb", [boris]))
    var vouch = try Samples.vouch(.workedWith, keys: [boris.publicKey, other.publicKey])
    vouch.device = hers.devices[0].identifier
    let signed = Signed(vouch, by: ana).unverified
    let root = Samples.root.publicKey
    func standing(
      _ vouch: Unverified<Vouch>, voucher: MemberCard?, subject: MemberCard?, root: RootKey? = root,
      isRevoked: Bool = false, at now: Timestamp = Samples.now
    ) -> VouchStanding {
      vouch.standing(voucher: voucher, subject: subject, rootKey: root, isRevoked: isRevoked, at: now)
    }
    #expect(standing(signed, voucher: hers, subject: his) == .counts)
    #expect(standing(signed, voucher: hers, subject: his, isRevoked: true) == .revoked)
    #expect(standing(signed, voucher: hers, subject: his, at: vouch.expiresAt) == .expired)
    #expect(standing(signed, voucher: hers, subject: his, at: Timestamp(milliseconds: 1)) == .early)
    // He has a machine more, or one instead; his country another root key; there is no card of either.
    let third = SigningKey<DeviceSignaturePurpose>()
    #expect(standing(signed, voucher: hers, subject: try card("boris@xb", [boris, third])) == .otherKeys)
    #expect(standing(signed, voucher: hers, subject: try card("boris@xb", [third])) == .otherKeys)
    #expect(standing(signed, voucher: hers, subject: try card("boris@xb", [])) == .otherKeys)
    #expect(standing(signed, voucher: hers, subject: his, root: SigningKey<RootPurpose>().publicKey) == .otherKeys)
    #expect(standing(signed, voucher: hers, subject: nil) == .subjectUnknown)
    #expect(standing(signed, voucher: hers, subject: try card("carla@xc", [boris])) == .subjectUnknown)
    #expect(standing(signed, voucher: nil, subject: his) == .notSigned)
    // Her machine is not on her card any more; or the subject was swapped under her signature.
    #expect(standing(signed, voucher: try card("ana@xa", [third]), subject: his) == .notSigned)
    var bytes = signed.tlsEncoded
    let name = Array("boris@xb".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
    bytes.replaceSubrange(place..<place + name.count, with: Array("carla@xc".utf8))
    let swapped = try Unverified<Vouch>(tlsEncoded: bytes)
    #expect(try swapped.claim().subject == Address("carla@xc"))
    #expect(standing(swapped, voucher: hers, subject: try card("carla@xc", [boris])) == .notSigned)
  }

  @Test("of another is not taken back by what is dated ahead by more than an hour, whose end nothing bounds")
  func revocationAhead() throws {
    let ahead = Samples.now.adding(milliseconds: 3_600_001)
    let revocation = try VouchRevocation(
      identifier: VouchIdentifier(bytes: [UInt8](repeating: 1, count: 16)), voucher: Address("ana@xa"),
      device: DeviceIdentifier(bytes: [UInt8](repeating: 2, count: 16)), expiresAt: ahead, revokedAt: ahead)
    #expect(throws: ModelError.self) { try revocation.checkDate(at: Samples.now) }
    try revocation.checkDate(at: Samples.now.adding(milliseconds: 1))
    // Each reason has a name of its own, for programs.
    let all: [VouchStanding] = [.counts, .expired, .revoked, .early, .otherKeys, .notSigned, .subjectUnknown]
    #expect(Set(all.map(\.code)).count == all.count && all.allSatisfy { !$0.code.contains(" ") })
  }

  @Test("of another has a type, an end within two years, and keys")
  func vouches() throws {
    for text in ["", "friend", "event:", "event:" + String(repeating: "x", count: 65)] {
      #expect(throws: ModelError.self, "\(text)") { try Vouch.Kind(text) }
    }
    for text in ["met-in-person", "worked-with", "event:a b"] { #expect(try Vouch.Kind(text).description == text) }
    let key = Samples.device.publicKey
    for keys in [[], [key, key], (0..<9).map { _ in SigningKey<DeviceSignaturePurpose>().publicKey }] {
      #expect(throws: ModelError.self) { try Samples.vouch(.metInPerson, keys: keys) }
    }
    #expect(throws: ModelError.self) { try Samples.vouch(.metInPerson, subject: "ana@xa") }
    let vouch = try Samples.vouch(.metInPerson)
    #expect(throws: ModelError.self) {
      try Vouch(
        identifier: vouch.identifier, voucher: vouch.voucher, device: vouch.device, subject: vouch.subject,
        rootKey: vouch.rootKey, signatureKeys: vouch.signatureKeys, kind: .metInPerson, madeAt: Samples.now,
        expiresAt: Samples.now.adding(milliseconds: 732 * 86_400_000))
    }
  }

  @Test("makes ways from one person to another: the shortest first, few, not long, and none in circles")
  func paths() throws {
    func graph(_ edges: [String]) throws -> [(voucher: Address, subject: Address)] {
      try edges.map { edge in
        let people = try edge.split(separator: " ").map { try Address("\($0)@xa") }
        return (people[0], people[1])
      }
    }
    func ways(_ start: String, _ end: String, _ edges: [String]) throws -> [String] {
      let graph = try graph(edges)
      return VouchPaths.paths(from: try Address("\(start)@xa"), to: try Address("\(end)@xa"), over: graph).map { path in
        ([start] + path.map { graph[$0].subject.member }).joined(separator: " ")
      }
    }
    let edges = ["a b", "b c", "c d", "a d", "d a", "b d", "d e", "e f", "x f"]
    #expect(try ways("a", "d", edges) == ["a d", "a b d", "a b c d"])
    #expect(try ways("a", "f", edges) == ["a d e f", "a b d e f"])
    #expect(try ways("a", "x", edges).isEmpty && ways("x", "a", edges).isEmpty && ways("a", "a", edges).isEmpty)
    // Five steps are too many, and the same word twice is one.
    #expect(try ways("a", "g", ["a b", "b c", "c d", "d e", "e g"]).isEmpty)
    #expect(try ways("a", "b", ["a b", "a b"]) == ["a b"])
    // Many know one another: few are shown, and it ends.
    let crowd = (0..<40).flatMap { from in (0..<40).filter { $0 != from }.map { "p\(from) p\($0)" } }
    #expect(try ways("p0", "p1", crowd).count == VouchPaths.pathsMax)
    #expect(try ways("p0", "q", crowd).isEmpty)
    let all = try graph(edges)
    let onTheWay = VouchPaths.onTheWay(from: try Address("a@xa"), to: try Address("f@xa"), over: all)
    #expect(
      onTheWay.map { "\(all[$0].voucher.member) \(all[$0].subject.member)" } == ["a b", "a d", "b d", "d e", "e f"])
  }
}
