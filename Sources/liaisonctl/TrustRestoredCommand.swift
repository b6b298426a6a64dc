internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

extension Trust {
  struct Restored: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that entries which a peer has seen are lost, after a backup was restored. Owners do this.",
      discussion: """
        Where a peer has seen entries of this node's trust log that are not here, nothing is decided but suspensions and \
        revocations until owners have said so. Find out first what is missing: where nobody restored a backup, somebody has \
        changed the log.

        Example: liaisonctl trust restored
        """)

    @OptionGroup var decision: DecisionOptions

    func run() async throws {
      guard case .status(let status) = try await decision.node.ask(.statusRequest(AdminEmpty())) else {
        throw CommandError.wrongAnswer
      }
      guard let head = try? Unverified<LogHead>(tlsEncoded: Array(status.lostHead)) else {
        throw CommandError(.noInput, "no peer has shown entries of this node's trust log that are missing here")
      }
      decision.node.output.explain(escaped(status.lostHistory))
      try await decision.decide(.historyLost(head))
    }
  }
}
