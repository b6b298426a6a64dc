internal import ArgumentParser
internal import Foundation
internal import TestKit

/// Measures whole networks: real `liaisond` processes on loopback, people's devices in this process, one clock.
@main
struct NetworkBenchmark: AsyncParsableCommand {
  /// What can be measured.
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case limits, messages, latency, nodes, documents, memory, fanout, wire, growth, trust, bundles

    /// What `make bench` measures; the rest has targets of its own.
    static let usual = allCases.filter { $0 != .trust && $0 != .bundles }
  }

  static let configuration = CommandConfiguration(
    commandName: "network-benchmark",
    abstract: "Measure messages and documents between nodes, beside what the machine can do.",
    discussion: """
      Every figure is of this run. Messages are texts of 256 bytes, end-to-end encrypted, on disk at both nodes and at \
      the receiving device when they count. Tests/Benchmarks/README.md says what each line means.
      """)

  @Option(help: "What to measure; all of it where nothing is named. Several times for several parts.")
  var part: [Part] = []
  @Option(help: "How long each load runs, seconds.") var seconds = 12.0
  @Option(help: "Senders x window of the load of messages, such as 16x32.") var plan: [String] = []
  @Option(help: "Envelopes of the load between nodes.") var envelopes = 20_000
  @Option(help: "Size of the large document, MiB.") var documentMegabytes = 1024
  @Option(help: "How many documents of 64 KiB.") var smallDocuments = 1000
  @Option(help: "Numbers of stored messages at which the cost of another is measured.") var stored = "1000,100000"
  @Option(help: "Peers in the registry of the part trust.") var peers = 500
  @Option(help: "Members in it.") var members = 100_000
  @Option(help: "Entries of the log that it verifies in full.") var entries = 1_000_000
  @Option(help: "Messages in a bundle.") var bundled = 10_000
  @Option(help: "Where to write JSON, a line a figure.") var json: String?
  @Option(help: "Measure nothing: print the ratios of the figures in --json to those in this file.")
  var compare: String?
  @Option(help: "Where the homes lie; the system's temporary folder where nothing is said.") var folder: String?

  func run() async throws {
    if let compare { return try Comparison.show(ours: json ?? "", peers: compare) }
    if let folder { setenv("TMPDIR", folder, 1) }
    let plans = try (plan.isEmpty ? ["1x1", "16x1", "1x32", "16x32"] : plan).map(Plan.init)
    let parts = Set(part.isEmpty ? Part.usual : part)
    let report = Report(json: json)
    if parts.contains(.limits) { try MachineLimits.measure(into: report) }
    if parts.contains(.messages) { try await MessageBenchmark.run(plans, seconds: seconds, into: report) }
    if parts.contains(.latency) { try await LatencyBenchmark.run(seconds: seconds, into: report) }
    if parts.contains(.nodes) { try await SubmissionBenchmark.run(envelopes: envelopes, into: report) }
    if parts.contains(.documents) {
      try await DocumentBenchmark.run(megabytes: documentMegabytes, smallOnes: smallDocuments, into: report)
    }
    if parts.contains(.memory) { try await MemoryBenchmark.run(into: report) }
    if parts.contains(.fanout) { try await FanOutBenchmark.run(seconds: seconds, into: report) }
    if parts.contains(.wire) { try await WireBenchmark.run(seconds: seconds, into: report) }
    if parts.contains(.trust) {
      try await TrustBenchmark.run(peers: peers, members: members, entries: entries, into: report)
    }
    if parts.contains(.bundles) {
      try await BundleBenchmark.run(messages: bundled, megabytes: documentMegabytes, into: report)
    }
    if parts.contains(.growth) {
      let sizes = stored.split(separator: ",").compactMap { Int($0) }
      try await GrowthBenchmark.run(sizes: sizes, into: report)
    }
  }
}

/// So many senders, each with its own receiver and so many messages under way.
struct Plan {
  let senders: Int
  let window: Int

  init(_ text: String) throws {
    let numbers = text.split(separator: "x").compactMap { Int($0) }
    guard numbers.count == 2, numbers.allSatisfy({ $0 > 0 }) else {
      throw ValidationError("a plan is like 16x32, not \(text)")
    }
    (senders, window) = (numbers[0], numbers[1])
  }

  var name: String { "\(senders)x\(window)" }
}
