internal import LiaisonLink
internal import LiaisonModel

/// How many notices and next cards of each peer are looked at, and how often what is wrong with them is logged.
struct NoticeLimits {
  enum Subject { case notice, card, charter }

  private struct Limit {
    var notices: TokenBucket
    var charters: TokenBucket
    /// Each has its own, so that the one does not hide the other.
    var lines: [Subject: LogLimiter]
  }

  private var limits: [Handle: Limit] = [:]

  /// Whether one more notice of a peer may be entered. What does not verify counts as well.
  mutating func admit(_ peer: Handle, at now: Timestamp) -> Bool {
    limits[peer, default: Self.full(at: now)].notices.take(at: now.milliseconds)
  }

  /// Whether one more charter of a peer may be looked at.
  mutating func admitCharter(_ peer: Handle, at now: Timestamp) -> Bool {
    limits[peer, default: Self.full(at: now)].charters.take(at: now.milliseconds)
  }

  /// Whether something about a peer's notices, or its cards, may be logged.
  mutating func mayLog(_ subject: Subject, of peer: Handle, at now: Timestamp) -> Bool {
    limits[peer, default: Self.full(at: now)].lines[subject]?.admit(at: now.milliseconds) != nil
  }

  private static func full(at now: Timestamp) -> Limit {
    let lines = LogLimiter(burst: 3, intervalMilliseconds: Limits.noticesIntervalMilliseconds, at: now.milliseconds)
    return Limit(
      notices: TokenBucket(
        burst: Limits.noticesBurst, intervalMilliseconds: Limits.noticesIntervalMilliseconds, at: now.milliseconds),
      charters: TokenBucket(
        burst: Limits.chartersBurst, intervalMilliseconds: Limits.chartersIntervalMilliseconds, at: now.milliseconds),
      lines: [.notice: lines, .card: lines, .charter: lines])
  }
}
