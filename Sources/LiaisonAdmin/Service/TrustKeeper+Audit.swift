package import LiaisonLink
internal import LiaisonModel
internal import LiaisonTrust

extension TrustKeeper {
  /// Audits a link that was refused.
  package func refused(_ link: RefusedLink) {
    let peer = (try? NodeKey(bytes: link.key)).flatMap { registry.peer(nodeKey: $0) }
    audit?.refused(link, to: peer, at: clock())
  }

  /// Audits what became of a decision that came by the socket.
  nonisolated func auditTaken(_ record: LogRecord) {
    let what = "entry \(record.sequence): \(record.summary)"
    audit?.append(AuditEvent(.decisionTaken, who: Self.name(of: record.author), what: what), at: clock())
  }

  /// The same for one that was refused, which may be anything. `why` names no member.
  func auditRefusal(of entry: [UInt8], because why: String) {
    var (who, what) = ("whoever holds the socket", "something that is no decision")
    if case .decision(let unverified)? = try? LogEntry(tlsEncoded: entry), let claim = try? unverified.claim() {
      let name = registry.administrators[claim.administrator]?.name ?? "the key \(claim.administrator)"
      let isProved = (try? unverified.verified(by: claim.administrator)) != nil
      who = isProved ? name : "somebody who claims to be \(name)"
      what = claim.act.summary { registry.administrators[$0]?.name }
    }
    audit?.append(AuditEvent(.decisionRefused, who: who, what: what, why: why), at: clock())
  }

  private static func name(of author: LogRecord.Author) -> String {
    switch author {
    case .administrator(let administrator): administrator.name
    case .node: "this node"
    case .root: "the root key"
    }
  }

  /// A peer has a head of this node's that speaks of audit lines which are not here.
  func note(_ mark: AuditMark, seenBy peer: Handle) {
    guard let audit, mark.size > audit.mark.size, mark.size > auditSeen else { return }
    auditSeen = mark.size
    let what = "\(peer) has seen \(mark.size) lines of this audit log, and \(audit.mark.size) are here"
    logger.error("the audit log lacks lines", metadata: ["why": "\(what)"])
    audit.append(
      AuditEvent(
        .auditDamaged, who: "\(peer)", what: what, why: "it was cut, or the home was restored from a backup"),
      at: clock())
  }
}
