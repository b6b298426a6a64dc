internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel

struct Queue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "What waits for other countries' nodes and for this node's devices.", subcommands: [List.self, Show.self])

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
    /// The peer that carries, where that is the only way.
    var carrier: String?
    var count: UInt64
    var bytes: UInt64
    var underWay: UInt64
    var oldestAt: String?
    var dialsAt: String?
    /// What went wrong last, and when.
    var error: String?
    var errorAt: String?
    /// What happens next, in words.
    var next: String
    /// The peer's clock less the node's, milliseconds.
    var clockDifferenceMilliseconds: Int64?
    var oldest: [Entry]?

    init(_ queue: AdminQueue) {
      peer = queue.peer
      active = queue.active
      linked = queue.linked
      carrier = queue.carrier.isEmpty ? nil : queue.carrier
      count = queue.count
      bytes = queue.bytes
      underWay = queue.underWay
      oldestAt = queue.oldestAt.momentRFC3339
      dialsAt = queue.dialsAt.momentRFC3339
      error = queue.error.isEmpty ? nil : queue.error
      errorAt = queue.errorAt.momentRFC3339
      next = queue.next
      clockDifferenceMilliseconds = queue.linked ? queue.clockDifference : nil
      age = queue.oldestAt.age
      errorAge = queue.errorAt.age
    }

    /// For people: how old the oldest is, and the last error.
    let age: String
    let errorAge: String

    private enum CodingKeys: CodingKey {
      case peer, active, linked, carrier, count, bytes, underWay, oldestAt, dialsAt, error, errorAt, next,
        clockDifferenceMilliseconds, oldest
    }

    /// Whether there is a link, or a way through another peer.
    var link: String { carrier.map { "by \($0)" } ?? (linked ? "up" : "-") }

    /// What a person reads of it after the peer's name: "3 waiting for 4 min, dials again in 12 s".
    var sentence: String {
      let waiting = count == 0 ? "" : "\(count) waiting, the oldest for \(age); "
      let trouble = error.map { "; last error, \(errorAge) ago: \($0)" } ?? ""
      return waiting + next + trouble
    }
  }

  /// A device's inbox, for people and for programs.
  struct InboxLine: Encodable {
    var member: String
    var device: String
    var linked: Bool
    var count: UInt64
    var oldestAt: String?

    init(_ inbox: AdminInbox) {
      member = inbox.member
      device = inbox.device
      linked = inbox.linked
      count = inbox.waiting
      oldestAt = inbox.oldestAt.momentRFC3339
      age = inbox.oldestAt.age
    }

    let age: String

    private enum CodingKeys: CodingKey { case member, device, linked, count, oldestAt }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "List what waits for each peer, how old it is, the last error, and what happens next; then for devices.",
      discussion: "Example: liaisonctl queue list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      guard case .queues(let answer) = try await node.ask(.queuesRequest(AdminEmpty())) else {
        throw CommandError.wrongAnswer
      }
      node.output.listing(
        answer.queues.map { Line($0) },
        columns: ["PEER", "LINK", "WAITING", "BYTES", "UNDER WAY", "OLDEST", "NEXT", "LAST ERROR"],
        empty: "Nothing waits, and no peer is active."
      ) { line in
        [
          line.peer, line.link, "\(line.count)", "\(line.bytes)", "\(line.underWay)", line.age,
          line.next,
          line.error.map { "\(line.errorAge) ago: \($0)" } ?? "-",
        ]
      }
      guard !answer.inboxes.isEmpty else { return }
      if !node.output.json { node.output.line("") }
      node.output.listing(
        answer.inboxes.map { InboxLine($0) }, columns: ["MEMBER", "DEVICE", "LINK", "WAITING", "OLDEST"], empty: ""
      ) { [$0.member, $0.device, $0.linked ? "up" : "-", "\($0.count)", $0.age] }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what waits for a peer, the oldest of each precedence, and what happens next.",
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
      node.output.line(
        Output.table([
          ["waiting", "\(line.count), \(line.bytes) bytes, \(line.underWay) under way"],
          ["link", line.link], ["next", line.next],
          ["last error", line.error.map { "\(line.errorAge) ago: \($0)" } ?? "-"],
        ]).dropLast().description)
      node.output.listing(
        entries, columns: ["MESSAGE", "PRECEDENCE", "BYTES", "QUEUED"], empty: "Nothing waits for \(line.peer)."
      ) { [$0.message, $0.precedence, "\($0.bytes)", $0.queuedAt] }
    }
  }
}
