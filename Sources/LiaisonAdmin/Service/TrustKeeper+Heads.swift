internal import CommandKit
internal import LiaisonLink
package import LiaisonModel
package import LiaisonNode
package import LiaisonProtocol
package import LiaisonTrust
internal import MerkleLog
internal import TLSPresentation

/// A head of this node's own log that a peer has, and that speaks of entries which are not here.
package struct LostHistory: Sendable, Equatable {
  /// As the peer has it, signed by this node.
  package let head: Unverified<LogHead>
  /// Who has it.
  package let peer: Handle

  /// One sentence for a person.
  package var sentence: String {
    guard let head = try? head.claim() else { return "entries of this node's trust log are missing" }
    return "\(peer) has seen \(head.size) entries of this node's trust log, at \(head.signedAt.shown), which are not "
      + "those here: it was changed, or restored from a backup"
  }
}

/// What this node knows of its peers' trust logs besides the heads that it keeps.
struct PeerWatch {
  /// What is wrong with a peer's log, in words, until a head comes that continues what was seen.
  var faults: [Handle: String] = [:]
  /// Who showed what does not fit what was seen, as it may happen once where two frames cross.
  var doubted: Set<Handle> = []
  private var limiters: [Handle: LogLimiter] = [:]
  private var auditLooks: [Handle: TokenBucket] = [:]

  /// Whether something may be logged of a peer now.
  mutating func mayLog(of peer: Handle, at now: Timestamp) -> Bool {
    limiters[peer, default: LogLimiter(at: now.milliseconds)].admit(at: now.milliseconds) != nil
  }

  /// Whether the audit log may be held now against what a peer has seen of it: three times at once, then each minute.
  mutating func mayCompareAudit(with peer: Handle, at now: Timestamp) -> Bool {
    let bucket = TokenBucket(burst: 3, intervalMilliseconds: 60_000, at: now.milliseconds)
    return auditLooks[peer, default: bucket].take(at: now.milliseconds)
  }
}

extension TrustKeeper: TrustLogWitness {
  /// How long it is said that a peer has lost entries.
  private static var lossShownMilliseconds: UInt64 { 30 * 86_400_000 }

  package func heads(for peer: Handle) -> Frame.TrustLogHeads {
    Frame.TrustLogHeads(own: head.bytes, seen: kept(of: peer)?.head.tlsEncoded ?? [], lost: shownLoss)
  }

  package func take(_ heads: Frame.TrustLogHeads, from peer: Handle) -> Frame.TrustLogHeads? {
    var answer: Frame.TrustLogHeads?
    if let seen = try? Unverified<LogHead>(tlsEncoded: heads.seen),
      let proof = proof(after: seen, of: peer, isAsked: heads.own.isEmpty || !heads.proof.isEmpty)
    {
      answer = Frame.TrustLogHeads(own: head.bytes, proof: proof.map(\.bytes), lost: shownLoss)
    }
    if let own = try? Unverified<LogHead>(tlsEncoded: heads.own) {
      let outcome = remember(own, heads, of: peer)
      if outcome == .doubted || (outcome == .unproven && heads.seen.isEmpty && heads.proof.isEmpty) {
        // It is not known to continue what was seen: the peer is asked to show that it does.
        answer = answer ?? Frame.TrustLogHeads()
        answer?.seen = kept(of: peer)?.head.tlsEncoded ?? []
      }
    }
    return answer
  }

  /// What peers' trust logs give to worry about, in sentences, by peer.
  package var peerAlarms: [String] {
    let now = clock()
    return registry.peers.keys.sorted().flatMap { peer -> [String] in
      let lost = kept(of: peer)?.lost.last.flatMap { lost -> String? in
        guard now <= lost.toldAt.adding(milliseconds: Self.lossShownMilliseconds) else { return nil }
        return Self.sentence(lost, of: peer)
      }
      return [lost, watch.faults[peer]].compactMap { $0 }
    }
  }

  private static func sentence(_ lost: KeptHead.Lost, of peer: Handle) -> String? {
    guard let head = try? lost.head.claim(), case .decision(let decision)? = try? LogEntry(tlsEncoded: lost.entry),
      let claim = try? decision.claim()
    else { return nil }
    return "\(peer) says that a part of its trust log is lost, of which \(head.size) entries were seen here, at "
      + "\(head.signedAt.shown): its administrator \(claim.administrator) decided so at \(claim.decidedAt.shown); ask "
      + "\(peer) over another channel whether a backup was restored"
  }

  private func kept(of peer: Handle) -> KeptHead? {
    registry.peer(peer).flatMap { peerHeads.head(of: peer, rootKey: $0.card.content.rootKey) }
  }

  /// The decision that entries of this node's log are lost, for peers.
  private var shownLoss: Frame.TrustLogHeads.Loss? {
    guard let sequence = registry.lostBy, let index = Int(exactly: sequence), let entry = entry(at: index),
      let path = log.inclusionProof(of: index)
    else { return nil }
    return Frame.TrustLogHeads.Loss(entry: entry, index: sequence, path: path.map(\.bytes))
  }

  private func isDatedAhead(_ head: LogHead) -> Bool {
    head.signedAt > clock().adding(milliseconds: Limits.clockErrorMillisecondsMax)
  }

  /// What shows a peer that this log continues what it has seen; nil where that is something else, or nothing less and
  /// the peer did not ask.
  private func proof(after seen: Unverified<LogHead>, of peer: Handle, isAsked: Bool) -> [MerkleHash]? {
    // One that is dated ahead would let nothing be decided until its time has come.
    guard let content = registry.ownHead(seen), !isDatedAhead(content) else { return nil }
    if content.signedAt > registry.lostUntil { note(content.audit, seenBy: peer) }
    let size = Int(clamping: content.size)
    guard log.root(size: size) == content.root else {
      if content.signedAt > registry.lostUntil {
        note(LostHistory(head: seen, peer: peer), signedAt: content.signedAt)
      }
      return nil
    }
    return size < log.size ? log.consistencyProof(from: size) : isAsked ? [] : nil
  }

  /// The latest counts, because all before it are let go with it.
  private func note(_ loss: LostHistory, signedAt: Timestamp) {
    if let known = lostHistory, let claim = try? known.head.claim(), claim.signedAt >= signedAt { return }
    lostHistory = loss
    audit?.append(AuditEvent(.historyMissing, who: "\(loss.peer)", what: loss.sentence), at: clock())
    logger.error("the trust log lacks entries that a peer has seen", metadata: ["why": "\(loss.sentence)"])
  }

  private enum Remembered {
    /// Kept, known, or never to be kept.
    case done
    /// Longer than what was seen, and not shown to continue it.
    case unproven
    /// It does not fit what was seen, but perhaps two frames crossed: the peer is asked once more.
    case doubted
  }

  /// Keeps a peer's head where it continues the one before, or where the peer's owners have let that one go.
  private func remember(
    _ unverified: Unverified<LogHead>, _ heads: Frame.TrustLogHeads, of peer: Handle
  ) -> Remembered {
    guard let card = registry.peer(peer)?.card, let new = try? unverified.verified(by: card), new.content.size > 0
    else { return .done }
    guard !isDatedAhead(new.content) else {
      fault(of: peer, "the head of the trust log of \(peer) is dated ahead by more than an hour, and not believed")
      return .done
    }
    guard let kept = kept(of: peer), let before = try? kept.head.claim() else {
      keep(KeptHead(rootKey: card.content.rootKey, head: new.unverified, lost: []), of: peer)
      return .done
    }
    if before.size == new.content.size, before.root == new.content.root {
      // The same entries: only its audit log may have grown.
      if new.content.audit.size > before.audit.size {
        keep(KeptHead(rootKey: card.content.rootKey, head: new.unverified, lost: kept.lost), of: peer)
      }
      (watch.faults[peer], watch.doubted) = (nil, watch.doubted.subtracting([peer]))
      return .done
    }
    if continues(new.content, before, heads.proof) {
      keep(KeptHead(rootKey: card.content.rootKey, head: new.unverified, lost: kept.lost), of: peer)
      return .done
    }
    if let loss = loss(heads.lost, in: new.content), before.signedAt <= loss.until, kept.lost.count < KeptHead.lostMax,
      !kept.lost.contains(where: { $0.entry == loss.entry })
    {
      let lost = KeptHead.Lost(head: kept.head, entry: loss.entry, toldAt: clock())
      keep(KeptHead(rootKey: card.content.rootKey, head: new.unverified, lost: kept.lost + [lost]), of: peer)
      logger.warning(
        "a peer says that a part of its trust log is lost",
        metadata: ["peer": "\(peer)", "seen": "\(before.size)", "administrator": "\(loss.administrator)"])
      return .done
    }
    let seen = "seen here were \(before.size) entries, signed at \(before.signedAt.shown)"
    let isLonger = new.content.size > before.size
    if isLonger, heads.proof.isEmpty { return .unproven }
    let mayHaveCrossed = isLonger || (new.content.size < before.size && new.content.signedAt < before.signedAt)
    if mayHaveCrossed, watch.doubted.insert(peer).inserted { return .doubted }
    fault(
      of: peer,
      new.content.size < before.size
        ? "the trust log of \(peer) lacks entries that were seen here: \(seen), and now \(new.content.size)"
        : "the trust log of \(peer) has other entries than were seen here: \(seen)")
    return .done
  }

  private func continues(_ new: LogHead, _ before: LogHead, _ proof: [[UInt8]]) -> Bool {
    guard new.size > before.size else { return false }
    do throws(MerkleLogError) {
      try MerkleProof.verifyConsistency(
        firstSize: before.size, secondSize: new.size, proof: proof.compactMap { MerkleHash($0) },
        firstRoot: before.root, secondRoot: new.root)
      return true
    } catch { return false }
  }

  private func loss(_ shown: Frame.TrustLogHeads.Loss?, in head: LogHead) -> HistoryLoss? {
    guard let shown else { return nil }
    return try? HistoryLoss(
      entry: shown.entry, index: shown.index, path: shown.path.compactMap { MerkleHash($0) }, in: head, at: clock())
  }

  private func keep(_ head: KeptHead, of peer: Handle) {
    (watch.faults[peer], watch.doubted) = (nil, watch.doubted.subtracting([peer]))
    do { try peerHeads.keep(head, of: peer, at: clock()) } catch {
      if watch.mayLog(of: peer, at: clock()) {
        logger.warning("a peer's head could not be kept", metadata: ["why": "\(error)"])
      }
    }
  }

  private func fault(of peer: Handle, _ sentence: String) {
    watch.faults[peer] = sentence
    if watch.mayLog(of: peer, at: clock()) { logger.error("\(sentence)", metadata: ["peer": "\(peer)"]) }
  }
}
