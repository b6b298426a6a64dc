internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// What a person is late in acknowledging, as a JSON object.
struct LateObject: Encodable {
  let type = "late"
  let message: String
  let room: String
  let roomName: String
  let sender: String?
  let precedence: String?
  let acknowledgeBy: String
  let lateSeconds: UInt64

  init(_ late: LateMessage, roomName: String, now: Timestamp) {
    message = late.entry.identifier.description
    room = late.entry.room.description
    self.roomName = roomName
    sender = late.entry.sender?.description
    precedence = late.entry.message?.precedence.description
    acknowledgeBy = late.acknowledgeBy.rfc3339
    lateSeconds = now.seconds(after: late.acknowledgeBy) ?? 0
  }
}

extension Timestamp {
  /// Whole seconds by which it comes after a deadline; `nil` where it does not.
  func seconds(after deadline: Timestamp) -> UInt64? {
    self > deadline ? (milliseconds - deadline.milliseconds) / 1000 : nil
  }
}

/// Says what is not acknowledged in time, each message once.
struct LateList {
  /// Lines that a person is shown; there may be a hundred of each precedence.
  private static let linesMax = 10

  let output: Output
  let engine: Engine
  private var told: Set<MessageIdentifier> = []

  init(output: Output, engine: Engine) {
    self.output = output
    self.engine = engine
  }

  /// Shows those that were not shown yet.
  mutating func show() throws {
    let now = Timestamp.now
    let late = try engine.late(now: now).filter { told.insert($0.entry.identifier).inserted }
    guard !late.isEmpty else { return }
    let own = try engine.identity.address
    let rooms = try engine.rooms()
    let objects = late.map { message in
      let room = rooms.first { $0.identifier == message.entry.room }
      return LateObject(message, roomName: room?.name(for: own) ?? message.entry.room.description, now: now)
    }
    if output.json {
      for object in objects { output.line(Output.jsonLine(object)) }
      return
    }
    output.line(output.emphasised("to be acknowledged, and late:"))
    for object in objects.prefix(Self.linesMax) {
      output.line(
        "  \(object.message)  \(object.sender ?? "?")  [\(escaped(object.roomName))]  \(object.precedence?.uppercased() ?? "")"
          + "  late by \(Span.shown(milliseconds: object.lateSeconds * 1000))")
    }
    if objects.count > Self.linesMax { output.line("  and \(objects.count - Self.linesMax) more") }
  }
}
