internal import LiaisonLink
internal import LiaisonModel
internal import LiaisonProtocol

/// What the core remembers besides the store. It is a value, so that a batch which the store refuses leaves no trace.
struct Memory: Sendable {
  var links = Links()
  var dials: [Handle: Dial] = [:]
  var relays = Relays()
  var comCheckRequests = ComCheckRequests()
  var complaints = Complaints()
  var flash = FlashLimits()
  var keyPackageRequests = KeyPackageRequests()
  var tunnels = Tunnels()
  var elections = Elections()
  var directories = DirectoryExchange()
  var directory = DirectoryMemory()
  /// Since when an active peer has had no link.
  var awaySince: [Handle: Timestamp] = [:]
  /// How long a room's hub has not been reached, when this node consents to a takeover.
  var hubAwayMilliseconds = Limits.hubAwayMilliseconds
  /// Links that drained while the store took nothing, and when they are served.
  private(set) var unserved: (links: Set<LinkID>, at: Timestamp)?
  /// Links on which an envelope came that the store did not take, and when it last took nothing.
  var torn: [LinkID: Timestamp] = [:]
  /// The last moment that the clock showed.
  private var latest: Timestamp?
  /// The last housekeeping (``Batch/keepHouse()``).
  var housekeepingAt: Timestamp?

  /// What went wrong last with each peer.
  var troubles: [Handle: Trouble] = [:]

  /// Something that an administrator would want to know of a peer.
  struct Trouble: Sendable {
    var text: String
    var at: Timestamp
  }

  /// When an active peer without a link is dialled.
  struct Dial: Sendable {
    var redial = Redial()
    /// `nil` while a dial is under way.
    var at: Timestamp?
  }

  /// Where the clock was set back, what is planned goes back with it, and does not wait for a time to come again.
  mutating func follow(clock now: Timestamp) {
    defer { latest = now }
    guard let latest, now < latest else { return }
    let back = latest.milliseconds - now.milliseconds
    dials = dials.mapValues { Dial(redial: $0.redial, at: $0.at?.subtracting(milliseconds: back)) }
    links.peers = links.peers.mapValues { $0.earlier(by: back) }
    relays.setBack(by: back)
    tunnels.setBack(by: back)
    directories.setBack(by: back)
    awaySince = awaySince.mapValues { $0.subtracting(milliseconds: back) }
    unserved = unserved.map { ($0.links, $0.at.subtracting(milliseconds: back)) }
    torn = torn.mapValues { $0.subtracting(milliseconds: back) }
  }

  var wakeAt: Timestamp {
    // A core that has just started has nothing planned yet: it is due at once.
    let housekeeping = housekeepingAt?.adding(milliseconds: Housekeeping.intervalMilliseconds)
    let dial = dials.values.compactMap(\.at).min()
    let resend = links.peers.values.compactMap(\.window.resendAt).min()
    let torn = torn.values.min()?.adding(milliseconds: Self.storeTryMilliseconds)
    let others = [dial, resend, relays.expiresAt, unserved?.at, torn, tunnels.dueAt, directories.wakeAt].compactMap {
      $0
    }
    return others.reduce(housekeeping ?? Timestamp(milliseconds: 0), min)
  }

  /// A link ended: its peer is dialled again, soon at first.
  mutating func lost(
    _ link: LinkID, because reason: String, now: Timestamp, random: inout some RandomNumberGenerator
  ) {
    relays.forget(asker: link)
    torn[link] = nil
    guard case .peer(let handle) = links.remove(link) else { return }
    tunnels.drained(link)
    directories.pulling.remove(handle)
    if tunnels.open[handle]?.link == link { tunnels.open[handle] = nil }
    // With the link to a third node go the ways through it.
    for (peer, tunnel) in tunnels.open.sorted(by: { $0.key < $1.key }) where tunnel.road == link {
      tunnels.open[peer] = nil
      if let link = tunnel.link { lost(link, because: "the link to \(handle) ended", now: now, random: &random) }
    }
    dialFailed(handle, because: reason, now: now, random: &random)
  }

  /// A peer was not reached, or was lost.
  mutating func dialFailed(
    _ handle: Handle, because reason: String, now: Timestamp, random: inout some RandomNumberGenerator
  ) {
    // While there is only a way through a third node, a link is still tried.
    guard links.peers[handle].map({ LinkID.isTunnel($0.link) }) ?? true, var dial = dials[handle] else { return }
    dial.at = now.adding(milliseconds: dial.redial.failed(using: &random))
    dials[handle] = dial
    troubles[handle] = Trouble(text: reason, at: now)
  }

  /// A link drained, and nothing can be served now.
  mutating func postpone(_ link: LinkID, now: Timestamp) {
    let at = unserved?.at ?? now.adding(milliseconds: Self.storeRestMilliseconds)
    unserved = ((unserved?.links ?? []).union([link]), at)
  }

  /// The links whose time has come.
  mutating func takeUnserved(at now: Timestamp) -> [LinkID] {
    guard let waiting = unserved, waiting.at <= now else { return [] }
    unserved = nil
    return waiting.links.sorted { $0.rawValue < $1.rawValue }
  }

  private static let storeRestMilliseconds: UInt64 = 1000
  /// From a failure of the store to the next attempt to write, where something has to be sent again.
  static let storeTryMilliseconds: UInt64 = 5000
}
