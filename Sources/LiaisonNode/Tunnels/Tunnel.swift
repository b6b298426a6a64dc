internal import LiaisonLink
internal import LiaisonModel

/// What stands for a link between this node and a peer, through a third node that carries it: each end seals to the other,
/// and opens what comes in its order only. It goes with the link to the third node, and with the process.
struct Tunnel: Sendable {
  /// The third node, and the link to it.
  let carrier: Handle
  let road: LinkID
  /// What this node chose for it: the other side seals under it.
  let own: BundleIdentifier
  let begunAt: Timestamp
  /// What this node seals with, under the identifier that the other side chose.
  var sealer: (seal: BundleSealer, other: BundleIdentifier)?
  /// What opens that which the other side seals.
  var opener: BundleOpener?
  /// The node key that signed it.
  var signer: PublicKey<NodePurpose>?
  /// Once both are there.
  var link: LinkID?
}

/// The tunnels of this node, and what it carries for others.
struct Tunnels: Sendable {
  /// By the peer at the other end.
  var open: [Handle: Tunnel] = [:]
  /// Before which no other is begun.
  var nextAt: [Handle: Timestamp] = [:]
  private var asks: [Handle: TokenBucket] = [:]
  private var carried: [Handle: TokenBucket] = [:]
  /// Bytes that were put on the link to a peer for others, and have not left as far as is known.
  private var backlog: [LinkID: Int] = [:]
  private var linksMade: UInt64 = 0

  /// The peer that a link leads to through a third node.
  func peer(of link: LinkID) -> Handle? {
    LinkID.isTunnel(link) ? open.first { $0.value.link == link }?.key : nil
  }

  mutating func nextLink() -> LinkID {
    linksMade += 1
    return LinkID(LinkID.firstTunnel + linksMade)
  }

  /// Whether a peer may ask for one more.
  mutating func mayAsk(_ peer: Handle, at now: Timestamp) -> Bool {
    asks[
      peer,
      default: TokenBucket(
        burst: Limits.tunnelAsksBurst, intervalMilliseconds: Limits.tunnelAsksIntervalMilliseconds,
        at: now.milliseconds)
    ].take(at: now.milliseconds)
  }

  /// Counts what a peer has carried; false where it is too much.
  mutating func mayCarry(_ bytes: Int, for peer: Handle, on link: LinkID, at now: Timestamp) -> Bool {
    guard backlog[link, default: 0] < Limits.carriedBacklogBytes else { return false }
    var bucket =
      carried[peer]
      ?? TokenBucket(
        burst: Limits.carriedBurst, intervalMilliseconds: Limits.carriedIntervalMilliseconds, at: now.milliseconds)
    defer { carried[peer] = bucket }
    for _ in 0...(bytes / Limits.carriedUnitBytes) {
      guard bucket.take(at: now.milliseconds) else { return false }
    }
    backlog[link, default: 0] += bytes
    return true
  }

  /// Whether nothing that is carried is on a link, as far as is known.
  func isIdle(_ link: LinkID) -> Bool { backlog[link] == nil }

  /// What was put on a link has left, or the link is gone.
  mutating func drained(_ link: LinkID) { backlog[link] = nil }

  /// When something is due.
  var dueAt: Timestamp? {
    (nextAt.values
      + open.values.filter { $0.link == nil }.map { $0.begunAt.adding(milliseconds: Limits.tunnelMilliseconds) })
      .min()
  }

  /// The clock was set back.
  mutating func setBack(by milliseconds: UInt64) {
    nextAt = nextAt.mapValues { $0.subtracting(milliseconds: milliseconds) }
  }
}

extension LinkID {
  /// Numbers of tunnels are above those of links, which the runtime counts.
  static let firstTunnel: UInt64 = 1 << 62

  static func isTunnel(_ link: LinkID) -> Bool { link.rawValue > firstTunnel && link.rawValue < 1 << 63 }
}
