internal import LiaisonModel

/// When to dial a peer again: soon at first, then after waits that double, within a minute at most. Half of each wait is
/// jitter, so that nodes that lost one peer together do not come back together.
package struct Redial: Sendable {
  private var failures: UInt64 = 0

  package init() {}

  /// Milliseconds to wait after one more failure.
  package mutating func failed(using generator: inout some RandomNumberGenerator) -> UInt64 {
    let wait = min(Limits.redialMillisecondsMin << min(failures, 32), Limits.redialMillisecondsMax)
    failures += 1
    return wait - UInt64.random(in: 0...wait / 2, using: &generator)
  }

  /// A link stood: the next failure is a first one.
  package mutating func succeeded() { failures = 0 }
}
