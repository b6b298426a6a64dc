import Foundation
import ProcessKit
import TestKit
import Testing

/// Three countries' nodes, and what becomes of their links and messages when one of them loses another's trust.
@Suite("Revocation between real nodes", .serialized, .timeLimit(.minutes(10)))
struct RevocationTests {
  @Test("a revocation ends a live link within a second, takes nothing more from it, and is told to the others")
  func revoked() async throws { try await blocking { try Self.revoke() } }

  private static func revoke() throws {
    let folder = try TemporaryDirectory()
    let all = try ["xa", "xb", "xc"].map { try Country($0, in: folder) }
    let (a, b, c) = (all[0], all[1], all[2])
    for country in all { try country.start() }
    for (one, other) in [(a, b), (a, c), (b, c)] { try Country.introduce(one, other, in: folder) }
    let (ana, carl, boris) = (try a.enrol("ana"), try c.enrol("carl"), try b.enrol("boris"))
    try expectDone(try carl.run("send", ana.address, "-m", "first", "--tlp", "GREEN"))
    try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    for (reader, writer) in [(ana, carl), (boris, ana)] {
      try waiting("the first message to arrive") {
        _ = try reader.run("inbox")
        return try Exchange.texts(reader, with: writer.address).contains("first")
      }
    }
    // xb suspends whomever one of its peers gives notice of; xb is away while the decision falls.
    try expectDone(try b.control("policy", "set", "--suspend-on-notices", "1"))
    b.end(SIGTERM)
    try expectDone(try ana.run("send", boris.address, "-m", "waits for xb", "--tlp", "GREEN"))

    // Messages of xc come without end.
    let traffic = Beside(seed: 1) { _ in
      _ = try carl.run("send", ana.address, "-m", "more", "--tlp", "GREEN")
    }
    defer { _ = try? traffic.stop() }
    try waiting("messages to flow") {
      _ = try ana.run("inbox")
      return try Exchange.texts(ana, with: carl.address).count > 3
    }
    try expectDone(try a.control("peer", "revoke", "xc", "--reason", "its root key was stolen"))
    let decidedAt = monotonicSeconds()
    try waiting("the link to end on both sides") { try !isLinked(a, "xc") && !isLinked(c, "xa") }
    let took = monotonicSeconds() - decidedAt
    #expect(took < 1, "the link ended \(took) s after the decision was answered")
    _ = try ana.run("inbox")
    let known = try Exchange.texts(ana, with: carl.address).count
    Thread.sleep(forTimeInterval: 2)
    let turns = try traffic.stop()
    _ = try ana.run("inbox")
    #expect(try Exchange.texts(ana, with: carl.address).count == known, "after \(turns) messages")

    // xb comes back, learns of it, and suspends xc before anything else that waited for it.
    try b.start()
    try waiting("the notice to arrive") { try state(b, "xc") == "suspended" }
    #expect(try !isLinked(b, "xc"))
    let shown = try b.control("peer", "show", "xc").output
    #expect(shown.contains("xa revoked it at ") && shown.contains(": its root key was stolen"), "\(shown)")
    #expect(try b.control("status").output.contains("NOTICE"))
    try waiting("what waited to arrive") {
      _ = try boris.run("inbox")
      return try Exchange.texts(boris, with: ana.address) == ["first", "waits for xb"]
    }
    // It suspends and does not pass on: xb's own administrators decided nothing.
    #expect(try state(c, "xa") == "active")
    #expect(try !c.control("peer", "show", "xa").output.contains("notice"))
    for country in all { country.end(SIGTERM) }
    for country in all { try expectDone(try Country.liaisond.run(["check", "--home", country.home])) }
    withExtendedLifetime(folder) {}
  }

  private static func peer(_ country: Country, _ handle: String) throws -> [String: Any] {
    let shown = try country.control("peer", "show", handle, "--json")
    try expectDone(shown)
    return try #require(objects(shown.output).first)
  }

  private static func isLinked(_ country: Country, _ handle: String) throws -> Bool {
    try peer(country, handle)["linked"] as? Bool ?? true
  }

  private static func state(_ country: Country, _ handle: String) throws -> String? {
    try peer(country, handle)["state"] as? String
  }
}
