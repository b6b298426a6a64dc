internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct Acknowledge: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell a message's sender that you have it.",
    discussion: """
      An acknowledgement is your deliberate act; opening a message never makes one.

      Example:
        liaison acknowledge 4f3a
      """)

  @Argument(help: "The message's identifier, or the digits that only it begins with.") var message: String

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct Result: Encodable {
    let message: String
    let acknowledgement: String
    var state: String
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    let name = message
    if let check = try check(named: name, engine) { return try await answer(check, engine, output) }
    @Sendable func acknowledge() throws -> Result {
      let message = try engine.message(named: name).identifier
      let acknowledgement = try engine.acknowledge(message, now: .now)
      return Result(
        message: message.description, acknowledgement: acknowledgement.description, state: "waiting")
    }
    let result = try await withNode(engine, output, offline: acknowledge) { client in
      var result = try acknowledge()
      let acknowledgement = try MessageIdentifier(result.acknowledgement)
      if try await client.flush(acknowledgement) { result.state = "accepted" }
      return result
    }
    output.result(result, "acknowledged \(result.message)")
    guard result.state == "accepted" else {
      throw CommandError(
        .unavailable, "the acknowledgement is kept on this machine and goes out with the next connection")
    }
  }
}

extension Acknowledge {
  /// The communication check that waits and has this name, or is the only thing that these digits begin.
  private func check(named name: String, _ engine: Engine) throws -> Signed<ComCheck>? {
    let digits = name.lowercased()
    let checks = try engine.waitingDuties(now: .now).checks.filter {
      digits.count >= 4 && $0.unverified.name.description.hasPrefix(digits)
    }
    guard let check = checks.first else { return nil }
    // Whoever means a message does not acknowledge a check in its place, nor the other way round.
    var isMessage = true
    do { _ = try engine.message(named: name) } catch let error as ClientError where error.kind == .noInput {
      isMessage = false
    }
    guard checks.count == 1, !isMessage else {
      throw CommandError(.usage, "\(name) begins more than one identifier of a message or a communication check")
    }
    return check
  }

  /// Acknowledges a communication check. It is taken by the node at once or not at all: a check is over soon.
  private func answer(_ check: Signed<ComCheck>, _ engine: Engine, _ output: Output) async throws {
    let answer = try engine.answer(to: check, now: .now)
    try await NodeClient.with(engine) { try await $0.perform(answer) }
    let object = ComCheckObject(check, at: try engine.identity.address.handle, isAcknowledged: true)
    output.result(object, "acknowledged the communication check \(object.check) of \(object.origin)")
  }
}

struct Status: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show where a message is, country by country and person by person.",
    discussion: """
      Delivered means that a node holds it, which its receipt proves; liaison receipt takes the proof along. Displayed and \
      acknowledged are what people's own devices said. Who is late is told by liaison deadline.

      Example:
        liaison status 4f3a
      """)

  @Argument(help: "The message's identifier, or the digits that only it begins with.") var message: String

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct Result: Encodable {
    struct Node: Encodable {
      let node: String
      let state: String
      let at: String?
      let proven: Bool
      let reason: String?
    }
    struct Person: Encodable {
      let address: String
      /// The duty role that the message was written to, of which this is one who acts for it or did.
      let role: String?
      /// Whether they held it when they acknowledged the message, or do now where they have not.
      let holdsRole: Bool
      /// Whether their keys are not those that the reader confirmed.
      let keysChanged: Bool
      let displayedAt: String?
      let acknowledgedAt: String?
      /// By how much the acknowledgement comes, or is, late; `nil` where it is not.
      let lateSeconds: UInt64?

      /// For people.
      var acknowledgement: String {
        let late = lateSeconds.map { ", late by \(Span.shown(milliseconds: $0 * 1000))" } ?? ""
        let held = role.map { holdsRole ? "" : ", no longer holding \($0)" } ?? ""
        return (acknowledgedAt.map { "acknowledged \($0)" } ?? "not acknowledged") + late + held
      }

      /// For people: the role and the person.
      var name: String { (role.map { "\($0): \(address)" } ?? address) + (keysChanged ? " (KEYS CHANGED)" : "") }
    }
    let message: String
    let room: String
    let sentAt: String?
    let precedence: String?
    let envelopeDigest: String?
    let heldBecause: String?
    let acknowledgeBy: String?
    let nodes: [Node]
    let people: [Person]
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    let name = message
    // Receipts and acknowledgements of a moment ago are part of the answer.
    try await refresh(engine, output)
    let result = try Result(engine.status(engine.message(named: name).identifier), KeyMarks(engine), now: .now)
    guard !output.json else { return output.result(result, "") }
    output.line("message \(result.message)")
    if let digest = result.envelopeDigest { output.line("envelope \(digest)") }
    if let held = result.heldBecause { output.line("not sent yet: \(escaped(held))") }
    Terminal.write(
      Output.table(
        result.nodes.map { [$0.node, $0.state, $0.at ?? "", $0.proven ? "receipt verified" : "", $0.reason ?? ""] }))
    Terminal.write(
      Output.table(
        result.people.map {
          [$0.name, $0.displayedAt.map { "displayed \($0)" } ?? "not displayed", $0.acknowledgement]
        }))
    // Of those who hold a role, one is enough.
    let holders = result.people.filter { $0.role != nil }
    let isAcknowledged = holders.contains { $0.holdsRole && $0.acknowledgedAt != nil }
    let others = result.people.filter { $0.role == nil }
    if let time = result.acknowledgeBy,
      (!holders.isEmpty && !isAcknowledged) || others.contains(where: { $0.acknowledgedAt == nil })
    {
      output.line("to be acknowledged by \(time)")
    }
  }
}

extension Status.Result {
  init(_ status: MessageStatus, _ marks: KeyMarks, now: Timestamp) throws {
    message = status.entry.identifier.description
    room = status.entry.room.description
    sentAt = status.entry.message?.sentAt.rfc3339
    precedence = status.entry.message?.precedence.description
    envelopeDigest = status.envelopeDigest.isEmpty ? nil : Hex.encode(status.envelopeDigest)
    heldBecause = status.heldBecause
    nodes = status.nodes.map { node in
      switch node.state {
      case .outbox: Node(node: "\(node.handle)", state: "outbox", at: nil, proven: false, reason: nil)
      case .queued: Node(node: "\(node.handle)", state: "queued", at: nil, proven: false, reason: nil)
      case .delivered(let at):
        Node(node: "\(node.handle)", state: "delivered", at: at.rfc3339, proven: node.isProven, reason: nil)
      case .sentAgain(let at):
        Node(node: "\(node.handle)", state: "sent again", at: at.rfc3339, proven: false, reason: nil)
      case .refused(let reason, let at):
        Node(node: "\(node.handle)", state: "refused", at: at.rfc3339, proven: false, reason: reason)
      }
    }
    acknowledgeBy = status.acknowledgeBy?.rfc3339
    people = try status.people.map { person in
      Person(
        address: person.address.description, role: person.role?.description, holdsRole: person.holdsRole,
        keysChanged: try marks.hasChanged(person.address),
        displayedAt: person.displayedAt?.rfc3339,
        acknowledgedAt: person.acknowledgedAt?.rfc3339,
        lateSeconds: person.role != nil && !person.holdsRole
          ? nil : status.acknowledgeBy.flatMap { (person.acknowledgedAt ?? now).seconds(after: $0) })
    }
  }
}
