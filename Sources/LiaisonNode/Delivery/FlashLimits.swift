internal import LiaisonLink
internal import LiaisonModel

/// How much FLASH each country still has. It is not kept over a restart: nothing is lost by having more of it.
struct FlashLimits: Sendable {
  private var buckets: [Handle: TokenBucket] = [:]

  /// The precedence by which a message of a country's people is queued and pushed. What it says of itself stays.
  mutating func carried(_ precedence: Precedence, from country: Handle, at now: Timestamp) -> Precedence {
    guard precedence == .flash else { return precedence }
    let isWithin = buckets[
      country,
      default: TokenBucket(
        burst: Limits.flashBurst, intervalMilliseconds: Limits.flashIntervalMilliseconds, at: now.milliseconds)
    ].take(at: now.milliseconds)
    return isWithin ? .flash : .immediate
  }
}
