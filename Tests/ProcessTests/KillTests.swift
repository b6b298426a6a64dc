import Foundation
import ProcessKit
import TestKit
import Testing

@Suite("Nodes killed at random moments", .serialized)
struct KillTests {
  @Test(
    "Every accepted message arrives exactly once, whatever node is killed while messages flow", arguments: [1 as UInt64]
  )
  func killed(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let folder = try TemporaryDirectory()
    let (a, b) = (try Country("xa", in: folder), try Country("xb", in: folder))
    defer { withExtendedLifetime(folder) {} }
    try a.start()
    try b.start()
    try Country.introduce(a, b, in: folder)
    let (ana, boris) = (try a.enrol("ana"), try b.enrol("boris"))
    try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    try waiting("the first message to arrive") {
      _ = try boris.run("inbox")
      return try boris.run("show", ana.address).output.contains("first")
    }

    // A killer on a thread of its own: at moments that the seed chooses, kill -9, then start again.
    let stop = Flag()
    var (killerRandom, kills) = (SeededGenerator(seed: random.next()), 0)
    let countries = UncheckedBox([a, b])
    let done = DispatchSemaphore(value: 0)
    let count = Counter()
    let failures = Flag()
    let moments = (0..<200).map { _ in
      (UInt32.random(in: 50...700, using: &killerRandom), Bool.random(using: &killerRandom))
    }
    Thread.detachNewThread {
      for (pause, first) in moments where !stop.isSet {
        Thread.sleep(forTimeInterval: Double(pause) / 1000)
        let country = countries.value[first ? 0 : 1]
        country.end(SIGKILL)
        count.increment()
        do { try country.start() } catch { failures.set() }
      }
      done.signal()
    }
    // Both send all the while; what is not accepted now stays on the device and goes with a later run.
    var sent: [String: [String]] = [ana.address: [], boris.address: []]
    for number in 1...30 {
      for (from, to) in [(ana, boris), (boris, ana)] {
        let text = "\(from.address) \(number) seed \(seed)"
        let outcome = try from.run("send", to.address, "-m", text, "--tlp", "GREEN")
        // 0: accepted. 69 and 75: kept on the device. Anything else is a fault.
        #expect([0, 69, 75].contains(outcome.status), "status \(outcome.status): \(outcome.errors)")
        let identifier = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
        if !identifier.isEmpty { sent[from.address, default: []].append(text) }
      }
    }
    stop.set()
    done.wait()
    kills = count.value
    #expect(!failures.isSet, "a killed node did not start again")
    #expect(kills > 3, "the test killed only \(kills) times")

    for (from, to) in [(ana, boris), (boris, ana)] {
      let expected = sent[from.address] ?? []
      #expect(expected.count == 30)
      try waiting("everything of \(from.address) to arrive") {
        _ = try from.run("inbox")
        return try received(by: to, from: from).count >= expected.count
      }
      let shown = try received(by: to, from: from)
      #expect(shown == expected, "seed \(seed), \(kills) kills: \(shown.count) shown: \(shown)")
    }
    print("kill test: seed \(seed), \(kills) kills, 60 messages")
    a.end(SIGTERM)
    b.end(SIGTERM)
  }

  /// The numbered texts that `to` has from `from`, in the order shown.
  private func received(by to: Professional, from: Professional) throws -> [String] {
    _ = try to.run("inbox")
    let shown = try to.run("show", from.address, "--json")
    return objects(shown.output).filter { $0["type"] as? String == "message" }.compactMap { $0["text"] as? String }
      .filter { $0.hasPrefix("\(from.address) ") }
  }
}

/// Something a thread hands to another that runs while nobody else touches it.
private struct UncheckedBox<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private var value = false
  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
}

private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var count = 0
  var value: Int { lock.withLock { count } }
  func increment() { lock.withLock { count += 1 } }
}
