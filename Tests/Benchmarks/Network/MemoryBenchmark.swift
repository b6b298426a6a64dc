internal import Foundation
internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol
internal import ProcessKit

/// Resident memory of a node: idle, and with a thousand links of devices.
enum MemoryBenchmark {
  private static let linksOfOneDevice = 16
  private static let devices = 63

  static func run(into report: Report) async throws {
    let network = try Network(["xa"])
    guard let node = network.countries[0].daemon?.identifier else { return }
    report.section("memory of a node")
    report.add("idle_rss", Usage.mebibytes("VmRSS", node), "MiB")
    report.add("idle_private", Usage.mebibytes("RssAnon", node), "MiB", "of it, not shared with files")
    var links: [Link] = []
    for number in 0..<devices {
      let engine = try await network.enrol("device\(number)", at: network.countries[0])
      let identity = try engine.identity
      let card = try identity.nodeCard.claim()
      for _ in 0..<linksOfOneDevice where links.count < 1000 {
        links.append(
          try await LinkDialer.dial(
            card.endpoints[0], as: LinkIdentity(identity.linkKey), .device, expecting: Set(card.nodeKeys),
            hello: Frame.Hello(clock: .now(), software: "benchmark", inboxPosition: try engine.inboxPosition)))
      }
    }
    report.add(
      "links_rss", Usage.mebibytes("VmRSS", node), "MiB", count: links.count, "\(links.count) links of devices")
    withExtendedLifetime(links) {}
    network.end()
  }
}
