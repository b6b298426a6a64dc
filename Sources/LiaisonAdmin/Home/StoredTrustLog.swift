internal import CommandKit
internal import LiaisonModel
package import LiaisonNode
package import LiaisonTrust
internal import TLSPresentation

/// A node's trust log as its store has it, verified: what a start begins with.
package struct StoredTrustLog: Sendable {
  /// The log and, as its fold, the registry.
  package let log: TrustLog
  /// The encoded entries, oldest first.
  package let entries: [[UInt8]]
  /// What the audit log held when the head was signed.
  package let audit: AuditMark

  /// Reads and verifies it, in full or, for a quick start, as `TrustLog(ownEntries:head:)` does. Throws ``CommandError`` that names the entry which is wrong, and the store's errors.
  package init(in store: some NodeStore, isQuick: Bool = false) throws {
    let (stored, head) = try store.read { (try $0.trustLogEntries(), try $0.trustLogHead()) }
    for (index, entry) in stored.enumerated() where entry.sequence != UInt64(index) {
      throw CommandError(.badData, "trust log entry \(index) is missing: entry \(entry.sequence) comes in its place")
    }
    guard let head = head.flatMap({ try? Unverified<LogHead>(tlsEncoded: $0) }) else {
      throw CommandError(.badData, "the trust log has no head, or a damaged one")
    }
    entries = stored.map(\.bytes)
    do {
      log = try isQuick ? TrustLog(ownEntries: entries, head: head) : TrustLog(entries: entries, head: head)
      audit = try head.claim().audit
    } catch let fault as TrustLogFault {
      throw CommandError(.badData, fault.sentence)
    } catch { throw CommandError(.badData, "the trust log's head is malformed") }
  }
}
