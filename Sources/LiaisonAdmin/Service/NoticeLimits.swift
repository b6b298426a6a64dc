internal import LiaisonLink
internal import LiaisonModel

/// How many notices of each peer are looked at, and how often what is wrong with them is logged.
struct NoticeLimits {
  private struct Limit {
    var notices: TokenBucket
    var lines: LogLimiter
  }

  private var limits: [Handle: Limit] = [:]

  /// Whether one more notice of a peer may be entered. What does not verify counts as well.
  mutating func admit(_ peer: Handle, at now: Timestamp) -> Bool {
    limits[peer, default: Self.full(at: now)].notices.take(at: now.milliseconds)
  }

  /// Whether something about a peer's notices may be logged.
  mutating func mayLog(_ peer: Handle, at now: Timestamp) -> Bool {
    limits[peer, default: Self.full(at: now)].lines.admit(at: now.milliseconds) != nil
  }

  private static func full(at now: Timestamp) -> Limit {
    Limit(
      notices: TokenBucket(
        burst: Limits.noticesBurst, intervalMilliseconds: Limits.noticesIntervalMilliseconds, at: now.milliseconds),
      lines: LogLimiter(burst: 3, intervalMilliseconds: Limits.noticesIntervalMilliseconds, at: now.milliseconds))
  }
}
