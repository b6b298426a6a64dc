internal import Foundation
internal import LiaisonClient
internal import LiaisonModel
internal import ProcessKit
internal import TestKit

/// A document from `share` to a verified plaintext file on disk at the other end, and a thousand small ones; memory of the
/// nodes and the latency of a FLASH meanwhile.
enum DocumentBenchmark {
  static func run(megabytes: Int, smallOnes: Int, into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    let pairs = try await network.pairs(2)
    report.section("documents: \(megabytes) MiB, and \(smallOnes) of 64 KiB")
    let source = network.folder.path("document")
    try write(megabytes: megabytes, to: source)
    for country in network.countries { if let node = country.daemon?.identifier { Usage.resetPeak(node) } }

    // Another pair writes FLASH messages one after the other while the document is on its way.
    let beside = Task {
      try await MessageLoad(pairs: [pairs[1]], window: 1, rate: 20, precedence: .flash)
        .run(seconds: Double(megabytes) / 200 + 1, warmUp: 0.2)
    }
    let copy = network.folder.path("copy")
    let (nodes, own) = (Usage.processorSeconds(of: network.countries), Usage.ownProcessorSeconds)
    let times = try await withWays(pairs[0]) { ways in try await move(source, to: copy, pairs[0], ways) }
    let megabytesShared = Double(megabytes) * 1.048576
    report.add("document_rate", megabytesShared / (times.share + times.fetch), "MB/s", "verified and flushed")
    report.add("document_share_rate", megabytesShared / times.share, "MB/s", "onto the own node's disk, and told")
    report.add("document_fetch_rate", megabytesShared / times.fetch, "MB/s", "across, and down")
    let perGigabyte = 1000 / megabytesShared
    let nodesSeconds = Usage.processorSeconds(of: network.countries) - nodes
    report.add("document_nodes_cpu", nodesSeconds * perGigabyte, "s/GB", "with the FLASH messages beside it")
    report.add("document_devices_cpu", (Usage.ownProcessorSeconds - own) * perGigabyte, "s/GB", "the same")
    for country in network.countries {
      guard let node = country.daemon?.identifier else { continue }
      report.add("document_peak_rss_\(country.handle)", Usage.mebibytes("VmHWM", node), "MiB")
    }
    report.add(latencies: "flash_beside_document", try await beside.value.latencies)
    guard FileManager.default.contentsEqual(atPath: source, andPath: copy) else {
      throw ProcessFailure("the document is not what was sent")
    }
    if smallOnes > 0 { try await moveSmall(smallOnes, network, pairs[0], report) }
    network.end()
  }

  private static func moveSmall(
    _ count: Int, _ network: Network, _ pair: Pair, _ report: Report
  ) async throws {
    let paths = (0..<count).map { network.folder.path("small-\($0)") }
    let random = try Random()
    for path in paths { try random.bytes(64 << 10).write(to: URL(fileURLWithPath: path)) }
    let seconds = try await withWays(pair) { ways in
      let start = monotonicSeconds()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, path) in paths.enumerated() {
          if index >= underwayMax { try await group.next() }
          group.addTask { _ = try await move(path, to: path + ".copy", pair, ways) }
        }
        try await group.waitForAll()
      }
      return monotonicSeconds() - start
    }
    report.add("small_documents_rate", Double(count) / seconds, "/s", count: count, "\(underwayMax) under way")
    for path in paths {
      guard FileManager.default.contentsEqual(atPath: path, andPath: path + ".copy") else {
        throw ProcessFailure("a document is not what was sent")
      }
    }
  }

  /// Small documents that are moved at once.
  private static let underwayMax = 8

  /// The links of one pair to their nodes.
  private struct Ways: Sendable {
    let sender: NodeClient
    let up: BulkLink
    let receiver: NodeClient
    let down: BulkLink
  }

  private static func withWays<Value: Sendable>(
    _ pair: Pair, _ body: @Sendable (Ways) async throws -> Value
  ) async throws -> Value {
    try await NodeClient.with(pair.sender) { sender in
      try await sender.sync()
      return try await NodeClient.with(pair.receiver) { receiver in
        try await BulkLink.with(pair.sender) { up in
          try await BulkLink.with(pair.receiver) { down in
            try await body(Ways(sender: sender, up: up, receiver: receiver, down: down))
          }
        }
      }
    }
  }

  /// Shares a file and fetches it at the other end. Gives the seconds until the receiver's device knew of it, and those
  /// that it then took to have it.
  private static func move(
    _ path: String, to copy: String, _ pair: Pair, _ ways: Ways
  ) async throws -> (share: Double, fetch: Double) {
    let start = monotonicSeconds()
    let message = try await DocumentShare(engine: pair.sender, room: pair.room, path: path)
      .run(
        over: ways.up, title: "document", marking: .green, precedence: .routine, now: { .now() }, progress: { _ in })
    _ = try await ways.sender.flush(message)
    _ = try await ways.receiver.wait(milliseconds: 60_000) { try pair.receiver.statusIfRecorded(message) != nil }
    let told = monotonicSeconds()
    let entry = try pair.receiver.message(named: message.description)
    _ = try await DocumentFetch(entry, to: copy, replacing: false).run(over: ways.down, progress: { _ in })
    return (told - start, monotonicSeconds() - told)
  }

  static func write(megabytes: Int, to path: String) throws {
    FileManager.default.createFile(atPath: path, contents: nil)
    guard let file = FileHandle(forWritingAtPath: path) else { throw CocoaError(.fileWriteUnknown) }
    let random = try Random()
    for _ in 0..<megabytes { try file.write(contentsOf: random.bytes(1 << 20)) }
    try file.synchronize()
    try file.close()
  }

  /// The system's random bytes, many at a time.
  private struct Random {
    private let file: FileHandle

    init() throws { file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom")) }

    func bytes(_ count: Int) throws -> Data {
      guard let bytes = try file.read(upToCount: count), bytes.count == count else {
        throw CocoaError(.fileReadUnknown)
      }
      return bytes
    }
  }
}
