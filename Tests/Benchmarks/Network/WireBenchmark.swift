internal import Foundation
internal import ProcessKit

/// Bytes that a text of 256 bytes takes on the wire, with its receipt and all else that goes to and fro for it.
enum WireBenchmark {
  static func run(seconds: Double, into report: Report) async throws {
    let network = try Network(["xa", "xb"], isProxied: true)
    let pairs = try await network.pairs(1)
    report.section("bytes on the wire, both ways, TLS included")
    for window in [1, 32] {
      let meters = kinds.map { kind, _ in Meter { bytes(kind, network) } }
      let outcome = try await MessageLoad(pairs: pairs, window: window).run(seconds: seconds) {
        for meter in meters { meter.start() }
      } done: {
        for meter in meters { meter.stop() }
      }
      let count = outcome.latencies.count
      for ((kind, label), meter) in zip(kinds, meters) {
        report.add("1x\(window)_wire_\(kind)", meter.value / Double(max(count, 1)), "B/msg", count: count, label)
      }
    }
    network.end()
  }

  private static let kinds: [(LinkProxy.Kind, String)] = [
    (.peer, "between the nodes"), (.device, "between both devices and their nodes"),
  ]

  private static func bytes(_ kind: LinkProxy.Kind, _ network: Network) -> Double {
    network.countries.compactMap(\.proxy).reduce(0) { $0 + ((try? $1.bytes(kind)).map(Double.init) ?? .nan) }
  }
}
