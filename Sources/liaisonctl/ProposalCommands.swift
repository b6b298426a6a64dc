internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct ProposalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proposal", abstract: "What waits for more administrators to sign it.",
    discussion: """
      Whoever decides what needs several signatures makes a proposal; it takes effect with the last signature. One \
      administrator who is entitled to sign it can decline it, its proposer too.

      Example: liaisonctl proposal list
      """,
    subcommands: [List.self, Show.self, Sign.self, Decline.self])

  /// A proposal, for people and for programs.
  struct Line: Encodable {
    var proposal: UInt64
    var summary: String
    var signedBy: [String]
    var signaturesNeeded: UInt32
    var proposedAt: String
    var expiresAt: String
    /// What it is about.
    let act: Act

    private enum CodingKeys: CodingKey { case proposal, summary, signedBy, signaturesNeeded, proposedAt, expiresAt }

    init(_ answer: AdminProposal, naming name: (AdministratorKey) -> String?) throws {
      guard let act = try? Act(tlsEncoded: Array(answer.act)) else { throw CommandError.wrongAnswer }
      self.act = act
      proposal = answer.sequence
      summary = act.summary(naming: name)
      signedBy = answer.signers
      signaturesNeeded = answer.needed
      proposedAt = Timestamp(milliseconds: answer.proposedAt).rfc3339
      expiresAt = Timestamp(milliseconds: answer.expiresAt).rfc3339
    }

    var signed: String { "\(signedBy.count) of \(signaturesNeeded)" }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List what waits, the oldest first.", discussion: "Example: liaisonctl proposal list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      node.output.listing(
        try await node.proposals(), columns: ["PROPOSAL", "SIGNED", "BY", "EXPIRES", "WHAT"],
        empty: "Nothing waits for signatures."
      ) { ["\($0.proposal)", $0.signed, $0.signedBy.joined(separator: ", "), $0.expiresAt, $0.summary] }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show all that a proposal says.", discussion: "Example: liaisonctl proposal show 7")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The proposal's number.") var proposal: UInt64

    func run() async throws {
      let line = try await node.proposal(proposal)
      let administrators = try await node.administrators()
      let rows = [
        ["proposed", line.proposedAt], ["expires", line.expiresAt],
        ["signed", "\(line.signed): \(line.signedBy.joined(separator: ", "))"],
      ]
      let screen = line.act.screen(
        naming: { administrators[$0]?.name }, policies: try await node.policies(changedBy: line.act))
      node.output.result(line, (screen.map { $0 + "\n" }.joined() + Output.table(rows)).dropLast().description)
    }
  }

  struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sign what another administrator proposed; with the last signature it takes effect.",
      discussion: "Example: liaisonctl proposal sign 7")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The proposal's number.") var proposal: UInt64

    func run() async throws {
      let act = try await decision.node.proposal(proposal).act
      try await decision.decide(.proposalSigned(proposal, ActDigest(of: act)), about: act)
    }
  }

  struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "End a proposal.", discussion: "Example: liaisonctl proposal decline 7 --reason 'not agreed'")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The proposal's number.") var proposal: UInt64
    @Option(name: .long, help: "Why; it stays in the trust log.") var reason: String

    func run() async throws {
      let reason = try Reason.checked(reason)
      let act = try await decision.node.proposal(proposal).act
      try await decision.decide(.proposalDeclined(proposal, reason: reason), about: act)
    }
  }
}

extension NodeOptions {
  /// What waits for signatures.
  func proposals() async throws -> [ProposalCommand.Line] {
    guard case .proposals(let answer) = try await ask(.proposalsRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    let administrators = try await administrators()
    return try answer.proposals.map { try ProposalCommand.Line($0) { administrators[$0]?.name } }
  }

  /// The proposal of that number. Throws "no such input".
  func proposal(_ number: UInt64) async throws -> ProposalCommand.Line {
    guard let found = try await proposals().first(where: { $0.proposal == number }) else {
      throw CommandError(.noInput, "no proposal \(number) waits for signatures")
    }
    return found
  }
}
