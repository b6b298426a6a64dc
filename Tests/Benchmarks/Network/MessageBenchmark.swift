internal import Foundation
internal import LiaisonModel
internal import ProcessKit

/// Sustained rates of end-to-end encrypted messages from devices in one country to devices in another, what they cost
/// the nodes, and their latency under these plans.
enum MessageBenchmark {
  static func run(_ plans: [Plan], seconds: Double, into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    let pairs = try await network.pairs(plans.map(\.senders).max() ?? 1)
    for plan in plans {
      report.section("messages \(plan.name): \(plan.senders) senders, \(plan.window) under way each")
      let load = MessageLoad(pairs: Array(pairs.prefix(plan.senders)), window: plan.window)
      let nodes = Meter { Usage.processorSeconds(of: network.countries) }
      let own = Meter { Usage.ownProcessorSeconds }
      let batches = Meter { (try? network.batches()) ?? .nan }
      let outcome = try await load.run(seconds: seconds) {
        // Asking for them costs the nodes something too.
        batches.start()
        nodes.start()
        own.start()
      } done: {
        nodes.stop()
        own.stop()
        batches.stop()
      }
      let count = outcome.latencies.count
      let note = outcome.lost + outcome.duplicates == 0 ? "" : "LOST \(outcome.lost), REPEATED \(outcome.duplicates)"
      report.add("\(plan.name)_rate", outcome.rate, "msg/s", count: count, note)
      report.add(latencies: "\(plan.name)_latency", outcome.latencies)
      report.add("\(plan.name)_nodes_cpu", nodes.value / Double(max(count, 1)) * 1000, "ms/msg", count: count)
      report.add(
        "\(plan.name)_nodes_flushes", batches.value / Double(max(count, 1)), "/msg", count: count,
        "batches of both nodes, at most a flush each")
      report.add("\(plan.name)_devices_cpu", own.value / Double(max(count, 1)) * 1000, "ms/msg", count: count)
    }
    let resident = network.countries.compactMap(\.daemon?.identifier).map { Usage.mebibytes("VmHWM", $0) }
    report.add("nodes_peak_rss", resident.reduce(0, +), "MiB", "both nodes")
    network.end()
  }
}

/// Latency of messages while the network carries shares of its highest load, and of a FLASH while a document moves.
enum LatencyBenchmark {
  static func run(seconds: Double, into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    let pairs = try await network.pairs(16)
    report.section("latency at shares of the load")
    let full = try await MessageLoad(pairs: pairs, window: 32).run(seconds: seconds)
    report.add("full_rate", full.rate, "msg/s", count: full.latencies.count)
    for share in [10, 50, 90] {
      let load = MessageLoad(pairs: pairs, window: 8, rate: full.rate * Double(share) / 100)
      let outcome = try await load.run(seconds: seconds)
      report.add("load\(share)_rate", outcome.rate, "msg/s", count: outcome.latencies.count)
      report.add(latencies: "load\(share)_latency", outcome.latencies)
    }
    network.end()
  }
}

/// What a counter grew by between two moments.
final class Meter: @unchecked Sendable {
  // Sendable: a load calls `start` and `stop` one after the other, and nobody reads before it has ended.
  private let read: () -> Double
  private var begin = 0.0
  private(set) var value = 0.0

  init(_ read: @escaping () -> Double) { self.read = read }

  func start() { begin = read() }
  func stop() { value = read() - begin }
}
