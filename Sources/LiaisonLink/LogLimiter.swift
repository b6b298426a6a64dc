/// Lets a few lines through at once and then one at each interval, so that nobody can fill a disk with log lines.
package struct LogLimiter: Sendable {
  private var bucket: TokenBucket
  private var suppressed = 0

  package init(burst: UInt64 = 10, intervalMilliseconds: UInt64 = 10_000, at now: UInt64) {
    bucket = TokenBucket(burst: burst, intervalMilliseconds: intervalMilliseconds, at: now)
  }

  /// `nil` where a line must not be written now; otherwise how many were kept back since the last one.
  package mutating func admit(at now: UInt64) -> Int? {
    guard bucket.take(at: now) else {
      suppressed += 1
      return nil
    }
    defer { suppressed = 0 }
    return suppressed
  }
}
