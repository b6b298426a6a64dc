/// Something that is written to the audit log. Members' data is no part of it.
package struct AuditEvent: Sendable, Equatable {
  /// What happened. Protocols/audit.md lists every one, and a test holds the two lists together.
  package enum Kind: String, Sendable, CaseIterable, Codable {
    case nodeStarted = "node.started"
    case nodeStopped = "node.stopped"
    case configurationChanged = "configuration.changed"
    case decisionTaken = "decision.taken"
    case decisionRefused = "decision.refused"
    case ownerRecovered = "owner.recovered"
    case keyReplaced = "key.replaced"
    case cardTaken = "card.taken"
    case cardRefused = "card.refused"
    case noticeTaken = "notice.taken"
    case noticeRefused = "notice.refused"
    case charterTaken = "charter.taken"
    case charterRefused = "charter.refused"
    case linkRefused = "link.refused"
    case historyMissing = "history.missing"
    case bundleMade = "bundle.made"
    case bundleTaken = "bundle.taken"
    case auditCut = "audit.cut"
    case auditDamaged = "audit.damaged"
  }

  package var kind: Kind
  /// Whose act it was, as far as it was proved: an administrator's name, a peer's handle, `this node`, a stranger's key.
  package var who: String
  package var what: String
  /// Empty where there is nothing to say.
  package var why: String
  /// How many of the same were not written since the last line of this kind.
  package var unwritten: Int
  /// The configuration, where it is about that.
  package var settings: [String: String]?

  /// An event, as given.
  package init(
    _ kind: Kind, who: String, what: String, why: String = "", unwritten: Int = 0, settings: [String: String]? = nil
  ) {
    self.kind = kind
    self.who = who
    self.what = what
    self.why = why
    self.unwritten = unwritten
    self.settings = settings
  }
}
