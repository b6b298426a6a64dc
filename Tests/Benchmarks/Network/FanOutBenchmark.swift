internal import Foundation
internal import LiaisonClient
internal import LiaisonModel
internal import ProcessKit

/// One room with a member in each of nineteen countries.
enum FanOutBenchmark {
  static func run(seconds: Double, into report: Report) async throws {
    let handles = (0..<19).map { "x" + String(UnicodeScalar(UInt8(97 + $0))) }
    let network = try Network(handles)
    report.section("fan-out: a room of nineteen countries")
    var people: [Engine] = []
    for country in network.countries { people.append(try await network.enrol("member", at: country)) }
    let room = try await network.room(of: people[0], with: Array(people.dropFirst()))
    var latencies: [Double] = []
    let end = monotonicSeconds() + seconds
    while monotonicSeconds() < end { latencies.append(try await once(people, room)) }
    report.add(latencies: "fanout19_latency", latencies)
    network.end()
  }

  /// Sends one text; returns the seconds until every other device has it.
  private static func once(_ people: [Engine], _ room: RoomIdentifier) async throws -> Double {
    try await withThrowingTaskGroup(of: Double.self) { group in
      for person in people.dropFirst() {
        let seen = try person.lastPosition
        group.addTask {
          try await NodeClient.with(person) { client in
            guard try await client.wait(milliseconds: 30_000, until: { try person.lastPosition > seen }) else {
              throw ProcessFailure("a message did not arrive")
            }
            return monotonicSeconds()
          }
        }
      }
      // The receivers' links stand before the clock starts.
      try await Task.sleep(for: .milliseconds(500))
      let start = monotonicSeconds()
      try await NodeClient.with(people[0]) { client in
        let message = try await client.send(Draft(.text(String(repeating: "x", count: 256)), marking: .green), to: room)
        _ = try await client.flush(message)
      }
      var last = 0.0
      for try await landed in group { last = max(last, landed) }
      return last - start
    }
  }
}
