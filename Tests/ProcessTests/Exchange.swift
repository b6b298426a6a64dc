import Foundation
import ProcessKit
import TestKit
import Testing

/// Two people of two countries who write to each other while something happens to their nodes.
struct Exchange {
  let folder: TemporaryDirectory
  let a: Country
  let b: Country
  let ana: Professional
  let boris: Professional
  private var sent: [String: [String]] = [:]

  /// Two countries that are linked, and a room in which a first message has arrived.
  init(isProxied: Bool = false) throws {
    folder = try TemporaryDirectory()
    a = try Country("xa", in: folder, isProxied: isProxied)
    b = try Country("xb", in: folder, isProxied: isProxied)
    for country in [a, b] { try country.start() }
    try Country.introduce(a, b, in: folder)
    (ana, boris) = (try a.enrol("ana"), try b.enrol("boris"))
    try expectDone(try ana.run("send", boris.address, "-m", "first", "--tlp", "GREEN"))
    let (ana, boris) = (ana, boris)
    try waiting("the first message to arrive") {
      _ = try boris.run("inbox")
      return try boris.run("show", ana.address).output.contains("first")
    }
  }

  /// Each writes `count` texts, by turns. What is not accepted now stays on the device and goes with a later run.
  mutating func write(_ count: Int, _ words: String) throws {
    for number in 1...count {
      for (from, to) in [(ana, boris), (boris, ana)] {
        let text = "\(from.address) \(number) \(words)"
        let outcome = try from.run("send", to.address, "-m", text, "--tlp", "GREEN")
        // 0: accepted. 69 and 75: kept on the device. Anything else is a fault.
        #expect([0, 69, 75].contains(outcome.status), "status \(outcome.status): \(outcome.errors)")
        let identifier = outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
        if !identifier.isEmpty { sent[from.address, default: []].append(text) }
      }
    }
  }

  /// Waits until everything has arrived, and checks that it is there once and in order.
  func expectArrival(_ words: String) throws {
    for (from, to) in [(ana, boris), (boris, ana)] {
      let expected = sent[from.address] ?? []
      #expect(!expected.isEmpty)
      try waiting("everything of \(from.address) to arrive") {
        _ = try from.run("inbox")
        return try Self.received(by: to, from: from).count >= expected.count
      }
      let shown = try Self.received(by: to, from: from)
      #expect(shown == expected, "\(words): \(shown.count) shown: \(shown)")
    }
  }

  /// Both nodes end when they are told to, and their stores are in order.
  func end() throws {
    for country in [a, b] {
      country.end(SIGTERM)
      let checked = try Country.liaisond.run(["check", "--home", country.home])
      #expect(checked.status == 0, "\(checked.errors)")
    }
    withExtendedLifetime(folder) {}
  }

  /// What `to` has of what `from` wrote, in the order shown, but for the first message.
  static func received(by to: Professional, from: Professional) throws -> [String] {
    _ = try to.run("inbox")
    return try texts(to, with: from.address).filter { $0.hasPrefix("\(from.address) ") }
  }

  /// All texts that a person sees in a room, in the order shown.
  static func texts(_ person: Professional, with room: String) throws -> [String] {
    objects(try person.run("show", room, "--json").output)
      .filter { $0["type"] as? String == "message" }.compactMap { $0["text"] as? String }
  }
}
