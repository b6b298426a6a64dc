internal import CommandKit
package import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol
package import LiaisonTrust
internal import TLSPresentation

/// Notices of revocations: what this node tells its peers, and what they tell it.
extension TrustKeeper {
  package func notices(for peer: Handle) -> [[UInt8]] {
    guard let own = registry.ownCard?.content.handle else { return [] }
    return registry.noticesDue(of: own, to: peer).map { Signed($0, by: key).bytes }
  }

  package func take(_ notices: [[UInt8]], from peer: Handle) async {
    for bytes in notices {
      do throws(Frame.Failure) {
        guard let notice = try? Unverified<RevocationNotice>(tlsEncoded: bytes), let claim = try? notice.claim() else {
          throw Frame.Failure(.malformed, "the notice is malformed")
        }
        guard claim.issuer == peer else { throw Frame.Failure(.malformed, "the notice is another country's") }
        guard claim.handle != registry.ownCard?.content.handle else {
          throw Frame.Failure(.malformed, "the notice is about this node itself")
        }
        // Each link begins with all of a peer's notices: most are here already, and some are about nobody known here.
        guard registry.isNews(claim) else { continue }
        guard noticeLimits.admit(peer, at: clock()) else { throw Frame.Failure(.limit, "too many notices come") }
        try await enterNew(notice)
      } catch {
        audit?.append(
          AuditEvent(.noticeRefused, who: "\(peer)", what: "a notice of a revocation", why: error.text),
          from: .peer(peer), at: clock())
        guard noticeLimits.mayLog(.notice, of: peer, at: clock()) else { continue }
        logger.warning("a peer's notice was refused", metadata: ["peer": "\(peer)", "why": "\(error.text)"])
      }
    }
  }

  private func enterNew(_ notice: Unverified<RevocationNotice>) async throws(Frame.Failure) {
    let record = try await appendOwn { position, now in
      .noticeReceived(
        Signed(
          NoticeReceived(position: position, receivedAt: now, nodeKey: key.publicKey, notice: notice), by: key
        ).unverified)
    }
    logger.warning("a peer gives notice", metadata: ["what": "\(escaped(record.summary))"])
    let issuer = (try? notice.claim()).map { "\($0.issuer)" } ?? "a peer"
    audit?.append(
      AuditEvent(.noticeTaken, who: issuer, what: "entry \(record.sequence): \(record.summary)"), at: clock())
  }

  /// Tells peers what was decided against one of them.
  func giveNotice(since before: Registry) async {
    guard let own = registry.ownCard?.content.handle, registry.verdicts != before.verdicts else { return }
    for notice in registry.noticesDue(of: own, to: own)
    where registry.verdicts[notice.rootKey] != before.verdicts[notice.rootKey] {
      await node.giveNotice(Signed(notice, by: key).bytes, about: notice.handle)
    }
  }
}
