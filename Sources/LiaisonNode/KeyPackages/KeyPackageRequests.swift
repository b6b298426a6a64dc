internal import LiaisonLink
internal import LiaisonModel

/// How many key packages each peer and device may still ask for. A node that starts again begins anew.
struct KeyPackageRequests: Sendable {
  private var buckets: [Links.Owner: TokenBucket] = [:]

  /// Counts one, where there is one left. Askers are peers and devices of this node, so that they are bounded.
  mutating func take(_ asker: Links.Owner, at now: Timestamp) -> Bool {
    buckets[
      asker,
      default: TokenBucket(
        burst: Limits.keyPackageRequestsBurst, intervalMilliseconds: Limits.keyPackageRequestsIntervalMilliseconds,
        at: now.milliseconds)
    ].take(at: now.milliseconds)
  }
}
