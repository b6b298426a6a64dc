import Foundation
import LiaisonModel
import ProcessKit
import TestKit
import Testing

/// Those who fall silent without closing anything, for longer than a link bears.
@Suite("Silence", .serialized, .timeLimit(.minutes(10)))
struct SilenceTests {
  @Test("A stopped node, a stalled link and a stopped client are given up, waited for, and get everything in order")
  func silence() async throws { try await blocking { try await Self.stopAll() } }

  private static func stopAll() async throws {
    let folder = try TemporaryDirectory()
    defer { withExtendedLifetime(folder) {} }
    let a = try Country("xa", in: folder, isProxied: true)
    // The one is stopped, the other is behind a network that takes everything and passes nothing on.
    let (b, c) = (try Country("xb", in: folder), try Country("xc", in: folder, isProxied: true))
    for country in [a, b, c] { try country.start() }
    for country in [b, c] { try Country.introduce(a, country, in: folder) }
    let ana = try a.enrol("ana")
    let (amina, boris, carla) = (try a.enrol("amina"), try b.enrol("boris"), try c.enrol("carla"))
    let readers = [amina, boris, carla]
    for reader in readers {
      try expectDone(try ana.run("send", reader.address, "-m", "0", "--tlp", "GREEN"))
      try waiting("the first message to arrive") {
        _ = try reader.run("inbox")
        return try Exchange.texts(reader, with: ana.address) == ["0"]
      }
    }
    let watched = URL(fileURLWithPath: folder.path("watched"))
    let watch = try Daemon(
      Country.liaison, ["--home", amina.home, "inbox", "--watch", "--json"], log: watched)
    try waiting("the watch to begin") { try !String(contentsOf: watched, encoding: .utf8).isEmpty }

    let node = try #require(b.daemon)
    node.signal(SIGSTOP)
    for country in [a, c] { try country.proxy?.set(.init(isStalled: true), on: [.peer]) }
    watch.signal(SIGSTOP)
    for number in 1...5 {
      for reader in readers {
        try expectDone(try ana.run("send", reader.address, "-m", "\(number)", "--tlp", "GREEN"))
      }
    }
    // Whoever writes at a stopped node keeps what they write.
    let kept = try boris.run("send", ana.address, "-m", "from boris", "--tlp", "GREEN")
    #expect(kept.status == 69, "\(kept.errors)")
    #expect(kept.errors.hasPrefix("liaison: the message is kept on this machine"), "\(kept.errors)")

    // The design's time without a sign of life, and some.
    try await Task.sleep(for: .milliseconds(Int64(Limits.linkSilenceMillisecondsMax) + 1000))
    for country in [b, c] {
      let shown = try Self.waitingQueue(of: country.handle, at: a)
      #expect(shown["count"] as? Int == 5)
      #expect((shown["error"] as? String)?.isEmpty == false)
      #expect((shown["next"] as? String)?.isEmpty == false)
    }
    let log = try String(contentsOf: a.log, encoding: .utf8)
    for country in [b, c] { #expect(log.contains("the link ended peer=\(country.handle)"), "\(log)") }
    try waiting("the node to give up the stopped client") {
      let inbox = try Self.inbox(of: amina.address, at: a)
      return inbox["linked"] as? Bool == false && inbox["count"] as? Int == 5
    }

    node.signal(SIGCONT)
    for country in [a, c] { try country.proxy?.set(nil) }
    watch.signal(SIGCONT)
    let numbers = (0...5).map { "\($0)" }
    try waiting("the watch to show everything") { try Self.texts(in: watched).count >= numbers.count }
    let seen = try Self.texts(in: watched)
    #expect(seen == numbers)
    for reader in [boris, carla] {
      try waiting("everything to arrive at \(reader.address)") {
        _ = try reader.run("inbox")
        return try Exchange.texts(reader, with: ana.address).count >= numbers.count
      }
    }
    try waiting("what was kept to arrive") {
      _ = try ana.run("inbox")
      return try Exchange.texts(ana, with: boris.address).contains("from boris")
    }
    let (atBoris, atCarla) = (
      try Exchange.texts(boris, with: ana.address), try Exchange.texts(carla, with: ana.address)
    )
    // What he wrote before he had the others stands before them.
    #expect(atBoris == ["0", "from boris"] + numbers.dropFirst())
    #expect(atCarla == numbers)
    watch.end(SIGKILL)
    for country in [a, b, c] { country.end(SIGTERM) }
  }

  /// A peer's queue, once its link is gone.
  private static func waitingQueue(of peer: String, at country: Country) throws -> [String: Any] {
    var queue: [String: Any] = [:]
    try waiting("the link to \(peer) to be given up") {
      queue = objects(try country.control("queue", "show", peer, "--json").output).first ?? [:]
      return queue["linked"] as? Bool == false
    }
    return queue
  }

  private static func inbox(of member: String, at country: Country) throws -> [String: Any] {
    objects(try country.control("queue", "list", "--json").output).first { $0["member"] as? String == member } ?? [:]
  }

  private static func texts(in log: URL) throws -> [String] {
    objects(try String(contentsOf: log, encoding: .utf8))
      .filter { $0["type"] as? String == "message" }.compactMap { $0["text"] as? String }
  }
}
