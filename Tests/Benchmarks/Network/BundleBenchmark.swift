internal import Foundation
internal import LiaisonClient
internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol
internal import ProcessKit
internal import TestKit

/// What goes by hand between two countries that have no link: bundles of many messages, and of a large document, from the
/// command that makes one to the end of the command that takes it in, and the receipts back.
enum BundleBenchmark {
  private static let senders = 4

  static func run(messages: Int, megabytes: Int, into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    let pairs = try await network.pairs(senders)
    let (xa, xb) = (network.countries[0], network.countries[1])
    // Each knows the other's key from the link that stood until now.
    for (one, other) in [(xa, xb), (xb, xa)] {
      try expectDone(try one.control("peer", "policy", "set", other.handle, "--way", "hand"))
    }
    report.section("bundles: \(messages) messages, and a document of \(megabytes) MiB")
    for pair in pairs {
      try await submit(SubmissionBenchmark.prepare(messages / senders, from: pair), from: pair.sender)
    }
    let bundle = network.folder.path("messages")
    try report.add(carry("bundle_messages", bundle, from: xa, to: xb), count: messages)
    try report.add(carry("bundle_receipts", network.folder.path("receipts"), from: xb, to: xa), count: messages)
    let left = try xa.control("queue", "show", xb.handle, "--json")
    guard left.output.contains("\"count\":0,") else { throw ProcessFailure("not all receipts came: \(left.output)") }
    try report.add(take("bundle_repeated", bundle, at: xb), count: messages)

    let source = network.folder.path("document")
    try DocumentBenchmark.write(megabytes: megabytes, to: source)
    try await share(source, pairs[0])
    for country in network.countries { if let node = country.daemon?.identifier { Usage.resetPeak(node) } }
    try report.add(
      carry("bundle_document", network.folder.path("documents"), from: xa, to: xb, "--documents"), count: megabytes)
    for country in network.countries {
      guard let node = country.daemon?.identifier else { continue }
      report.add("bundle_document_peak_rss_\(country.handle)", Usage.mebibytes("VmHWM", node), "MiB")
    }
    network.end()
  }

  /// How long a command took, and the size of its file.
  fileprivate struct Figure {
    let name: String
    let seconds: Double
    let bytes: Int
  }

  private static func carry(
    _ name: String, _ file: String, from maker: Country, to taker: Country, _ options: String...
  ) throws -> [Figure] {
    let start = monotonicSeconds()
    try expectDone(
      try Country.liaisonctl.run(
        ["--home", maker.home, "bundle", "export", taker.handle, "-o", file] + options, seconds: 600))
    let seconds = monotonicSeconds() - start
    return [Figure(name: "\(name)_export", seconds: seconds, bytes: try size(file))]
      + (try take("\(name)_import", file, at: taker))
  }

  private static func take(_ name: String, _ file: String, at taker: Country) throws -> [Figure] {
    let start = monotonicSeconds()
    try expectDone(try Country.liaisonctl.run(["--home", taker.home, "bundle", "import", file], seconds: 600))
    return [Figure(name: name, seconds: monotonicSeconds() - start, bytes: try size(file))]
  }

  private static func size(_ file: String) throws -> Int {
    try URL(fileURLWithPath: file).resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
  }

  /// Hands prepared envelopes to the sender's node, which keeps them.
  private static func submit(_ submissions: [Frame.Body], from sender: Engine) async throws {
    let identity = try sender.identity
    let card = try identity.nodeCard.claim()
    let link = try await LinkDialer.dial(
      card.endpoints[0], as: LinkIdentity(identity.linkKey), .device, expecting: Set(card.nodeKeys),
      hello: Frame.Hello(clock: .now(), software: "benchmark", inboxPosition: try sender.inboxPosition))
    defer { link.close() }
    var accepted = 0
    for start in stride(from: 0, to: submissions.count, by: 256) {
      let part = submissions[start..<min(start + 256, submissions.count)]
      link.post(part.indices.map { Frame(request: UInt64($0 + 1), submissions[$0]) })
      while accepted < part.endIndex {
        guard let frames = await link.frames.next(atMost: 256) else { throw ProcessFailure("the link ended") }
        for frame in frames {
          switch frame.body {
          case .done: accepted += 1
          case .failure(let failure): throw ProcessFailure("refused: \(failure.text)")
          default: break
          }
        }
      }
    }
  }

  private static func share(_ path: String, _ pair: Pair) async throws {
    try await NodeClient.with(pair.sender) { client in
      try await client.sync()
      try await BulkLink.with(pair.sender) { link in
        let message = try await DocumentShare(engine: pair.sender, room: pair.room, path: path)
          .run(
            over: link, title: "document", marking: .green, precedence: .routine, now: { .now() }, progress: { _ in })
        _ = try await client.flush(message)
      }
    }
  }
}

extension Report {
  fileprivate func add(_ figures: [BundleBenchmark.Figure], count: Int) {
    for figure in figures {
      add(figure.name, figure.seconds, "s", count: count)
      add("\(figure.name)_size", Double(figure.bytes) / 1_048_576, "MiB")
    }
  }
}
