internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// A message that was made.
struct SentObject: Encodable {
  let message: String
  let room: String
  /// `accepted` by the own node, or `waiting` on this machine.
  let state: String
}

struct Send: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Send a message to a room or to people.",
    discussion: """
      A message without a marking (TLP 2.0) is not sent; a reply takes over the marking of what it replies to. Prints the \
      message's identifier once your node has it: from then on it arrives, or you are told.

      Examples:
        liaison send ana@xa -m "Call me" --tlp amber
        liaison send "Field team" -f report.txt --tlp green --precedence priority
        uptime | liaison send ana@xa bo@xb - --tlp clear
        liaison send ana@xa --reply 4f3a -m "On my way"
        liaison send duty-officer@xa -m "Gate 3 is open" --tlp amber --precedence immediate
      """)

  @Argument(help: "A room's title or identifier, or addresses; a last - reads the text from standard input.")
  var to: [String]
  @Option(name: [.customShort("m"), .long], help: "The text.") var message: String?
  @Option(name: [.customShort("f"), .long], help: "A file with the text.") var file: String?
  @Option(help: "routine, priority, immediate or flash.") var precedence = "routine"
  @Option(help: ArgumentHelp("red, amber+strict, amber, green or clear.", valueName: "label")) var tlp: String?
  @Option(help: "The message that this one replies to.") var reply: String?

  @OptionGroup var keys: ChangedKeysOptions
  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    let isPiped = to.last == "-"
    guard [message != nil, file != nil, isPiped].count(where: { $0 }) == 1 else {
      throw ValidationError("say what to send with exactly one of -m TEXT, -f FILE and -")
    }
    guard to.count > (isPiped ? 1 : 0) else { throw ValidationError("say to whom: a room or addresses") }
  }

  func run() async throws {
    let precedence = try Precedence.typed(precedence)
    let marking = try Marking.typed(tlp)
    guard marking != nil || reply != nil else {
      throw CommandError(
        .notPermitted, "a message without a marking is not sent; say --tlp red, amber+strict, amber, green or clear")
    }
    let text = try text()
    let engine = try profile.open()
    let output = format.output
    let words = to.last == "-" ? to.dropLast() : to[...]
    let quoted = try reply.map { try engine.message(named: $0) }
    let target = try Target(Array(words), engine)
    let draft = Draft(
      .text(text), precedence: precedence, marking: marking, replyTo: quoted?.identifier,
      asksAboutKeys: !keys.changedKeys)

    let keys = keys
    @Sendable func compose(_: ClientError? = nil) throws -> SentMessage {
      let room =
        switch target {
        case .room(let room): try Self.room(room.identifier, engine, keys, output)
        case .people(let addresses): try Self.room(of: addresses, engine, keys, output)
        }
      return SentMessage(message: try engine.send(draft, to: room, now: .now), room: room)
    }
    try await deliver(engine, output, offline: compose) { client in
      try await client.renewCards(of: target.addresses, engine)
      if case .people(let addresses) = target {
        try await client.require(addresses.filter { try !engine.isProven($0) }, orRoles: true, engine, output)
      }
      return try compose()
    }
  }

  /// The room, where whoever sends goes on with everybody who is in it now.
  private static func room(
    _ room: RoomIdentifier, _ engine: Engine, _ keys: ChangedKeysOptions, _ output: Output
  ) throws -> RoomIdentifier {
    try engine.requireDecision(on: engine.room(named: room.description).members, keys, output)
    return room
  }

  /// The room of these people, or of those who act for a role now.
  private static func room(
    of addresses: [Address], _ engine: Engine, _ keys: ChangedKeysOptions, _ output: Output
  ) throws -> RoomIdentifier {
    guard let role = try addresses.lazy.compactMap({ try engine.contact($0) == nil ? engine.role($0) : nil }).first
    else {
      try engine.requireDecision(on: addresses, keys, output)
      return try engine.roomOf(addresses, now: .now).room
    }
    guard addresses.count == 1 else {
      throw CommandError(.usage, "\(role.current.address) is a duty role, which is written to by itself")
    }
    try engine.requireDecision(on: role.current.duty.acting.people, keys, output)
    output.explain(role.current.sentence)
    return try engine.roomOf(role: role.current.address, now: .now).room
  }

  private func text() throws -> String {
    if let message { return message }
    let bytes: [UInt8]?
    if let file {
      bytes = try WrittenText.read(file: file, limit: Limits.textBytesMax)
    } else {
      bytes = try WrittenText.readStandardInput(limit: Limits.textBytesMax)
    }
    guard let bytes else {
      throw CommandError(
        .usage, "a message is at most \(Limits.textBytesMax >> 10) KiB of text; share longer things as a document")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandError(.badData, "the text is not UTF-8; share it as a document")
    }
    return text
  }
}

/// A message and its room.
struct SentMessage: Sendable {
  let message: MessageIdentifier
  let room: RoomIdentifier
}

/// Makes a message and lets it reach the node; prints its identifier, and says where it stays where it does not get there.
/// `offline` makes it where the node cannot be reached, or cannot do anything now.
func deliver(
  _ engine: Engine, _ output: Output, offline: @escaping @Sendable (ClientError) throws -> SentMessage,
  _ compose: @escaping @Sendable (NodeClient) async throws -> SentMessage
) async throws {
  let made: (sent: SentMessage, isAccepted: Bool, reason: String)
  do {
    made = try await NodeClient.with(engine) { client in
      try await client.sync()
      let sent = try await compose(client)
      do {
        let isAccepted = try await client.flush(sent.message, milliseconds: Patience.workMilliseconds)
        return (sent, isAccepted, await client.lastReason)
      } catch let error as ClientError where error.kind == .unavailable {
        return (sent, false, error.sentence)
      }
    }
  } catch let error as ClientError where ["node-unreachable", "node-silent", "node-later"].contains(error.code) {
    made = (try offline(error), false, error.sentence)
  }
  let sent = SentObject(
    message: made.sent.message.description, room: made.sent.room.description,
    state: made.isAccepted ? "accepted" : "waiting")
  output.result(sent, sent.message)
  let status = try engine.statusIfRecorded(made.sent.message)
  if let refusal = status?.refusal {
    throw CommandError(.notPermitted, "the message was not sent: \(escaped(refusal))")
  }
  guard made.isAccepted else {
    let reason = status?.heldBecause ?? made.reason
    throw CommandError(
      .unavailable,
      "the message is kept on this machine and goes out with the next connection\(reason.isEmpty ? "" : ": \(escaped(reason))")"
    )
  }
}
