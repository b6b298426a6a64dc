/// Lets a few lines through at once and then one at each interval, so that strangers cannot fill a disk with log lines.
package struct LogLimiter: Sendable {
  private let burst: UInt64
  private let intervalMilliseconds: UInt64
  private var allowance: UInt64
  private var countedAt: UInt64
  private var suppressed = 0

  package init(burst: UInt64 = 10, intervalMilliseconds: UInt64 = 10_000, at now: UInt64) {
    self.burst = burst
    self.intervalMilliseconds = intervalMilliseconds
    allowance = burst
    countedAt = now
  }

  /// `nil` where a line must not be written now; otherwise how many were kept back since the last one.
  package mutating func admit(at now: UInt64) -> Int? {
    let earned = now > countedAt ? (now - countedAt) / intervalMilliseconds : 0
    countedAt += earned * intervalMilliseconds
    allowance = min(burst, allowance + min(earned, burst))
    guard allowance > 0 else {
      suppressed += 1
      return nil
    }
    allowance -= 1
    defer { suppressed = 0 }
    return suppressed
  }
}
