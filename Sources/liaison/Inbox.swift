internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct Inbox: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what others wrote, in every room.",
    discussion: """
      Showing a message tells its sender that it was displayed. It acknowledges nothing: that is liaison acknowledge. What \
      you should have acknowledged by now (liaison deadline) is listed at the end.

      Examples:
        liaison inbox --unread
        liaison inbox --watch --json
      """)

  @Flag(help: "Only what was not shown yet.") var unread = false
  @Flag(help: "Go on until interrupted.") var watch = false
  @Option(help: "At most this many entries, the latest.") var last = 50

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard last > 0 else { throw ValidationError("--last is at least 1") }
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    let printer = EntryPrinter(output: output, engine: engine, showsRoom: true)
    let (unread, last, watch) = (unread, last, watch)
    @Sendable func show() throws -> Shown {
      var shown = Shown(
        position: try engine.lastPosition, late: LateList(output: output, engine: engine),
        waiting: WaitingList(output: output, engine: engine),
        warned: try engine.directoryAlarms(now: .now))
      let entries = try engine.inbox(unreadOnly: unread, limit: last)
      if try entries.isEmpty && !watch && !output.json && shown.waiting.isEmpty {
        output.explain(unread ? "nothing unread" : "nothing yet")
      }
      try printer.show(entries)
      try shown.late.show()
      try shown.waiting.show()
      return shown
    }
    let shown = try await withNode(engine, output, offline: show) { client in
      let shown = try show()
      try engine.remindOfEntry(output)
      if watch { return try await follow(client, engine, printer, from: shown) }
      try await client.farewell(engine)
      return shown
    }
    if watch { try await reconnect(engine, output, printer, from: shown) }
  }

  /// How far a watch has come.
  private struct Shown {
    var position: Int64
    var late: LateList
    var waiting: WaitingList
    var warned: [DirectoryAlarm]
  }

  /// Shows what comes, and what becomes late, until the link ends.
  private func follow(
    _ client: NodeClient, _ engine: Engine, _ printer: EntryPrinter, from start: Shown
  ) async throws -> Shown {
    var shown = start
    while true {
      let seen = shown.position
      do {
        _ = try await client.wait(milliseconds: 10_000, until: { try engine.lastPosition > seen })
      } catch let error as ClientError where error.kind == .unavailable {
        printer.output.explain("\(escaped(error.sentence)); trying again")
        return shown
      }
      let latest = try engine.lastPosition
      let entries = try engine.inbox(unreadOnly: false, after: seen)
      if !entries.isEmpty { try printer.show(entries) }
      // One may have come between the two questions.
      shown.position = entries.map(\.position).reduce(latest, max)
      try shown.late.show()
      try shown.waiting.show()
      shown.warned = try warnOfDirectories(engine, printer.output, besides: shown.warned)
    }
  }

  /// Watches on over one link after the other.
  private func reconnect(
    _ engine: Engine, _ output: Output, _ printer: EntryPrinter, from start: Shown
  ) async throws {
    var shown = start
    var wait = Limits.redialMillisecondsMin
    while true {
      try await Task.sleep(for: .milliseconds(wait))
      let seen = shown
      do {
        shown = try await NodeClient.with(engine) { client in
          try await follow(client, engine, printer, from: seen)
        }
        wait = Limits.redialMillisecondsMin
      } catch let error as ClientError where error.kind == .unavailable {
        wait = min(wait * 2, Limits.redialMillisecondsMax)
      }
    }
  }
}

struct Show: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show a room's history.",
    discussion: """
      Examples:
        liaison show "Field team" --last 20
        liaison show 4f3a91c2 --since 2026-11-22T08:00:00Z
      """)

  @Argument(help: "A room's title, identifier, or the digits that only it begins with.") var room: String
  @Option(help: "Only what came at or after this time.") var since: String?
  @Option(help: "At most this many entries, the latest.") var last: Int?

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if let last, last < 1 { throw ValidationError("--last is at least 1") }
  }

  func run() async throws {
    let since = try since.map { try Timestamp(rfc3339: $0) }
    let engine = try profile.open()
    let output = format.output
    let (name, last) = (room, last)
    @Sendable func show() throws {
      let room = try engine.room(named: name)
      let entries = try engine.history(of: room.identifier, limit: last, since: since)
      if entries.isEmpty && !output.json { output.explain("nothing yet") }
      try EntryPrinter(output: output, engine: engine, showsRoom: false).show(entries)
      if !output.json { room.explainFaults(output) }
    }
    try await withNode(engine, output, offline: show) { client in
      try show()
      try await client.farewell(engine)
    }
  }
}

extension Room {
  /// What a person should know before relying on the room's history.
  func explainFaults(_ output: Output) {
    for gap in gaps {
      let (first, last) = (gap.numbers.lowerBound, gap.numbers.upperBound)
      let messages = first == last ? "message \(first)" : "messages \(first) to \(last)"
      switch gap.state {
      case .missing: output.explain("missing from \(gap.sender): \(messages)")
      case .asked: output.explain("missing from \(gap.sender), who was asked: \(messages)")
      case .gone: output.explain("gone for good from \(gap.sender): \(messages)")
      }
    }
    switch state {
    case .damaged: output.explain("this machine lost its place in the room; use: liaison room rejoin ROOM")
    case .comingIn: output.explain("this machine is coming into the room")
    case .ended: output.explain("you are no longer in this room")
    case .leaving: output.explain("you are leaving this room")
    case .establishing, .active: break
    }
  }
}
