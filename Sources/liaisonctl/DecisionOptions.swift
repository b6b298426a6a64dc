internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

/// The options of every command that decides something.
struct DecisionOptions: ParsableArguments {
  @OptionGroup var node: NodeOptions
  @Flag(name: .long, help: "Show what would change, and whether the node would take it; sign nothing.")
  var dryRun = false

  /// Shows all that `act` says, signs it for the log as it stands, and has the node put it into effect, or wait for more
  /// signatures; nil in a dry run. `member` is what a decision about a member asks for, `subject` what a proposal is
  /// about.
  @discardableResult
  func decide(_ act: Act, member: MemberRequest? = nil, about subject: Act? = nil) async throws -> AdminDecided? {
    guard case .position(let answer) = try await node.ask(.positionRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    let position = try LogPosition(answer)
    let administrators = try await node.administrators()
    let policies = try await node.policies(changedBy: subject ?? act)
    for line in act.screen(
      naming: { administrators[$0]?.name }, member: member, about: subject, policies: policies)
    {
      node.output.explain(line)
    }
    let profile = try node.administratorOptions.folder(in: node.homeOptions)
    if dryRun {
      try await attempt(act, by: profile.readCard().content.key)
      return nil
    }
    let key = try node.administratorOptions.open(profile, for: answer.handle)
    let decision = Decision(position: position, decidedAt: .now, administrator: key.publicKey, act: act)
    var request = AdminDecide()
    request.entry = .init(LogEntry.decision(Signed(decision, by: key).unverified).tlsEncoded)
    if let member { request.memberRequest = .init(member.tlsEncoded) }
    guard case .decided(let decided) = try await node.ask(.decide(request)) else { throw CommandError.wrongAnswer }
    if decided.hasProposal, !decided.proposal.declined {
      let proposal = decided.proposal
      node.output.explain(
        "This is proposal \(proposal.sequence), with \(proposal.signers.count) of \(proposal.needed) signatures. Until "
          + "\(Timestamp(milliseconds: proposal.expiresAt).shown) another administrator can sign it: "
          + "liaisonctl proposal sign \(proposal.sequence)")
    }
    return decided
  }

  /// Asks what would become of it.
  private func attempt(_ act: Act, by key: AdministratorKey) async throws {
    var request = AdminTry()
    request.act = .init(act.tlsEncoded)
    request.administrator = .init(key.bytes)
    guard case .decided(let decided) = try await node.ask(.try(request)) else { throw CommandError.wrongAnswer }
    let isProposal = decided.hasProposal && !decided.proposal.declined
    node.output.explain(
      "Dry run: nothing was signed. "
        + (isProposal
          ? "It would be a proposal, with \(decided.proposal.signers.count) of \(decided.proposal.needed) signatures."
          : "It would be in force at once."))
  }
}

extension NodeOptions {
  /// The policy that `act` would replace, where it is about one.
  func policies(changedBy act: Act) async throws -> [Handle: PeerPolicy] {
    guard case .peerPolicyChanged(let handle, _) = act else { return [:] }
    return try await peers(only: handle).first.map { [handle: $0.policy] } ?? [:]
  }
}
