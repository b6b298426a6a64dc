internal import Foundation
internal import ProcessKit
internal import Synchronization
internal import TestKit

/// What is done to the network, one thing after the other.
final class Faults: Sendable {
  private let network: SoakNetwork
  private let began = monotonicSeconds()
  /// When a node is stopped for longer than a link bears silence, once.
  private let longStopAfter: Double
  private let state = Mutex((counts: [String: Int](), hadLongStop: false))

  init(_ network: SoakNetwork, seed: UInt64, seconds: Double) {
    self.network = network
    longStopAfter = seconds >= 240 ? seconds / 3 : .infinity
  }

  var summary: String {
    state.withLock { $0.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ") }
  }

  func turn(_ random: inout SeededGenerator) throws {
    Thread.sleep(forTimeInterval: .random(in: 0.3...3, using: &random))
    let index = Int.random(in: network.countries.indices, using: &random)
    let country = network.countries[index]
    guard country.daemon?.isRunning == true, let proxy = country.proxy else {
      network.findings.add("the node of \(country.handle) ended by itself")
      return try country.start()
    }
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<3 where index != network.spared:
      count("kills")
      country.end(SIGKILL)
      Thread.sleep(forTimeInterval: .random(in: 0...2, using: &random))
      try country.start()
    case 0..<5: stop(country, seconds: .random(in: 0.2...5, using: &random))
    case 5..<8:
      guard let cut = LinkProxy.Cut.allCases.randomElement(using: &random) else { return }
      count("cuts")
      try proxy.cut(cut, kinds(&random))
    default:
      let disturbances: [LinkProxy.Disturbance] = [
        .init(isStalled: true), .init(refuses: true), .init(delayMilliseconds: 300),
        .init(delayMilliseconds: 50, bytesPerSecond: 64 << 10),
      ]
      count("bad lines")
      try proxy.set(disturbances.randomElement(using: &random), on: kinds(&random))
      Thread.sleep(forTimeInterval: .random(in: 0.5...8, using: &random))
      try proxy.set(nil)
    }
  }

  /// The network is as it should be from here on.
  func end() throws {
    for country in network.countries {
      try country.proxy?.set(nil)
      // Nobody would miss the half-open ones for a minute.
      try country.proxy?.cut(.close)
      if country.daemon?.isRunning != true {
        network.findings.add("the node of \(country.handle) ended by itself")
        try country.start()
      }
    }
  }

  private func stop(_ country: Country, seconds: Double) {
    let isLong = state.withLock { state in
      defer { state.hadLongStop = state.hadLongStop || monotonicSeconds() - began > longStopAfter }
      return !state.hadLongStop && monotonicSeconds() - began > longStopAfter
    }
    count(isLong ? "stops of 65 s" : "stops")
    country.daemon?.signal(SIGSTOP)
    Thread.sleep(forTimeInterval: isLong ? 65 : seconds)
    country.daemon?.signal(SIGCONT)
  }

  /// All kinds of links, or those of one kind.
  private func kinds(_ random: inout SeededGenerator) -> [LinkProxy.Kind] {
    let all = LinkProxy.Kind.allCases
    return Bool.random(using: &random) ? all : all.randomElement(using: &random).map { [$0] } ?? all
  }

  private func count(_ what: String) { state.withLock { $0.counts[what, default: 0] += 1 } }
}
