import Foundation
import ProcessKit
import Synchronization
import TestKit
import Testing

/// A node's key is replaced while its people and a peer's write to each other.
@Suite("Rotation of node keys between real nodes", .serialized, .timeLimit(.minutes(10)))
struct RotationTests {
  @Test("traffic goes on through every step of a rotation, in one order, and nobody is asked")
  func rotation() async throws { try await blocking { try Self.rotate() } }

  private static func rotate() throws {
    var exchange = try Exchange()
    let (a, b) = (exchange.a, exchange.b)
    let first = try keys(b)
    #expect(first.count == 1)
    let memberCard = try #require(objects(try a.control("member", "show", "ana@xa", "--json").output).first)
    let steps = Mutex(["announce", "use", "retire"])
    let seen = Mutex<[[String]]>([])
    let rounds = Mutex(0)
    let rotation = Beside(seed: 1) { _ in
      guard let step = steps.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
        return Thread.sleep(forTimeInterval: 0.1)
      }
      // As an administrator does: no step before the devices have had a link since the last one, as in a whole round.
      let ended = rounds.withLock { $0 }
      try waiting("the devices before \(step)") { rounds.withLock { $0 } >= ended + 2 }
      try expectDone(try a.control("card", "renew", "--keys", step))
      // The card goes over the standing link: no administrator of xb does anything.
      let own = try Self.ownKeys(a)
      try waiting("xb to know the card of step \(step)") { try Self.keys(b) == own }
      seen.withLock { $0.append(own) }
      try waiting("the link after \(step)") { try b.control("peer", "show", "xa").output.contains("up") }
    }
    while !rotation.hasFailed, rounds.withLock({ $0 }) < 12 || seen.withLock({ $0.count }) < 3 {
      let round = rounds.withLock { $0 }
      try exchange.write(1, "while keys change, round \(round)")
      rounds.withLock { $0 += 1 }
    }
    try rotation.stop()
    try exchange.write(3, "afterwards")
    // A restart on both sides: nothing depends on links that were there before.
    for country in [a, b] { country.end(SIGTERM) }
    for country in [a, b] { try country.start() }
    try exchange.write(3, "after a restart")
    try exchange.expectArrival("rotation")
    let (announced, used, retired) = seen.withLock { ($0[0], $0[1], $0[2]) }
    #expect(announced.count == 2 && announced[0] == first[0])
    #expect(used == announced.reversed())
    #expect(retired == [announced[1]])
    // The new key signed the members' cards anew.
    let renewed = try #require(objects(try a.control("member", "show", "ana@xa", "--json").output).first)
    #expect((renewed["cardSerial"] as? Int ?? 0) > (memberCard["cardSerial"] as? Int ?? .max))
    #expect(try !b.control("status").output.contains("ALARM"))
    // And there is a next key for the next time.
    try expectDone(try a.control("card", "renew", "--keys", "announce"))
    #expect(try ownKeys(a).count == 2)
    try exchange.end()
  }

  @Test(
    "a lost key is replaced by the root key: peers and devices take the card by file, and what was sent is not lost")
  func lost() async throws { try await blocking { try Self.replace() } }

  private static func replace() throws {
    var exchange = try Exchange()
    let (a, b) = (exchange.a, exchange.b)
    a.end(SIGTERM)
    try FileManager.default.removeItem(atPath: a.home + "/keys/node.key")
    let refused = try Country.liaisond.run(["check", "--home", a.home])
    #expect(refused.status == 65 && refused.errors.contains("liaisond replace-key"), "\(refused.errors)")
    try expectDone(try Country.liaisond.run(["replace-key", "--home", a.home, "--lost"]))
    try a.start()
    let card = exchange.folder.path("xa-next.card")
    try expectDone(try a.control("card", "export", "-o", card))
    try expectDone(try b.control("peer", "add", card))
    try expectDone(try exchange.ana.run("node-card", card))
    let again = try exchange.ana.run("node-card", card)
    #expect(again.status == 73, "\(again.errors)")
    try waiting("the link") { try b.control("peer", "test", "xa").status == 0 }
    try exchange.write(5, "with the new key")
    try exchange.expectArrival("a lost key")
    try exchange.end()
  }

  private static func keys(_ country: Country) throws -> [String] {
    let shown = try country.control("peer", "show", "xa", "--json")
    return try #require(objects(shown.output).first?["nodeKeys"] as? [String])
  }

  private static func ownKeys(_ country: Country) throws -> [String] {
    let shown = try country.control("card", "show", "--json")
    return try #require(objects(shown.output).first?["nodeKeys"] as? [String])
  }
}
