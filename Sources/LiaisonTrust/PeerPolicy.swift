internal import FoundationEssentials
package import LiaisonModel
package import TLSPresentation

/// What a peer may do here, and this node's people with it. The core asks ``refusal(of:at:)`` at each kind of act, inbound
/// and outbound, and ``limit(_:)`` at each quota: nothing else says what a peer may.
///
/// ```
/// struct { uint8 quota; uint64 limit; } PeerQuota;
/// struct {
///   uint8 version = 1; uint8 permissions; uint8 precedence_max; uint8 disciplines; uint16 from; uint16 until;
///   uint64 valid_until; PeerQuota quotas<V>;     // in ascending order, one of each
///   uint8 way; opaque via<V>;
/// } PeerPolicy;
/// ```
package struct PeerPolicy: Hashable, Sendable, TLSCodable {
  /// What may be allowed at all; one bit each.
  package enum Permission: UInt8, Sendable, CaseIterable, Comparable {
    /// Messages between its people and ours.
    case messages = 1
    /// Chunks of documents, either way.
    case documents = 2
    /// This node, as a room's hub, takes its commits into the room's order and passes them on to the other nodes.
    case relaying = 4
    /// Looking up members and their key packages, either way.
    case directory = 8
    /// Our people come into rooms of which it is the hub. Rooms that stand go on.
    case rooms = 16
    /// This node carries what it and another peer have for one another where they have no link.
    case carrying = 32

    /// What is typed: one word.
    package var name: String { String(describing: self) }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// How what is for the peer gets there.
  package enum Way: UInt8, Sendable, CaseIterable {
    /// On a link, and in bundles where there is none for a while.
    case link = 0
    /// In bundles only: no link with it is made or taken.
    case hand = 1

    /// What is typed: one word.
    package var name: String { String(describing: self) }

    /// For people.
    package var text: String {
      switch self {
      case .link: "by a link"
      case .hand: "by hand, in bundles only"
      }
    }
  }

  /// What is counted; as many as the node has for every peer, or fewer.
  package enum Quota: UInt8, Sendable, CaseIterable, Comparable {
    case queuedMessages = 1
    case queuedBytes = 2
    case heldMessages = 3
    case heldBytes = 4
    case keptMessages = 5
    case keptBytes = 6
    case rememberedMessages = 7
    case rooms = 8

    /// What is typed: `queued-messages`.
    package var name: String {
      switch self {
      case .queuedMessages: "queued-messages"
      case .queuedBytes: "queued-bytes"
      case .heldMessages: "held-messages"
      case .heldBytes: "held-bytes"
      case .keptMessages: "kept-messages"
      case .keptBytes: "kept-bytes"
      case .rememberedMessages: "remembered-messages"
      case .rooms: "rooms"
      }
    }

    /// What the node has for every peer. A release may raise one and never lowers it: a policy in a trust log that was
    /// made before would be malformed.
    package var nodeLimit: UInt64 {
      let limit =
        switch self {
        case .queuedMessages: Limits.queuedEnvelopesPerPeerMax
        case .queuedBytes: Limits.queuedBytesPerPeerMax
        case .heldMessages: Limits.heldEnvelopesPerPeerMax
        case .heldBytes: Limits.heldBytesPerPeerMax
        case .keptMessages: Limits.keptEnvelopesPerPeerMax
        case .keptBytes: Limits.keptBytesPerPeerMax
        case .rememberedMessages: Limits.rememberedMessagesPerPeerMax
        case .rooms: Limits.roomsPerPeerMax
        }
      return UInt64(limit)
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  /// Hours of the day in UTC, by minutes from midnight; the second is not among them. Equal ones are the whole day, and
  /// where the second is lower they go over midnight.
  package struct Hours: Hashable, Sendable {
    package static let always = Hours(uncheckedFrom: 0, until: 0)

    package let from: UInt16
    package let until: UInt16

    private init(uncheckedFrom from: UInt16, until: UInt16) {
      self.from = from
      self.until = until
    }

    /// Fails where a minute is not of a day.
    package init(from: UInt16, until: UInt16) throws(ModelError) {
      guard from < 1440, until < 1440 else { throw .malformed("hours of a day are from 00:00 to 23:59") }
      self.init(uncheckedFrom: from == until ? 0 : from, until: from == until ? 0 : until)
    }

    func contains(_ time: Timestamp) -> Bool {
      let minute = UInt16(time.milliseconds / 60_000 % 1440)
      return if from == until {
        true
      } else if from < until {
        from <= minute && minute < until
      } else {
        minute >= from || minute < until
      }
    }

    /// For people: `06:00 to 18:30 UTC`.
    package var text: String { self == .always ? "at any hour" : "\(Self.clock(from)) to \(Self.clock(until)) UTC" }

    private static func clock(_ minute: UInt16) -> String {
      let (hour, minute) = (minute / 60, minute % 60)
      return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }
  }

  /// What holds for a new peer: everything, within the node's limits.
  package static let initial = PeerPolicy()

  package var permissions = Set(Permission.allCases)
  /// Messages above it are refused.
  package var precedenceMax = Precedence.flash
  /// Members of these may be looked up and brought into rooms by the peer.
  package var disciplines = Set(Discipline.allCases)
  /// Outside of them nothing is allowed.
  package var hours = Hours.always
  /// From then on nothing is allowed; nil for ever.
  package var validUntil: Timestamp?
  package var way = Way.link
  /// The peer that carries what is for this one and from it, where there is no link; nil where nobody does.
  package var via: Handle?
  /// Those that differ from the node's.
  package private(set) var quotas: [Quota: UInt64] = [:]

  private init() {}

  /// How much of `quota` there is.
  package func limit(_ quota: Quota) -> UInt64 { quotas[quota] ?? quota.nodeLimit }

  /// Fails where `limit` is more than the node has.
  package mutating func set(_ quota: Quota, to limit: UInt64) throws(ModelError) {
    guard limit <= quota.nodeLimit else {
      throw .malformed("\(quota.name) is at most \(quota.nodeLimit), which is this node's own limit")
    }
    quotas[quota] = limit == quota.nodeLimit ? nil : limit
  }
}

// MARK: The one place that says what a peer may

extension PeerPolicy {
  /// What is to be done with a peer.
  package enum Request: Hashable, Sendable {
    case message(Precedence)
    case documents
    case relaying
    case directory
    case rooms
    case carrying
    /// One of our members is looked up, or brought into a room.
    case contact(Discipline)

    fileprivate var permission: Permission? {
      switch self {
      case .message: .messages
      case .documents: .documents
      case .relaying: .relaying
      case .directory: .directory
      case .rooms: .rooms
      case .carrying: .carrying
      case .contact: nil
      }
    }
  }

  /// Whether anything is allowed at `now`.
  package func isValid(at now: Timestamp) -> Bool { hours.contains(now) && validUntil.map { now < $0 } ?? true }

  /// Why a request is refused at `now`, or at any time, in words for whoever asked; nil where it is allowed.
  package func refusal(of request: Request, at now: Timestamp?) -> String? {
    if let now, let validUntil, now >= validUntil { return "it is no longer valid" }
    if let now, !hours.contains(now) { return "it is valid \(hours.text)" }
    if let permission = request.permission, !permissions.contains(permission) { return permission.refusal }
    switch request {
    case .message(let precedence) where precedence > precedenceMax:
      return "no messages above \(precedenceMax) are allowed"
    case .contact(let discipline) where !disciplines.contains(discipline):
      return "members of this discipline may not be contacted"
    default: return nil
    }
  }
}

extension PeerPolicy.Permission {
  fileprivate var refusal: String {
    switch self {
    case .messages: "no messages are allowed"
    case .documents: "no documents are allowed"
    case .relaying: "nothing is passed on to other nodes for it"
    case .directory: "no members are looked up"
    case .rooms: "no rooms of which it is the hub are entered"
    case .carrying: "nothing is carried for it"
    }
  }
}

// MARK: For people

extension PeerPolicy {
  /// Every field and what it says, in the order in which they are shown.
  package var fields: [(name: String, text: String)] {
    [
      ("allowed", permissions.isEmpty ? "nothing" : permissions.sorted().map(\.name).joined(separator: ", ")),
      ("precedence", "up to \(precedenceMax)"),
      (
        "contacts",
        disciplines.isEmpty
          ? "nobody"
          : disciplines.sorted { $0.rawValue < $1.rawValue }.map(\.description).joined(separator: ", ")
      ),
      ("hours", hours.text),
      ("valid until", validUntil.map(Self.text) ?? "for ever"),
      ("way", way.text + (via.map { "; by \($0) where there is none" } ?? "")),
    ] + Quota.allCases.map { ($0.name, "\(limit($0))") }
  }

  /// What is other than in `before`, in words.
  package func changes(since before: PeerPolicy) -> [String] {
    zip(before.fields, fields).filter { $0.text != $1.text }.map { "\($1.name): \($1.text) instead of \($0.text)" }
  }

  private static func text(_ time: Timestamp) -> String {
    let lastOfYear9999: UInt64 = 253_402_300_799
    return Date(timeIntervalSince1970: Double(min(time.seconds, lastOfYear9999))).formatted(Date.ISO8601FormatStyle())
  }
}

// MARK: Encoding

extension PeerPolicy {
  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a peer's policy has an unknown version") }
    let bits = try decoder.read(UInt8.self)
    permissions = Set(Permission.allCases.filter { bits & $0.rawValue != 0 })
    guard permissions.reduce(0, { $0 | $1.rawValue }) == bits else { throw .unknownValue(UInt64(bits)) }
    let precedence = try decoder.read(UInt8.self)
    guard let highest = Precedence(rawValue: precedence) else { throw .unknownValue(UInt64(precedence)) }
    precedenceMax = highest
    let disciplineBits = try decoder.read(UInt8.self)
    disciplines = Set(Discipline.allCases.filter { disciplineBits & Self.bit($0) != 0 })
    guard disciplines.reduce(0, { $0 | Self.bit($1) }) == disciplineBits else {
      throw .unknownValue(UInt64(disciplineBits))
    }
    let (from, until) = (try decoder.read(UInt16.self), try decoder.read(UInt16.self))
    do { hours = try Hours(from: from, until: until) } catch { throw .invalid("hours of a policy are out of bounds") }
    guard from != until || from == 0 else { throw .invalid("all hours are written in another way") }
    let end = try decoder.read(UInt64.self)
    validUntil = end == 0 ? nil : Timestamp(milliseconds: end)
    var rules = try decoder.readVectorContent(bound: 9 * Quota.allCases.count)
    var last: Quota?
    while rules.remaining > 0 {
      let code = try rules.read(UInt8.self)
      guard let quota = Quota(rawValue: code) else { throw .unknownValue(UInt64(code)) }
      if let last, last >= quota { throw .invalid("the quotas of a policy are out of order") }
      last = quota
      let limit = try rules.read(UInt64.self)
      guard limit < quota.nodeLimit else { throw .invalid("a quota of a policy is not below the node's") }
      quotas[quota] = limit
    }
    let code = try decoder.read(UInt8.self)
    guard let way = Way(rawValue: code) else { throw .unknownValue(UInt64(code)) }
    self.way = way
    let handle = try decoder.readString(bound: 32)
    if !handle.isEmpty {
      do { via = try Handle(handle) } catch { throw .invalid("a handle is malformed") }
    }
    guard via == nil || way == .link else { throw .invalid("a policy has two ways") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(permissions.reduce(UInt8(0)) { $0 | $1.rawValue })
    encoder.write(precedenceMax.rawValue)
    encoder.write(disciplines.reduce(UInt8(0)) { $0 | Self.bit($1) })
    encoder.write(hours.from)
    encoder.write(hours.until)
    encoder.write(validUntil?.milliseconds ?? 0)
    encoder.writeVector { encoder in
      for (quota, limit) in quotas.sorted(by: { $0.key < $1.key }) {
        encoder.write(quota.rawValue)
        encoder.write(limit)
      }
    }
    encoder.write(way.rawValue)
    encoder.write(string: via?.description ?? "")
  }

  private static func bit(_ discipline: Discipline) -> UInt8 { 1 << (discipline.rawValue - 1) }
}
