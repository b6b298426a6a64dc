package import LiaisonModel
package import MerkleLog
internal import TLSPresentation

/// A decision of another node's owners that entries of its log are lost, as that node shows it. That its administrators
/// made it, nobody else can tell; that it stands in the log whose head the node signed, everybody can, and so the node
/// can never deny it.
package struct HistoryLoss: Hashable, Sendable {
  /// The encoded entry.
  package let entry: [UInt8]
  /// Where it stands in that log.
  package let index: UInt64
  /// Who signed it.
  package let administrator: AdministratorKey
  /// Heads of that log count no more that were signed until then.
  package let until: Timestamp

  /// Takes an entry that stands at `index` in the log of `head`. Throws ``TrustError`` where it is no such decision, not
  /// signed, dated ahead, about another log, or not in this one.
  package init(
    entry: [UInt8], index: UInt64, path: [MerkleHash], in head: LogHead, at now: Timestamp
  ) throws(TrustError) {
    guard case .decision(let unverified)? = try? LogEntry(tlsEncoded: entry), let claim = try? unverified.claim(),
      let decision = try? unverified.verified(by: claim.administrator).content,
      case .historyLost(let named) = decision.act, let lost = try? named.claim(), lost.handle == head.handle
    else { throw TrustError(.malformed, "this is no decision that entries of this log are lost") }
    until = max(lost.signedAt, decision.decidedAt)
    guard until <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw TrustError(.notInForce, "the decision is dated ahead by more than an hour")
    }
    do throws(MerkleLogError) {
      try MerkleProof.verifyInclusion(
        leafHash: .leaf(entry), index: index, size: head.size, proof: path, root: head.root)
    } catch { throw TrustError(.wrongPosition, "the decision does not stand in this log") }
    self.entry = entry
    self.index = index
    administrator = decision.administrator
  }
}
