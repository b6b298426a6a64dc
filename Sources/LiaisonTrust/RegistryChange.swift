package import LiaisonModel

/// One difference between a registry and an earlier one, in words that a person understands. Names that others chose are
/// not escaped here.
package struct RegistryChange: Equatable, Sendable {
  /// What differs.
  package enum Subject: String, Sendable {
    case administrator, policy, card, log, charter, peer, member, proposal
  }

  package let subject: Subject
  /// One sentence.
  package let text: String

  init(_ subject: Subject, _ text: String) {
    self.subject = subject
    self.text = text
  }
}

extension Registry {
  /// What is other than it was in `before`, by subject and name.
  package func changes(since before: Registry) -> [RegistryChange] {
    administratorChanges(since: before) + policyChanges(since: before) + ownCardChanges(since: before)
      + historyChanges(since: before) + charterChanges(since: before)
      + peers.values.sorted { $0.handle < $1.handle }.flatMap { Self.changes(of: $0, since: before.peers[$0.handle]) }
      + noticeChanges(since: before)
  }

  private func noticeChanges(since before: Registry) -> [RegistryChange] {
    notices.flatMap { root, byIssuer in
      byIssuer.filter { before.notices[root]?[$0.key] != $0.value }.map(\.value.notice.sentence)
    }.sorted().map { RegistryChange(.peer, $0) }
  }

  private func administratorChanges(since before: Registry) -> [RegistryChange] {
    let keys = Set(administrators.keys).union(before.administrators.keys)
    return keys.compactMap { key -> String? in
      switch (before.administrators[key], administrators[key]) {
      case (nil, let new?): "\(new.name) became an administrator: \(new.roles.text)"
      case (let old?, nil): "\(old.name) is no administrator any more"
      case (let old?, let new?) where old.roles != new.roles:
        "\(new.name) was \(old.roles.text), and is now: \(new.roles.text)"
      default: nil
      }
    }.sorted().map { RegistryChange(.administrator, $0) }
  }

  private func policyChanges(since before: Registry) -> [RegistryChange] {
    var texts = Policy.Matter.allCases.compactMap { matter -> String? in
      let (old, new) = (before.policy.signatures[matter] ?? 1, policy.signatures[matter] ?? 1)
      return old == new ? nil : "\(matter.name) needs \(new) signatures instead of \(old)"
    }
    if policy.proposalHours != before.policy.proposalHours {
      texts.append("proposals wait \(policy.proposalHours) h instead of \(before.policy.proposalHours) h")
    }
    if policy.noticesToSuspend != before.policy.noticesToSuspend {
      texts.append(
        "notices of \(policy.noticesToSuspend) countries suspend a peer instead of \(before.policy.noticesToSuspend); 0 is never"
      )
    }
    return texts.map { RegistryChange(.policy, $0) }
  }

  private func ownCardChanges(since before: Registry) -> [RegistryChange] {
    guard let new = ownCard?.content, new != before.ownCard?.content else { return [] }
    guard let old = before.ownCard?.content else {
      return [RegistryChange(.card, "this node got its first card, as \(new.handle)")]
    }
    return [RegistryChange(.card, "this node's card \(Self.difference(old, new))")]
  }

  private func charterChanges(since before: Registry) -> [RegistryChange] {
    guard let new = adoptedCharter, new.digest != before.adoptedCharter?.digest else { return [] }
    let texts = before.adoptedCharter.map { new.content.changes(since: $0.content) } ?? []
    return (["the charter is \(new.content.name), serial \(new.content.serial): \(new.digest)"] + texts).map {
      RegistryChange(.charter, $0)
    }
  }

  private func historyChanges(since before: Registry) -> [RegistryChange] {
    guard let lostBy, lostBy != before.lostBy else { return [] }
    return [
      RegistryChange(.log, "entries of this log are lost, as entry \(lostBy) says: no head signed before it counts")
    ]
  }

  private static func changes(of peer: Peer, since before: Peer?) -> [RegistryChange] {
    let name = peer.handle
    let reason = peer.state == .revoked ? peer.reason.map { ": \($0)" } ?? "" : ""
    guard let before else {
      return [RegistryChange(.peer, "\(name) (\(peer.card.content.name)) is new and \(peer.state)\(reason)")]
        + peer.policy.changes(since: .initial).map { RegistryChange(.peer, "the policy for \(name) has \($0)") }
    }
    var texts: [String] = []
    let (old, new) = (before.card.content, peer.card.content)
    if old.rootKey != new.rootKey {
      texts.append("\(name) came back with another root key: \(new.fingerprint)")
    } else if old != new {
      texts.append("the card of \(name) \(difference(old, new))")
    }
    texts += peer.policy.changes(since: before.policy).map { "the policy for \(name) has \($0)" }
    if before.state != peer.state {
      texts.append("\(name) was \(before.state) and is \(peer.state)\(reason)")
    } else if before.changedAt != peer.changedAt {
      texts.append("\(name) is \(peer.state) as it was before, and was not in between")
    }
    return texts.map { RegistryChange(.peer, $0) }
  }

  private static func difference(_ old: NodeCard, _ new: NodeCard) -> String {
    var text = "has serial \(new.serial) instead of \(old.serial)"
    if old.nodeKeys != new.nodeKeys { text += ", and names other keys" }
    if old.endpoints != new.endpoints {
      text += ", and is reached at \(new.endpoints.map(\.description).joined(separator: " or "))"
    }
    return text
  }
}

extension TrustLog {
  /// What is other than it was in `before`, since which `records` were entered: decisions about members and open
  /// proposals too.
  package func changes(
    since before: Registry, after records: ArraySlice<LogRecord>, at now: Timestamp
  ) -> [RegistryChange] {
    var changes = registry.changes(since: before)
    let effects = records.compactMap { $0.decision?.outcome.effect }
    let invited = effects.count { if case .memberInvited = $0 { true } else { false } }
    let revoked = effects.count { if case .memberRevoked = $0 { true } else { false } }
    if invited > 0 { changes.append(RegistryChange(.member, "members were invited: \(invited) times")) }
    if revoked > 0 { changes.append(RegistryChange(.member, "members were revoked: \(revoked) times")) }
    for proposal in registry.openProposals(at: now) where before.proposals[proposal.sequence] == nil {
      let text = proposal.act.summary { registry.administrators[$0]?.name }
      changes.append(RegistryChange(.proposal, "proposal \(proposal.sequence) waits for signatures: \(text)"))
    }
    return changes
  }
}
