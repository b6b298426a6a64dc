internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "How many administrators sign what.",
    discussion: """
      Where fewer administrators have the role than signatures are asked for, all of those sign. One trust officer alone \
      suspends or revokes a peer, whatever the policy says.

      Example: liaisonctl policy show
      """,
    subcommands: [Show.self, Change.self])

  struct Line: Encodable {
    var signatures: [String: UInt8]
    var proposalHours: UInt32
    var noticesToSuspend: UInt8
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the policy.", discussion: "Example: liaisonctl policy show --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      let policy = try await node.policy()
      let rules = policy.signatures.sorted { $0.key < $1.key }.map { [$0.key.name, "\($0.value)"] }
      let line = Line(
        signatures: Dictionary(policy.signatures.map { ($0.key.name, $0.value) }, uniquingKeysWith: { $1 }),
        proposalHours: policy.proposalHours, noticesToSuspend: policy.noticesToSuspend)
      node.output.result(line, Output.table([["WHAT", "SIGNATURES"]] + rules).dropLast().description)
      if !node.output.json {
        for alone in policy.decidesAlone(among: try await node.administrators().values) {
          node.output.explain("Warning: \(escaped(alone.sentence)).")
        }
        node.output.explain("Proposals wait for \(Span.shown(milliseconds: UInt64(policy.proposalHours) * 3_600_000)).")
        if policy.noticesToSuspend > 0 {
          node.output.explain("A peer is suspended by the notices of \(policy.noticesToSuspend) other countries.")
        }
      }
    }
  }

  struct Change: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set", abstract: "Change how many administrators sign what. Owners do this.",
      discussion: """
        What is not named stays. The names: \(Policy.Matter.allCases.map(\.name).joined(separator: ", ")).

        Example: liaisonctl policy set activate=3 verify=2 --proposals-expire 2d
        """)

    @OptionGroup var decision: DecisionOptions
    @Argument(help: ArgumentHelp("What needs how many signatures, 1 to 8.", valueName: "what=count"))
    var rules: [RuleArgument] = []
    @Option(name: .long, help: ArgumentHelp("How long a proposal waits, in whole hours.", valueName: "time"))
    var proposalsExpire: String?
    @Option(
      name: .long,
      help: ArgumentHelp(
        "How many other countries' notices suspend a peer here, 0 to 8; 0, as it is at first, for never.",
        valueName: "count"))
    var suspendOnNotices: UInt8?

    func run() async throws {
      let before = try await decision.node.policy()
      guard !rules.isEmpty || proposalsExpire != nil || suspendOnNotices != nil else {
        throw CommandError(.usage, "say what to change, such as activate=3")
      }
      var hours = before.proposalHours
      if let proposalsExpire {
        let span = try Span(proposalsExpire).milliseconds
        guard span.isMultiple(of: 3_600_000) else {
          throw CommandError(.usage, "proposals wait for whole hours, such as 48h or 2d")
        }
        hours = UInt32(clamping: span / 3_600_000)
      }
      let rules = Dictionary(rules.map { ($0.matter, $0.count) }, uniquingKeysWith: { $1 })
      let policy = try CommandError.typed { () throws(ModelError) in
        try Policy(
          signatures: before.signatures.merging(rules) { $1 }, proposalHours: hours,
          noticesToSuspend: suspendOnNotices ?? before.noticesToSuspend)
      }
      try await decision.decide(.policyChanged(policy))
    }
  }

  /// `activate=2`.
  struct RuleArgument: ExpressibleByArgument {
    let matter: Policy.Matter
    let count: UInt8

    init?(argument: String) {
      let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let matter = Policy.Matter.allCases.first(where: { $0.name == parts[0] }),
        let count = UInt8(parts[1])
      else { return nil }
      self.matter = matter
      self.count = count
    }
  }
}

extension NodeOptions {
  /// The policy in force.
  func policy() async throws -> Policy {
    guard case .policy(let bytes) = try await ask(.policyRequest(AdminEmpty())),
      let policy = try? Policy(tlsEncoded: Array(bytes))
    else { throw CommandError.wrongAnswer }
    return policy
  }
}
