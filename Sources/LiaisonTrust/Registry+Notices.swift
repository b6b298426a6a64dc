package import LiaisonModel

extension Registry {
  /// What this node's administrators decided last against a root key: what peers are told.
  package struct Verdict: Equatable, Sendable {
    package let handle: Handle
    package let standing: RevocationNotice.Standing
    package let reason: String
    package let decidedAt: Timestamp
  }

  /// A peer's notice, as it was received.
  package struct KeptNotice: Equatable, Sendable {
    package let notice: RevocationNotice
    package let receivedAt: Timestamp
    /// Whether it came since the peer that it is about was activated: whoever did that knew of the earlier ones.
    package internal(set) var counts = true
  }

  /// What peers that are active now gave notice of about the peer of that handle, by issuer.
  package func notices(about handle: Handle) -> [KeptNotice] {
    guard let root = peers[handle]?.card.content.rootKey else { return [] }
    return (notices[root] ?? [:]).values.filter { peers[$0.notice.issuer]?.state == .active }
      .sorted { $0.notice.issuer < $1.notice.issuer }
  }

  /// What `issuer` tells a peer of other ones, by handle.
  package func noticesDue(of issuer: Handle, to receiver: Handle) -> [RevocationNotice] {
    verdicts.filter { $0.value.handle != receiver }.map { root, verdict in
      RevocationNotice(
        issuer: issuer, handle: verdict.handle, rootKey: root, standing: verdict.standing, reason: verdict.reason,
        decidedAt: verdict.decidedAt)
    }.sorted { ($0.handle, $0.decidedAt) < ($1.handle, $1.decidedAt) }
  }

  /// Whether a notice, if it is true, tells of somebody who is known here something that its issuer has not told yet.
  package func isNews(_ notice: RevocationNotice) -> Bool {
    guard let peer = peers[notice.handle], peer.card.content.rootKey == notice.rootKey, peer.state != .revoked else {
      return false
    }
    guard let known = notices[notice.rootKey]?[notice.issuer] else { return notice.standing != .active }
    return notice.decidedAt > known.notice.decidedAt
  }

  /// Remembers what is to be told of `step`, which an administrator decided.
  mutating func noteVerdict(of step: PeerState.Step, on peer: Peer, because reason: String, at time: Timestamp) {
    let root = peer.card.content.rootKey
    let before = verdicts[root]
    let standing: RevocationNotice.Standing
    switch step {
    case .verify: return
    case .activate where before == nil: return
    case .activate: standing = .active
    case .suspend: standing = .suspended
    case .revoke: standing = .revoked
    }
    // Administrators' clocks differ, and the later verdict has to be known as such.
    let earliest = before.map { $0.decidedAt.adding(milliseconds: 1) } ?? time
    verdicts[root] = Verdict(
      handle: peer.handle, standing: standing, reason: reason, decidedAt: max(time, earliest))
  }

  /// Applies what the node itself entered: a peer's notice. A notice suspends an active peer where as many active peers
  /// as the policy asks for have given one since the peer was activated, and does nothing else by itself.
  mutating func apply(_ received: NoticeReceived) throws(TrustError) {
    guard let ownCard, ownCard.content.nodeKeys.contains(received.nodeKey) else {
      throw TrustError(.notPermitted, "the key that signed the entry is not this node's")
    }
    let notice = try verified(received.notice, at: received.receivedAt)
    guard var peer = peers[notice.handle], peer.card.content.rootKey == notice.rootKey, peer.state != .revoked else {
      throw TrustError(.unknownPeer, "the notice is about nobody who is known here")
    }
    guard isNews(notice) else { throw TrustError(.wrongState, "the notice says nothing new") }
    notices[notice.rootKey, default: [:]][notice.issuer] = KeptNotice(
      notice: notice, receivedAt: received.receivedAt)
    guard policy.noticesToSuspend > 0, peer.state == .active, notice.standing != .active else { return }
    let count = notices(about: notice.handle).count {
      $0.notice.standing != .active && $0.counts
    }
    guard count >= Int(policy.noticesToSuspend) else { return }
    peer.state = .suspended
    peer.changedAt = received.receivedAt
    peer.reason = notice.sentence
    peers[notice.handle] = peer
  }

  /// A notice by an active peer, about neither that peer nor this node.
  private func verified(
    _ unverified: Unverified<RevocationNotice>, at now: Timestamp
  ) throws(TrustError) -> RevocationNotice {
    let claim: RevocationNotice
    do { claim = try unverified.claim() } catch { throw TrustError(error) }
    guard let issuer = activePeer(claim.issuer, at: now),
      (try? unverified.verified(byOneOf: issuer.card.content.nodeKeys)) != nil
    else { throw TrustError(.notPermitted, "the notice is not signed by an active peer") }
    guard claim.handle != claim.issuer, claim.rootKey != issuer.card.content.rootKey else {
      throw TrustError(.malformed, "the notice is about its own issuer")
    }
    guard claim.handle != ownCard?.content.handle, claim.rootKey != ownCard?.content.rootKey else {
      throw TrustError(.malformed, "the notice is about this node itself")
    }
    guard claim.decidedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax) else {
      throw TrustError(.notInForce, "the notice is dated in the future")
    }
    return claim
  }
}
