internal import LiaisonLink
internal import LiaisonModel

/// What was logged of whom, so that nobody fills the log by doing the same wrong again and again.
struct Complaints: Sendable {
  private struct Subject: Hashable {
    let peer: Handle?
    let text: String
  }

  /// One line of a kind at once, and one more after each interval.
  private static let intervalMilliseconds: UInt64 = 600_000
  /// Kinds are few; peers are bounded too.
  private static let subjectsMax = 10_000

  private var limiters: [Subject: LogLimiter] = [:]

  /// `nil` where it must not be logged now; otherwise how often it was not since the last time.
  mutating func admit(_ text: String, of peer: Handle?, at now: Timestamp) -> Int? {
    let subject = Subject(peer: peer, text: text)
    if limiters[subject] == nil, limiters.count >= Self.subjectsMax { limiters = [:] }
    return limiters[
      subject,
      default: LogLimiter(burst: 1, intervalMilliseconds: Self.intervalMilliseconds, at: now.milliseconds)
    ].admit(at: now.milliseconds)
  }
}
