internal import ArgumentParser
internal import CommandKit
internal import FoundationEssentials
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

struct ComCheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "comcheck",
    abstract: "Communication checks: other countries' duty officers are asked for a human acknowledgement.",
    discussion: """
      A check is an exercise and is shown as one: \(ComCheck.exercise). It counts in no figures of messages, and \
      people are asked at most every ten minutes.
      """,
    subcommands: [Start.self, List.self, Show.self])

  /// A check, for programs.
  struct Line: Encodable {
    struct Country: Encodable {
      var country: String
      var state: String
      var deliveredAfterSeconds: Double?
      var acknowledgedAfterSeconds: Double?
      var acknowledgedSinceDeliverySeconds: Double?
      var heldAt: String?
      var answeredAt: String?
      var role: String?
      var person: String?
      var standing: String?
      var reason: String?
    }

    let exercise = ComCheck.exercise
    var number: UInt64
    var check: String
    var origin: String
    var precedence: String
    var releasedAt: String
    var answerBy: String
    var over: Bool
    var asked: Int
    var delivered: Int
    var acknowledged: Int
    var medianSeconds: Double?
    var percentile90Seconds: Double?
    var countries: [Country]?

    init(_ outcome: ComCheckOutcome, detailed: Bool) {
      func seconds(_ milliseconds: UInt64?) -> Double? { milliseconds.map { Double($0) / 1000 } }
      number = outcome.number
      check = outcome.name.description
      origin = outcome.check.origin.description
      precedence = outcome.check.precedence.description
      releasedAt = outcome.check.startedAt.rfc3339
      answerBy = outcome.check.answerBy.rfc3339
      over = outcome.isOver
      asked = outcome.rows.count
      delivered = outcome.deliveredCount
      acknowledged = outcome.acknowledgedCount
      medianSeconds = seconds(outcome.acknowledged(within: 0.5))
      percentile90Seconds = seconds(outcome.acknowledged(within: 0.9))
      guard detailed else { return }
      countries = outcome.rows.map {
        Country(
          country: $0.country.description, state: $0.state.rawValue, deliveredAfterSeconds: seconds($0.delivered),
          acknowledgedAfterSeconds: seconds($0.acknowledged),
          acknowledgedSinceDeliverySeconds: seconds($0.acknowledgedSinceDelivery), heldAt: $0.heldAt?.rfc3339,
          answeredAt: $0.answeredAt?.rfc3339, role: $0.role?.description, person: $0.person?.description,
          standing: $0.standing?.name, reason: $0.refusal)
      }
    }
  }

  static func outcomes(_ node: NodeOptions, number: UInt64 = 0) async throws -> [ComCheckOutcome] {
    guard case .comChecks(let answer) = try await node.ask(.comChecksRequest(number)) else {
      throw CommandError.wrongAnswer
    }
    do { return try answer.checks.map { try ComCheckOutcome($0, at: .now) } } catch { throw CommandError.wrongAnswer }
  }

  struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask countries' duty officers to acknowledge; prints the check's number.",
      discussion: """
        Examples:
          liaisonctl comcheck start --to all --precedence immediate
          liaisonctl comcheck start --to xb,xc --precedence flash --within 10m
        """)

    @OptionGroup var decision: DecisionOptions
    @Option(
      name: .long, help: ArgumentHelp("all for this country and every active peer, or handles.", valueName: "countries")
    ) var to: String
    @Option(name: .long, help: "routine, priority, immediate or flash.") var precedence = "routine"
    @Option(name: .long, help: ArgumentHelp("How long people have, a minute to a day.", valueName: "time"))
    var within = "30m"

    func run() async throws {
      let precedence: Precedence = try CommandError.typed { () throws(ModelError) in try Precedence(self.precedence) }
      let within = try Span(within)
      var countries: [Handle] = []
      if to != "all" {
        for name in to.split(separator: ",") {
          countries.append(try CommandError.typed { () throws(ModelError) in try Handle(String(name)) })
        }
        guard !countries.isEmpty else { throw CommandError(.usage, "say whom: --to all, or handles such as xb,xc") }
      }
      guard case .position(let position) = try await decision.node.ask(.positionRequest(AdminEmpty())) else {
        throw CommandError.wrongAnswer
      }
      let handle = try CommandError.typed { () throws(ModelError) in try Handle(position.handle) }
      let request = MemberRequest(
        ComCheck.role(at: handle),
        .comCheck(countries: countries, precedence, withinMilliseconds: within.milliseconds))
      guard let number = try await decision.decide(request.act, member: request)?.comCheck, number != 0,
        let started = try await ComCheckCommand.outcomes(decision.node, number: number).first
      else { return }
      decision.node.output.result(Line(started, detailed: false), "\(started.number)")
      decision.node.output.explain(
        "\(ComCheck.exercise): \(started.rows.count) countries are asked until \(started.check.answerBy.shown). See: "
          + "liaisonctl comcheck show \(started.number)")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the checks that this node started, the newest first.",
      discussion: "Example: liaisonctl comcheck list")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      node.output.listing(
        try await ComCheckCommand.outcomes(node).map { Line($0, detailed: false) },
        columns: ["NUMBER", "RELEASED", "PRECEDENCE", "STATE", "ASKED", "DELIVERED", "ACKNOWLEDGED"],
        empty: "No communication check was started yet; start one with liaisonctl comcheck start --to all."
      ) {
        [
          "\($0.number)", $0.releasedAt, $0.precedence, $0.over ? "over" : "open", "\($0.asked)", "\($0.delivered)",
          "\($0.acknowledged)",
        ]
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what came of a check, country by country; as a file of values and a picture too.",
      discussion: """
        Spans are by this node's clock: from the release to the receipt of the country's node, and to the person's \
        acknowledgement.

        Example: liaisonctl comcheck show 3 --csv check.csv --svg check.svg
        """)

    @OptionGroup var node: NodeOptions
    @Argument(help: "The check's number.") var number: UInt64
    @Option(name: .long, help: "Write comma-separated values to this file.") var csv: String?
    @Option(name: .long, help: "Write a picture of the response times to this file.") var svg: String?

    func run() async throws {
      guard number > 0, let outcome = try await ComCheckCommand.outcomes(node, number: number).first else {
        throw CommandError(.noInput, "there is no communication check \(number)")
      }
      for (file, text) in [(csv, outcome.csv), (svg, outcome.svg)] {
        if let file { try AtomicFile.write(Array(text.utf8), to: file, mode: 0o644) }
      }
      guard !node.output.json else { return node.output.result(Line(outcome, detailed: true), "") }
      let check = outcome.check
      node.output.line(node.output.emphasised(ComCheck.exercise))
      node.output.line(
        "communication check \(outcome.number) of \(check.origin), \(check.precedence.description.uppercased()), released "
          + "\(check.startedAt.shown), \(outcome.isOver ? "over since" : "open until") \(check.answerBy.shown)")
      Terminal.write(Output.table(outcome.table))
      node.output.line(outcome.summary)
    }
  }
}
