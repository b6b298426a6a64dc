internal import CommandKit
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

extension TrustKeeper: TrustLogWitness {
  package func heads(for peer: Handle) -> Frame.TrustLogHeads {
    Frame.TrustLogHeads(
      own: head.bytes, seen: peerHeads[peer]?.tlsEncoded ?? [], lostUntil: registry.lostUntil)
  }

  package func take(_ heads: Frame.TrustLogHeads, from peer: Handle) -> Frame.TrustLogHeads? {
    var answer: Frame.TrustLogHeads?
    if let seen = try? Unverified<LogHead>(tlsEncoded: heads.seen), let proof = proof(after: seen, of: peer) {
      answer = Frame.TrustLogHeads(own: head.bytes, proof: proof.map(\.bytes), lostUntil: registry.lostUntil)
    }
    if let own = try? Unverified<LogHead>(tlsEncoded: heads.own), !remember(own, heads, of: peer), heads.seen.isEmpty,
      heads.proof.isEmpty
    {
      // It is not known to continue what was seen: the peer is asked to show that it does.
      answer = Frame.TrustLogHeads(seen: peerHeads[peer]?.tlsEncoded ?? [])
    }
    return answer
  }

  /// What shows a peer that this log continues what it has seen; nil where it has seen all, or something else.
  private func proof(after seen: Unverified<LogHead>, of peer: Handle) -> [MerkleHash]? {
    guard let own = registry.ownCard?.content,
      let content = own.nodeKeys.lazy.compactMap({ try? seen.verified(by: $0).content }).first,
      content.handle == own.handle, content.signedAt > registry.lostUntil
    else { return nil }
    note(content.audit, seenBy: peer)
    let size = Int(clamping: content.size)
    guard log.root(size: size) == content.root else {
      note(LostHistory(head: seen, peer: peer), signedAt: content.signedAt)
      return nil
    }
    return size < log.size ? log.consistencyProof(from: size) : nil
  }

  /// The latest counts, because all before it are let go with it.
  private func note(_ loss: LostHistory, signedAt: Timestamp) {
    if let known = lostHistory, let claim = try? known.head.claim(), claim.signedAt >= signedAt { return }
    lostHistory = loss
    audit?.append(AuditEvent(.historyMissing, who: "\(loss.peer)", what: loss.sentence), at: clock())
    logger.error("the trust log lacks entries that a peer has seen", metadata: ["why": "\(loss.sentence)"])
  }

  /// Keeps a peer's head where it continues the one before; `false` where that was not shown.
  private func remember(_ unverified: Unverified<LogHead>, _ heads: Frame.TrustLogHeads, of peer: Handle) -> Bool {
    guard let card = registry.peer(peer)?.card.content,
      let new = card.nodeKeys.lazy.compactMap({ try? unverified.verified(by: $0) }).first, new.content.handle == peer,
      new.content.size > 0
    else { return true }
    if let before = peerHeads[peer].flatMap({ try? $0.claim() }) {
      if before.size == new.content.size, before.root == new.content.root,
        before.audit.size >= new.content.audit.size
      {
        return true
      }
      // What was on its way while a newer one came.
      if new.content.signedAt < before.signedAt { return true }
      if before.size == new.content.size, before.root == new.content.root {
        // The same entries: only its audit log has grown.
      } else if heads.lostUntil >= before.signedAt {
        logger.notice("a peer says that a part of its trust log is lost", metadata: ["peer": "\(peer)"])
      } else if new.content.size <= before.size {
        logger.error(
          "a peer's trust log lacks entries that were seen here",
          metadata: ["peer": "\(peer)", "seen": "\(before.size)", "now": "\(new.content.size)"])
        return true
      } else {
        let proof = heads.proof.compactMap { MerkleHash($0) }
        do throws(MerkleLogError) {
          try MerkleProof.verifyConsistency(
            firstSize: before.size, secondSize: new.content.size, proof: proof, firstRoot: before.root,
            secondRoot: new.content.root)
        } catch {
          if !heads.proof.isEmpty {
            logger.error(
              "a peer's trust log has other entries than were seen here",
              metadata: ["peer": "\(peer)", "seen": "\(before.size)", "now": "\(new.content.size)"])
          }
          return false
        }
      }
    }
    do { try peerHeads.keep(new, of: peer) } catch {
      logger.warning("a peer's head could not be kept", metadata: ["why": "\(error)"])
    }
    return true
  }
}
