import LiaisonModel
import LiaisonTrust
import Testing

/// Nineteen countries, of which thirteen change the charter. Each has its own trust log and decides by itself.
@Suite("A network of nineteen countries") struct CharterNetworkTests {
  private static let threshold = 13

  private var countries = Charters.countries(19)
  private var logs: [Log]

  init() throws { logs = try countries.map { try Log($0) } }

  /// Has every country's administrators try to adopt it; gives what stopped them, by handle, without those who adopted.
  private mutating func adopt(_ charter: VerifiedCharter) throws -> [String: TrustError] {
    var refusals: [String: TrustError] = [:]
    for index in logs.indices {
      do { try logs[index].decide(charter.adoption) } catch let error as TrustError {
        refusals[logs[index].own.handle] = error
      }
    }
    return refusals
  }

  private func adopted() -> Set<CharterDigest?> { Set(logs.map { $0.registry.adoptedCharter?.digest }) }

  @Test("it begins with the word of all of them")
  mutating func first() throws {
    let charter = try Charters.charter(of: countries, threshold: Self.threshold)
    let short = try adopt(charter.signed(by: countries.dropLast()))
    #expect(short.count == 19)
    #expect(short.values.allSatisfy { $0.sentence.hasSuffix("it names without their signature: xs") })
    #expect(adopted() == [nil])
    #expect(try adopt(charter.signed(by: countries)).isEmpty)
    #expect(adopted() == [charter.digest])
  }

  @Test("countries join, leave and replace their root, and thirteen are enough for that and twelve are not")
  mutating func life() throws {
    let first = try Charters.charter(of: countries, threshold: Self.threshold).signed(by: countries)
    #expect(try adopt(first).isEmpty)

    // A country joins.
    let joining = Country("xt")
    let second = try Charters.charter(of: countries + [joining], threshold: Self.threshold, after: first)
    #expect(
      second.content.changes(since: first.content) == [
        "the next charter takes 13 of 20 countries instead of 13 of 19", "xt, Land of xt, joins",
      ])
    let twelve = try adopt(second.signed(by: countries.prefix(12) + [joining]))
    #expect(twelve.count == 19)
    #expect(
      twelve["xa"]?.sentence.hasSuffix(
        "13 of the 19 countries before it have to sign it, and 12 have: xa, xb, xc, xd, xe, xf, xg, xh, xi, xj, xk, xl; "
          + "not yet: xm, xn, xo, xp, xq, xr, xs") == true)
    let unwilling = try adopt(second.signed(by: countries))
    #expect(unwilling.values.allSatisfy { $0.sentence.hasSuffix("it names without their signature: xt") })
    #expect(unwilling.count == 19)
    let joined = second.signed(by: countries.suffix(13) + [joining])
    #expect(try adopt(joined).isEmpty)
    // It had no charter before, and adopts the one that it signed itself.
    var joiner = try Log(joining)
    #expect(try joiner.refusal(of: second.signed(by: countries).adoption)?.code == .notPermitted)
    try joiner.decide(joined.adoption)
    logs.append(joiner)
    countries.append(joining)
    #expect(adopted() == [second.digest])

    // A country leaves, also against its will.
    let left = countries.remove(at: 1)
    let third = try Charters.charter(of: countries, threshold: Self.threshold, after: joined)
    #expect(try adopt(third.signed(by: [left] + countries.prefix(12))).count == 20)
    let without = third.signed(by: countries.prefix(13))
    #expect(try adopt(without).isEmpty)
    #expect(adopted() == [third.digest])
    #expect(logs[0].registry.charterNote(on: try left.card().claim()) == .left(3))
    #expect(logs[0].registry.charterNote(on: try countries[5].card().claim()) == .named)

    // A country replaces its root key: the new key signs, and thirteen others, without the old one.
    let old = countries[1]
    var renewed = countries
    renewed[1].root = SigningKey()
    let fourth = try Charters.charter(of: renewed, threshold: Self.threshold, after: without)
    #expect(
      fourth.content.changes(since: third.content) == [
        "xc has ANOTHER ROOT KEY: \(Fingerprint(of: renewed[1].root.publicKey))"
      ])
    let thief = fourth.signed(by: [old] + countries.suffix(13))
    #expect(try adopt(thief)["xa"]?.sentence.hasSuffix("it names without their signature: xc") == true)
    let moved = fourth.signed(by: renewed[1...1] + renewed.suffix(13))
    let refused = try adopt(moved)
    // xc itself begins anew with its new root: its old node knows no such country.
    #expect(Set(refused.keys) == ["xc"])
    #expect(refused["xc"]?.sentence.contains("ANOTHER ROOT KEY for this country, xc") == true)
    logs.removeAll { $0.own.handle == "xc" }
    countries = renewed
    logs.append(try Log(countries[1]))
    #expect(try adopt(moved).keys.count == logs.count - 1)
    #expect(adopted() == [fourth.digest])

    // What the old key signs counts no more.
    let fifth = try Charters.charter(of: countries, threshold: 14, after: moved)
    #expect(try adopt(fifth.signed(by: [old] + countries.prefix(1) + countries[2...13])).count == logs.count)
    let last = fifth.signed(by: countries.prefix(14))
    #expect(try adopt(last).isEmpty)
    #expect(adopted() == [fifth.digest])
    // Each log gives the same when it is read again.
    for log in logs {
      #expect(try TrustLog(entries: log.entries).registry == log.registry)
    }
  }
}
