internal import Foundation
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import ProcessKit
internal import TestKit

/// What a message costs a node that remembers ever more of them.
enum GrowthBenchmark {
  /// Envelopes that are measured at each size.
  private static let sample = 4000

  static func run(sizes: [Int], into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    report.section("cost of a message beside stored ones")
    var stored = 0
    for size in sizes.sorted() {
      for country in network.countries { country.end(SIGTERM) }
      for country in network.countries { try fill(country, from: stored, to: size) }
      for country in network.countries { try country.start() }
      stored = size
      // A pair's inbox is taken by one load: another device's position would be behind it.
      let outcome = try await SubmissionBenchmark.run(network.pairs(1), each: sample, network.countries)
      report.add("stored\(size)_rate", outcome.rate, "msg/s", count: sample)
      report.add("stored\(size)_cpu", outcome.cpu / Double(sample) * 1000, "ms/msg", count: sample, "both nodes")
    }
    network.end()
  }

  /// Writes messages into a node's store that wait for a peer which never comes: their envelopes are kept.
  private static func fill(_ country: Country, from: Int, to count: Int) throws {
    let store = try SQLiteNodeStore(path: country.home + "/node.sqlite")
    // Identifiers and digests need to be different, not secret; the system's generator is asked 32 times for a digest.
    var generator = SeededGenerator(seed: .random(in: .min ... .max))
    let absent = try Handle("zz")
    let origin = try Handle(country.handle)
    let envelope = [UInt8](repeating: 7, count: 700)
    var written = from
    while written < count {
      let part = min(10_000, count - written)
      try store.write { transaction in
        for _ in 0..<part {
          let key = try transaction.insertMessage(
            MessageRecord(
              message: MessageIdentifier(using: &generator), origin: origin, room: RoomIdentifier(using: &generator),
              digest: generator.bytes(32), acceptedAt: .now(), sender: nil), envelope: envelope)
          try transaction.enqueue(key, for: absent, precedence: .routine, at: .now())
        }
      }
      written += part
    }
  }
}
