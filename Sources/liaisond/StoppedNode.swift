internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import LiaisonTrust

/// A node that does not run, while something that the root key signed is entered in its trust log.
struct StoppedNode {
  let home: NodeHome
  let store: SQLiteNodeStore
  let handle: Handle
  /// Its key from now on.
  let key: SigningKey<NodePurpose>
  /// What the audit log held when the last head was signed.
  let audit: AuditMark

  /// Stores `entry`, of which `record` tells and which is the last of `log`, and `change` with it; then audits it. The
  /// heads speak of the audit log as it was, and as it is then. Where it is damaged, it says so first: the next head
  /// would hide it.
  func enter(
    _ entry: [UInt8], _ record: LogRecord, in log: TrustLog, as event: AuditEvent.Kind,
    with change: (SQLiteNodeTransaction) throws -> Void = { _ in }
  ) throws {
    let audit = try AuditLog(folder: home.audit, at: .now)
    if let why = audit.checkStart(against: self.audit, at: .now) {
      Terminal.writeError("warning: the audit log is damaged: \(escaped(why))\n")
    }
    try store.write { transaction in
      try transaction.appendTrustLogEntry(TrustLogEntry(sequence: record.sequence, bytes: entry))
      try transaction.saveTrustLogHead(head(log, audit))
      try change(transaction)
    }
    // Only what did happen is written down.
    audit.append(
      AuditEvent(event, who: "the root key", what: "entry \(record.sequence): \(record.summary)"), at: .now)
    try store.write { try $0.saveTrustLogHead(head(log, audit)) }
  }

  private func head(_ log: TrustLog, _ audit: AuditLog) -> [UInt8] {
    Signed(log.head(of: handle, audit: audit.flushedMark(), at: .now), by: key).bytes
  }
}
