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
    var (who, what, source) = ("whoever holds the socket", "something that is no decision", AuditSource.socket)
    if case .decision(let unverified)? = try? LogEntry(tlsEncoded: entry), let claim = try? unverified.claim() {
      let administrator = registry.administrators[claim.administrator]
      let name = administrator?.name ?? "the key \(claim.administrator)"
      let isProved = (try? unverified.verified(by: claim.administrator)) != nil
      who = isProved ? name : "somebody who claims to be \(name)"
      // Anybody can make keys.
      if isProved, administrator != nil { source = .administrator(claim.administrator) }
      what = claim.act.summary { registry.administrators[$0]?.name }
    }
    audit?.append(AuditEvent(.decisionRefused, who: who, what: what, why: why), from: source, at: clock())
  }

  private static func name(of author: LogRecord.Author) -> String {
    switch author {
    case .administrator(let administrator): administrator.name
    case .node: "this node"
    case .root: "the root key"
    }
  }

  /// A peer has a head of this node's, signed as it should be, that speaks of this audit log.
  func note(_ mark: AuditMark, seenBy peer: Handle) {
    guard let audit else { return }
    let size = audit.mark.size
    if mark.size > size {
      guard mark.size > auditSeen else { return }
      auditSeen = mark.size
      return damaged("\(peer) has seen \(mark.size) lines of this audit log, and \(size) are here", shownBy: peer)
    }
    // To look takes a file's reading.
    guard mark.size > 0, watch.mayCompareAudit(with: peer, at: clock()), let here = audit.digest(ofFirst: mark.size),
      here != mark.digest
    else { return }
    damaged("\(peer) has seen other lines of this audit log, up to line \(mark.size - 1)", shownBy: peer)
  }

  private func damaged(_ what: String, shownBy peer: Handle) {
    let event = AuditEvent(
      .auditDamaged, who: "\(peer)", what: what, why: "it was cut or changed, or the home was restored from a backup")
    guard audit?.append(event, from: .peer(peer), at: clock()) == true else { return }
    logger.error("the audit log is not the one that a peer has seen", metadata: ["why": "\(what)"])
  }
}
