/// When to ask a silent link for a sign of life, and when to give it up. Time is handed in, in milliseconds of any
/// monotonic clock.
package struct KeepAlive: Sendable {
  /// What to do now.
  package enum Step: Equatable, Sendable {
    /// Nothing until then.
    case wait(until: UInt64)
    /// Send a Ping; look again then.
    case ping(lookAgainAt: UInt64)
    case giveUp
  }

  private let interval: UInt64
  private let silenceMax: UInt64
  private var heardAt: UInt64
  private var askedAt: UInt64?

  package init(at now: UInt64, timing: LinkTiming = LinkTiming()) {
    interval = timing.keepAliveMilliseconds
    silenceMax = timing.silenceMilliseconds
    heardAt = now
  }

  /// Something came, whatever it was.
  package mutating func heard(at now: UInt64) {
    heardAt = max(heardAt, now)
    askedAt = nil
  }

  package mutating func step(at now: UInt64) -> Step {
    let silence = now > heardAt ? now - heardAt : 0
    guard silence < silenceMax else { return .giveUp }
    let due = (askedAt ?? heardAt) + interval
    guard now >= due else { return .wait(until: min(due, heardAt + silenceMax)) }
    askedAt = now
    return .ping(lookAgainAt: min(now + interval, heardAt + silenceMax))
  }
}
