package import CommandKit
package import LiaisonModel
package import LiaisonTrust

extension Act {
  /// What an administrator is shown before signing: all that the act says, each line escaped. Acts that differ in
  /// anything are shown differently. `name` gives an administrator's name; `member` is what a member decision asks for,
  /// and `subject` what the proposal is about that is signed or declined.
  package func screen(
    naming name: (AdministratorKey) -> String?, member: MemberRequest? = nil, about subject: Act? = nil,
    policies: [Handle: PeerPolicy] = [:]
  ) -> [String] {
    let lines: [String] =
      switch self {
      case .administratorNamed(let administrator):
        [summary(naming: name), "  fingerprint  \(Fingerprint(of: administrator.key))"]
      case .administratorChanged(let key, _), .administratorRemoved(let key, _):
        [summary(naming: name), "  fingerprint  \(Fingerprint(of: key))"]
      case .ownCardIssued(let card), .peerProposed(let card), .peerCardUpdated(let card):
        [summary(naming: name)] + Self.lines(of: card)
      case .charterAdopted(let charter, let despite):
        [summary(naming: name)] + charter.screen() + despite.map { "DESPITE  \($0), which wants the same place" }
      case .historyLost(let head):
        [summary(naming: name)] + ((try? head.claim()).map { ["  signed  \($0.signedAt.rfc3339)"] } ?? [])
      case .memberInvited, .memberRevoked, .dutyRoleChanged, .comCheckStarted:
        member.map(Self.lines) ?? [summary(naming: name)]
      case .peerActivated(_, let rootKey):
        [summary(naming: name), "  fingerprint  \(Fingerprint(of: rootKey))"]
      case .peerPolicyChanged(let handle, let policy):
        Self.lines(of: policy, for: handle, instead: policies[handle])
      case .peerVerified, .peerSuspended, .peerRevoked, .policyChanged, .proposalSigned,
        .proposalDeclined:
        [summary(naming: name)]
      }
    return lines.map { escaped($0) } + (subject?.screen(naming: name, policies: policies) ?? [])
  }

  private static func lines(of card: Unverified<NodeCard>) -> [String] {
    guard let card = try? card.claim() else { return [] }
    return Output.table(
      card.nodeKeys.map { ["", "node key", "\($0)"] } + [["", "fingerprint", "\(card.fingerprint)"]]
        + card.endpoints.map { ["", "reached at", "\($0)"] }
        + [["", "in force", "\(card.issuedAt.rfc3339) to \(card.expiresAt.rfc3339)"]]
    ).split(separator: "\n").map(String.init)
  }

  /// Each field as it was and as it will be; what changes is marked.
  private static func lines(of policy: PeerPolicy, for handle: Handle, instead before: PeerPolicy?) -> [String] {
    let rows = policy.fields.enumerated().map { index, new in
      // Where no policy is known, nothing passes for unchanged.
      let old = before?.fields[index].text ?? "unknown"
      return ["", new.text == old ? "" : "*", new.name, old, new.text]
    }
    return ["the policy for \(handle) is changed where there is a *"]
      + Output.table([["", "", "FIELD", "BEFORE", "AFTER"]] + rows).split(separator: "\n").map(String.init)
  }

  /// One line for each thing, so that no text passes for another.
  private static func lines(of request: MemberRequest) -> [String] {
    switch request.change {
    case .invitation(let name, let discipline, let role, let expiresAt):
      [
        "\(request.address) is invited", "  name        \(name)", "  discipline  \(discipline)",
        "  role        \(role.isEmpty ? "-" : role)",
        "  until       \(expiresAt.rfc3339)",
      ]
    case .revocation(let reason): ["\(request.address) is revoked: \(reason)"]
    case .role(let duty):
      ["\(request.address) is a duty role", "  title          \(duty.title)"]
        + duty.holders.map { "  held by        \($0)" }
        + [
          "  alternate      \(duty.alternate?.description ?? "-")",
          "  contact point  \(duty.contactPoint?.description ?? "-")",
        ]
    case .comCheck(let countries, let precedence, let within):
      [
        "\(ComCheck.exercise): duty officers are asked to acknowledge",
        "  countries   "
          + (countries.isEmpty
            ? "this one and all active peers" : countries.map(\.description).joined(separator: ", ")),
        "  precedence  \(precedence)", "  within      \(Span.shown(milliseconds: within))",
      ]
    case .roleRemoval(let reason): ["the duty role \(request.address) is removed: \(reason)"]
    }
  }
}
