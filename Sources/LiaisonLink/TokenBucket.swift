/// Lets a burst through at once and then one at each interval. Time is handed in, in milliseconds of any clock; one that
/// goes back earns nothing.
package struct TokenBucket: Sendable {
  private let burst: UInt64
  private let intervalMilliseconds: UInt64
  private var tokens: UInt64
  private var countedAt: UInt64

  /// A full one.
  package init(burst: UInt64, intervalMilliseconds: UInt64, at now: UInt64) {
    self.burst = burst
    self.intervalMilliseconds = max(1, intervalMilliseconds)
    tokens = burst
    countedAt = now
  }

  /// Takes one, where there is one.
  package mutating func take(at now: UInt64) -> Bool {
    // A clock that was set back is believed: otherwise nothing would be earned until it is where it was.
    countedAt = min(countedAt, now)
    let earned = now > countedAt ? (now - countedAt) / intervalMilliseconds : 0
    countedAt += earned * intervalMilliseconds
    tokens = min(burst, tokens + min(earned, burst))
    // What a full bucket would have earned is not saved up.
    if tokens == burst { countedAt = max(countedAt, now) }
    guard tokens > 0 else { return false }
    tokens -= 1
    return true
  }
}
