internal import Foundation
internal import LiaisonClient
internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol
internal import ProcessKit

/// Node to node: envelopes that were made before, from their submission to their receipts at the sender's device. The
/// receiving devices are away.
enum SubmissionBenchmark {
  /// Submissions without an answer on one link.
  private static let window = 256
  private static let senders = 4

  static func run(envelopes: Int, into report: Report) async throws {
    let network = try Network(["xa", "xb"])
    let pairs = try await network.pairs(senders)
    report.section("node to node: prepared envelopes, \(senders) links, \(window) under way each")
    let outcome = try await run(pairs, each: envelopes / senders, network.countries)
    report.add("node_rate", outcome.rate, "msg/s", count: outcome.count)
    report.add("node_cpu", outcome.cpu / Double(outcome.count) * 1000, "ms/msg", count: outcome.count, "both nodes")
    network.end()
  }

  struct Outcome {
    let count: Int
    let seconds: Double
    let cpu: Double
    var rate: Double { Double(count) / seconds }
  }

  /// Prepares, submits and waits for every receipt.
  static func run(_ pairs: [Pair], each count: Int, _ countries: [Country]) async throws -> Outcome {
    var loads: [(pair: Pair, submissions: [Frame.Body])] = []
    for pair in pairs { loads.append((pair, try prepare(count, from: pair))) }
    let before = Usage.processorSeconds(of: countries)
    let start = monotonicSeconds()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for load in loads { group.addTask { try await submit(load.submissions, from: load.pair.sender) } }
      try await group.waitForAll()
    }
    return Outcome(
      count: count * pairs.count, seconds: monotonicSeconds() - start,
      cpu: Usage.processorSeconds(of: countries) - before)
  }

  /// Encrypts messages as the sender's device would, and gives the requests that submit them.
  static func prepare(_ count: Int, from pair: Pair) throws -> [Frame.Body] {
    var session = Session(engine: pair.sender, position: try pair.sender.inboxPosition)
    var submissions: [Frame.Body] = []
    var left = count
    let text = String(repeating: "prepared ", count: 29).prefix(256)
    while left > 0 || submissions.count < count {
      let part = min(left, 64)
      left -= part
      let draft = Draft(.text(String(text)), marking: .green)
      let turn = try session.next(now: .now(), sending: Array(repeating: (draft, pair.room), count: part))
      for step in turn.steps {
        guard case .ask(let work) = step, case .submit = work.key else { continue }
        submissions.append(work.request)
        session.answered(work.key, with: .done)
      }
    }
    return submissions
  }

  private static func submit(_ submissions: [Frame.Body], from engine: Engine) async throws {
    let identity = try engine.identity
    let card = try identity.nodeCard.claim()
    let position = try engine.inboxPosition
    let link = try await LinkDialer.dial(
      card.endpoints[0], as: LinkIdentity(identity.linkKey), .device, expecting: Set(card.nodeKeys),
      hello: Frame.Hello(clock: .now(), software: "benchmark", inboxPosition: position))
    defer { link.close() }
    var (sent, accepted, proven) = (0, 0, 0)
    func fill() {
      let part = submissions[sent..<min(submissions.count, accepted + window)]
      link.post(part.enumerated().map { Frame(request: UInt64(sent + $0.offset + 1), $0.element) })
      sent += part.count
    }
    fill()
    while proven < submissions.count {
      guard let frames = await link.frames.next(atMost: 256) else {
        throw ProcessFailure("the link ended: \(link.end.map { $0.sentence } ?? "")")
      }
      var last: UInt64 = 0
      for frame in frames {
        switch frame.body {
        case .done: accepted += 1
        case .failure(let failure): throw ProcessFailure("refused: \(failure.text)")
        case .inboxItem(let item):
          last = item.sequence
          if case .receipt = item.content { proven += 1 }
        default: break
        }
      }
      if last > 0 { link.post([Frame(.inboxAcknowledge(sequence: last))]) }
      if sent < submissions.count { fill() }
    }
  }
}
