internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel

struct Queue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits for other countries' nodes.", subcommands: [List.self, Show.self])

  /// A peer's queue, for people and for programs.
  struct Line: Encodable {
    struct Entry: Encodable {
      var message: String
      var precedence: String
      var bytes: UInt64
      var queuedAt: String
    }

    var peer: String
    var active: Bool
    var linked: Bool
    var count: UInt64
    var bytes: UInt64
    var underWay: UInt64
    var oldestAt: String?
    var dialsAt: String?
    var oldest: [Entry]?

    init(_ queue: AdminQueue) {
      peer = queue.peer
      active = queue.active
      linked = queue.linked
      count = queue.count
      bytes = queue.bytes
      underWay = queue.underWay
      oldestAt = queue.oldestAt.momentRFC3339
      dialsAt = queue.dialsAt.momentRFC3339
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the queues.", discussion: "Example: liaisonctl queue list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      guard case .queues(let answer) = try await node.ask(.queuesRequest(AdminEmpty())) else {
        throw CommandError.wrongAnswer
      }
      node.output.listing(
        answer.queues.map { Line($0) },
        columns: ["PEER", "LINK", "WAITING", "BYTES", "UNDER WAY", "OLDEST", "NEXT DIAL"],
        empty: "Nothing waits, and no peer is active."
      ) {
        [
          $0.peer, $0.linked ? "up" : "-", "\($0.count)", "\($0.bytes)", "\($0.underWay)", $0.oldestAt ?? "-",
          $0.dialsAt ?? "-",
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the oldest envelopes that wait for a peer, highest precedence first.",
      discussion: "Example: liaisonctl queue show xb")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument

    func run() async throws {
      guard case .queue(let answer) = try await node.ask(.queueRequest(handle.handle.description)) else {
        throw CommandError.wrongAnswer
      }
      var line = Line(answer.queue)
      let entries = answer.oldest.map {
        Line.Entry(
          message: $0.message, precedence: $0.precedence, bytes: $0.bytes,
          queuedAt: Timestamp(milliseconds: $0.queuedAt).rfc3339)
      }
      line.oldest = entries
      if node.output.json { return node.output.line(Output.jsonLine(line)) }
      node.output.explain("\(line.count) waiting for \(line.peer), \(line.bytes) bytes, \(line.underWay) under way")
      node.output.listing(
        entries, columns: ["MESSAGE", "PRECEDENCE", "BYTES", "QUEUED"], empty: "Nothing waits for \(line.peer)."
      ) { [$0.message, $0.precedence, "\($0.bytes)", $0.queuedAt] }
    }
  }
}
