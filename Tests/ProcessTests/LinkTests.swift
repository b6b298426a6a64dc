import Foundation
import ProcessKit
import TestKit
import Testing

/// Nodes whose links go through a network that breaks them in every way that one can.
@Suite("Links over a bad network", .serialized, .timeLimit(.minutes(10)))
struct LinkTests {
  @Test(
    "Every message arrives once and in order over links that are cut, reset, stalled and slow", arguments: [1 as UInt64]
  )
  func disturbed(seed: UInt64) async throws { try await blocking { try Self.disturb(seed) } }

  private static func disturb(_ seed: UInt64) throws {
    var exchange = try Exchange(isProxied: true)
    let proxies = [exchange.a, exchange.b].compactMap(\.proxy)
    let network = Beside(seed: seed) { random in
      Thread.sleep(forTimeInterval: .random(in: 0.05...0.4, using: &random))
      guard let proxy = proxies.randomElement(using: &random) else { return }
      if Bool.random(using: &random), let cut = LinkProxy.Cut.allCases.randomElement(using: &random) {
        return try proxy.cut(cut)
      }
      let disturbances: [LinkProxy.Disturbance] = [
        .init(isStalled: true), .init(refuses: true), .init(delayMilliseconds: 150),
        .init(delayMilliseconds: 20, bytesPerSecond: 16 << 10),
      ]
      try proxy.set(disturbances.randomElement(using: &random))
      Thread.sleep(forTimeInterval: .random(in: 0.2...1.5, using: &random))
      try proxy.set(nil)
    }
    defer { _ = try? network.stop() }
    try exchange.write(25, "seed \(seed)")
    let count = try network.stop()
    #expect(count > 3, "the test disturbed only \(count) times")
    // Half-open links stay until somebody misses a sign of life; a network that comes back has none of them.
    for proxy in proxies { try proxy.cut(.close) }
    try exchange.expectArrival("seed \(seed), \(count) disturbances")
    print("link test: seed \(seed), \(count) disturbances, 50 messages")
    try exchange.end()
  }

  @Test("A peer that cannot be reached is tried again at once, then ever more rarely, and the administrator is told")
  func redial() async throws { try await blocking { try Self.loseEachOther() } }

  private static func loseEachOther() throws {
    let exchange = try Exchange(isProxied: true)
    let countries = [exchange.a, exchange.b]
    let proxies = try countries.map { try #require($0.proxy) }
    for proxy in proxies { try proxy.set(.init(refuses: true), on: [.peer]) }
    let before = try proxies.map { try $0.dials(.peer).count }
    let cutAt = monotonicSeconds()
    for proxy in proxies { try proxy.cut(.reset, [.peer]) }
    try expectDone(try exchange.ana.run("send", exchange.boris.address, "-m", "second", "--tlp", "GREEN"))
    let attempts = 6
    try waiting("both to dial \(attempts) times") {
      try zip(proxies, before).allSatisfy { try $0.dials(.peer).count >= $1 + attempts }
    }
    var first: [Double] = []
    for (proxy, count) in zip(proxies, before) {
      let times = [cutAt] + (try proxy.dials(.peer)).dropFirst(count).prefix(attempts)
      let waits = zip(times, times.dropFirst()).map { $1 - $0 }
      // Half a wait of 250 ms that doubles is jitter. A busy machine makes waits longer and never shorter.
      for (failures, wait) in waits.enumerated() {
        #expect(wait > 0.125 * Double(1 << failures) - 0.02, "after \(failures) failures: \(waits)")
      }
      first.append(waits[0])
    }
    let soonest = try #require(first.min())
    #expect(soonest < 1, "dialled again only after \(first) s")

    let shown = try exchange.a.control("queue", "show", "xb", "--json")
    let queue = try #require(objects(shown.output).first)
    #expect(queue["linked"] as? Bool == false)
    #expect(queue["count"] as? Int == 1)
    #expect((queue["error"] as? String)?.isEmpty == false)
    #expect((queue["next"] as? String)?.hasPrefix("dials again in ") == true, "\(shown.output)")

    for proxy in proxies { try proxy.set(nil) }
    try waiting("the message to arrive") {
      try Exchange.texts(exchange.boris, with: exchange.ana.address) == ["first", "second"]
    }
    try exchange.end()
  }
}
