internal import LiaisonModel
internal import LiaisonProtocol

/// Requests of devices that a peer was asked to answer.
struct Relays: Sendable {
  /// Which answer is expected.
  enum Kind: Sendable {
    case hubCommit, keyPackages
    case member(Address)
    /// This node's own, for a page of the peer's directory.
    case directory(Handle)
    case directoryContinuation
    /// What this node asks for itself, of two heads of one country's directory.
    case heads(of: Handle, lesser: Unverified<DirectoryHead>, greater: Unverified<DirectoryHead>)
    case role(Address)
  }

  /// One request under way.
  struct Relay: Sendable {
    let peer: LinkID
    let kind: Kind
    let asker: LinkID
    let request: UInt64
    var expiresAt: Timestamp
  }

  private var waiting: [UInt64: Relay] = [:]
  private var last: UInt64 = 0

  /// When the first of them is given up.
  var expiresAt: Timestamp? { waiting.values.map(\.expiresAt).min() }

  func count(asker: LinkID) -> Int { waiting.values.count { $0.asker == asker } }

  /// Notes a request; the number joins it with the peer's answer.
  mutating func insert(_ relay: Relay) -> UInt64 {
    let number = nextNumber()
    waiting[number] = relay
    return number
  }

  /// A number for a request of this node's own.
  mutating func nextNumber() -> UInt64 {
    last += 1
    return last
  }

  /// Whether a number was ever used, so that a late answer is told from a made-up one.
  func wasUsed(_ request: UInt64) -> Bool { 1...max(last, 1) ~= request && last > 0 }

  /// The request that a frame of this link answers.
  mutating func take(_ request: UInt64, from link: LinkID) -> Relay? {
    guard let relay = waiting[request], relay.peer == link else { return nil }
    waiting[request] = nil
    return relay
  }

  /// Those that nobody will answer any more: too old, or their peer's link is gone.
  mutating func takeLost(at now: Timestamp, isOpen: (LinkID) -> Bool) -> [Relay] {
    let lost = waiting.filter { $0.value.expiresAt <= now || !isOpen($0.value.peer) }
    for request in lost.keys { waiting[request] = nil }
    return lost.sorted { $0.key < $1.key }.map(\.value)
  }

  /// The clock was set back.
  mutating func setBack(by milliseconds: UInt64) {
    waiting = waiting.mapValues { relay in
      var relay = relay
      relay.expiresAt = relay.expiresAt.subtracting(milliseconds: milliseconds)
      return relay
    }
  }

  mutating func forget(asker link: LinkID) { waiting = waiting.filter { $0.value.asker != link } }
}
