import Foundation
import ProcessKit
import TestKit
import Testing

/// Three countries' nodes and programs, and a room whose hub is killed for good.
@Suite("Takeover of a hub between real nodes", .serialized, .timeLimit(.minutes(10)))
struct TakeoverTests {
  @Test("the members go on with another hub, and the old one follows when it comes back after all")
  func killed() async throws { try await blocking { try Self.kill() } }

  private static func kill() throws {
    let folder = try TemporaryDirectory()
    let all = try ["xa", "xb", "xc"].map { try Country($0, in: folder) }
    let (a, b, c) = (all[0], all[1], all[2])
    for country in all { try country.start() }
    for (one, other) in [(a, b), (a, c), (b, c)] { try Country.introduce(one, other, in: folder) }
    let (ana, boris, carl, dora) = (try a.enrol("ana"), try b.enrol("boris"), try c.enrol("carl"), try c.enrol("dora"))
    try expectDone(try ana.run("room", "create", "Field team", boris.address, carl.address))
    for person in [boris, carl] {
      try waiting("the room to come to \(person.address)") {
        _ = try person.run("inbox")
        return try room(person) != nil
      }
    }
    // While the hub is there, it stays the hub.
    let refused = try boris.run("room", "takeover", "Field team")
    #expect(refused.status == 77, "\(refused.errors)")

    a.end(SIGKILL)
    try expectDone(try boris.run("send", "Field team", "-m", "without a hub", "--tlp", "GREEN"))
    try waiting("a message to flow without the hub") {
      _ = try carl.run("inbox")
      return try Exchange.texts(carl, with: "Field team") == ["without a hub"]
    }
    // Their administrators know what the nodes would believe only after an hour.
    for country in [b, c] { try expectDone(try country.control("peer", "suspend", "xa")) }
    try expectDone(try boris.run("room", "takeover", "Field team"))
    try waiting("carl to learn of it") {
      _ = try carl.run("inbox")
      return try room(carl)?["hub"] as? String == "xb"
    }
    #expect(try carl.run("show", "Field team").output.contains("xb orders this room from now on"))
    try expectDone(try carl.run("room", "add", "Field team", dora.address))

    try a.start()
    for country in [b, c] { try expectDone(try country.control("peer", "activate", "xa")) }
    try waiting("the old hub to follow") {
      _ = try ana.run("inbox")
      let seen = try room(ana)
      return seen?["hub"] as? String == "xb" && (seen?["members"] as? [String])?.count == 4
    }
    let authenticators = try [ana, boris, carl, dora].map { person in
      _ = try person.run("inbox")
      return try room(person)?["epochAuthenticator"] as? String
    }
    #expect(Set(authenticators).count == 1 && authenticators[0] != nil, "\(authenticators)")
    for country in all { country.end(SIGTERM) }
    for country in all { try expectDone(try Country.liaisond.run(["check", "--home", country.home])) }
    withExtendedLifetime(folder) {}
  }

  private static func room(_ person: Professional) throws -> [String: Any]? {
    objects(try person.run("room", "list", "--json").output).first { $0["title"] as? String == "Field team" }
  }
}
