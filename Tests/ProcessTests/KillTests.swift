import Foundation
import ProcessKit
import TestKit
import Testing

@Suite("Nodes killed at random moments", .serialized, .timeLimit(.minutes(10)))
struct KillTests {
  @Test(
    "Every accepted message arrives exactly once, whatever node is killed while messages flow", arguments: [1 as UInt64]
  )
  func killed(seed: UInt64) async throws { try await blocking { try Self.kill(seed) } }

  private static func kill(_ seed: UInt64) throws {
    var exchange = try Exchange()
    let (a, b) = (exchange.a, exchange.b)
    // At moments that the seed chooses, kill -9, then start again.
    let killer = Beside(seed: seed) { random in
      Thread.sleep(forTimeInterval: .random(in: 0.05...0.7, using: &random))
      let country = Bool.random(using: &random) ? a : b
      country.end(SIGKILL)
      try country.start()
    }
    defer { _ = try? killer.stop() }
    try exchange.write(30, "seed \(seed)")
    let kills = try killer.stop()
    #expect(kills > 3, "the test killed only \(kills) times")
    try exchange.expectArrival("seed \(seed), \(kills) kills")
    print("kill test: seed \(seed), \(kills) kills, 60 messages")
    try exchange.end()
  }
}
