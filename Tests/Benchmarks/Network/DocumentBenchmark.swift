internal import Foundation
internal import LiaisonClient
internal import LiaisonModel
internal import ProcessKit
internal import TestKit

/// A document from `share` to a verified plaintext file on disk at the other end, and a thousand small ones; memory of the
/// nodes and the latency of a FLASH meanwhile.
enum DocumentBenchmark {
  static func run(megabytes: Int, into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    let pairs = try await network.pairs(2)
    report.section("documents: \(megabytes) MiB, and 1,000 of 64 KiB")
    let source = network.folder.path("document")
    try write(megabytes: megabytes, to: source)
    for country in network.countries { if let node = country.daemon?.identifier { Usage.resetPeak(node) } }

    // Another pair writes FLASH messages one after the other while the document is on its way.
    let beside = Task {
      try await MessageLoad(pairs: [pairs[1]], window: 1, rate: 20, precedence: .flash)
        .run(seconds: Double(megabytes) / 200 + 1, warmUp: 0.2)
    }
    let start = monotonicSeconds()
    let copy = network.folder.path("copy")
    try await move(source, to: copy, pairs[0])
    let seconds = monotonicSeconds() - start
    report.add("document_rate", Double(megabytes) * 1.048576 / seconds, "MB/s", "verified and flushed")
    for country in network.countries {
      guard let node = country.daemon?.identifier else { continue }
      report.add("document_peak_rss_\(country.handle)", Usage.mebibytes("VmHWM", node), "MiB")
    }
    report.add(latencies: "flash_beside_document", try await beside.value.latencies)
    guard FileManager.default.contentsEqual(atPath: source, andPath: copy) else {
      throw ProcessFailure("the document is not what was sent")
    }
    try await smallOnes(network, pairs[0], report)
    network.end()
  }

  private static func smallOnes(_ network: Network, _ pair: Pair, _ report: Report) async throws {
    let count = 1000
    let paths = (0..<count).map { network.folder.path("small-\($0)") }
    var generator = SystemRandomNumberGenerator()
    for path in paths {
      let words = (0..<8192).map { _ in UInt64.random(in: .min ... .max, using: &generator) }
      try words.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
    }
    let start = monotonicSeconds()
    for path in paths { try await move(path, to: path + ".copy", pair) }
    report.add(
      "small_documents_rate", Double(count) / (monotonicSeconds() - start), "/s", count: count, "one after the other")
  }

  /// Shares a file and fetches it at the other end.
  private static func move(_ path: String, to copy: String, _ pair: Pair) async throws {
    let share = try DocumentShare(engine: pair.sender, room: pair.room, path: path)
    let message = try await NodeClient.with(pair.sender) { client in
      try await client.sync()
      let message = try await BulkLink.with(pair.sender) { link in
        try await share.run(
          over: link, title: "document", marking: .green, precedence: .routine, now: { .now() }, progress: { _ in })
      }
      _ = try await client.flush(message)
      return message
    }
    try await NodeClient.with(pair.receiver) { client in
      _ = try await client.wait(milliseconds: 60_000) {
        try pair.receiver.statusIfRecorded(message) != nil
      }
    }
    let entry = try pair.receiver.message(named: message.description)
    let fetch = try DocumentFetch(entry, to: copy, replacing: false)
    _ = try await BulkLink.with(pair.receiver) { link in try await fetch.run(over: link, progress: { _ in }) }
  }

  private static func write(megabytes: Int, to path: String) throws {
    FileManager.default.createFile(atPath: path, contents: nil)
    guard let file = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileWriteUnknown) }
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<megabytes {
      let words = (0..<131_072).map { _ in UInt64.random(in: .min ... .max, using: &generator) }
      try words.withUnsafeBytes { try file.write(contentsOf: Data($0)) }
    }
    try file.synchronize()
    try file.close()
  }
}
