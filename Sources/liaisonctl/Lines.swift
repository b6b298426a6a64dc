internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import MerkleLog

/// A node card, for people and for programs.
struct CardLine: Encodable {
  var handle: String
  var country: String
  var name: String
  var fingerprint: String
  var fingerprintHexadecimal: String
  var rootKey: String
  var nodeKeys: [String]
  var endpoints: [String]
  var serial: UInt64
  var issuedAt: String
  var expiresAt: String

  init(_ card: NodeCard) {
    handle = card.handle.description
    country = card.country
    name = card.name
    fingerprint = card.fingerprint.description
    fingerprintHexadecimal = card.fingerprint.hexadecimal
    rootKey = card.rootKey.description
    nodeKeys = card.nodeKeys.map(\.description)
    endpoints = card.endpoints.map(\.description)
    serial = card.serial
    issuedAt = card.issuedAt.rfc3339
    expiresAt = card.expiresAt.rfc3339
  }

  /// What to do about the card's end, where that is near or past; nil otherwise. `remedy` is how it is renewed.
  func reminder(_ card: NodeCard, at now: Timestamp, remedy: String) -> String? {
    let left = card.expiresAt.milliseconds - Swift.min(card.expiresAt.milliseconds, now.milliseconds)
    guard left < Self.reminderMilliseconds else { return nil }
    return left == 0 ? "the card has expired: \(remedy)" : "the card expires in \(left.spanShown): \(remedy)"
  }

  private static let reminderMilliseconds: UInt64 = 30 * 86_400_000

  var rows: [[String]] {
    [
      ["handle", handle], ["country", country], ["name", name], ["fingerprint", fingerprint],
      ["", fingerprintHexadecimal], ["serial", "\(serial)"], ["issued", issuedAt], ["expires", expiresAt],
    ] + endpoints.enumerated().map { [$0 == 0 ? "reached at" : "", $1] }
  }
}

/// A peer, for people and for programs.
struct PeerLine: Encodable {
  var card: CardLine
  var state: String
  var changedAt: String
  var reason: String?
  var linked: Bool
  var queued: UInt64

  var notices: [Notice]
  /// What is wrong with a card that the peer showed.
  var alarm: String?
  /// What the adopted charter says of it; nil where none is adopted.
  var charter: String?

  /// What another country's administrators decided about the peer, as that country gave notice.
  struct Notice: Encodable {
    var issuer: String
    var standing: String
    var reason: String?
    var decidedAt: String
    var receivedAt: String

    init(_ notice: AdminNotice) {
      issuer = notice.issuer
      standing = notice.standing
      reason = notice.reason.isEmpty ? nil : notice.reason
      decidedAt = Timestamp(milliseconds: notice.decidedAt).rfc3339
      receivedAt = Timestamp(milliseconds: notice.receivedAt).rfc3339
    }

    /// One clause for people; the reason is not escaped.
    var clause: String {
      let what = standing == "active" ? "activated it again" : "\(standing) it"
      return "\(issuer) \(what) at \(decidedAt)" + (reason.map { ": \($0)" } ?? "")
    }
  }

  /// The card itself, which is not printed as such.
  let content: NodeCard
  /// What it may do.
  let policy: PeerPolicy

  private enum CodingKeys: CodingKey { case state, changedAt, reason, linked, queued, notices, alarm, charter }

  init(_ peer: AdminPeer) throws {
    content = try Signed<NodeCard>(ownBytes: Array(peer.card)).content
    guard let policy = try? PeerPolicy(tlsEncoded: Array(peer.policy)) else { throw CommandError.wrongAnswer }
    self.policy = policy
    card = CardLine(content)
    state = peer.state
    changedAt = Timestamp(milliseconds: peer.changedAt).rfc3339
    reason = peer.reason.isEmpty ? nil : peer.reason
    linked = peer.linked
    queued = peer.queued
    notices = peer.notices.map { Notice($0) }
    alarm = peer.alarm.isEmpty ? nil : peer.alarm
    charter = peer.charter.isEmpty ? nil : peer.charter
  }

  /// One flat object: the card's keys and the peer's.
  func encode(to encoder: any Encoder) throws {
    try card.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(state, forKey: .state)
    try container.encode(changedAt, forKey: .changedAt)
    try container.encodeIfPresent(reason, forKey: .reason)
    try container.encode(linked, forKey: .linked)
    try container.encode(queued, forKey: .queued)
    try container.encodeIfPresent(alarm, forKey: .alarm)
    try container.encodeIfPresent(charter, forKey: .charter)
    if !notices.isEmpty { try container.encode(notices, forKey: .notices) }
  }
}

extension Signed where Content == NodeCard {
  /// A card from our own node, which keeps none that does not verify.
  init(ownBytes bytes: [UInt8]) throws {
    guard let card = try? Unverified<NodeCard>(tlsEncoded: bytes).verifiedBySelf() else {
      throw CommandError(.badData, "the node gave a card that does not verify")
    }
    self = card
  }
}

extension LogPosition {
  init(_ position: AdminPosition) throws {
    guard let root = MerkleHash(Array(position.previousRoot)) else { throw CommandError.wrongAnswer }
    self.init(sequence: position.sequence, previousRoot: root)
  }
}

extension UInt64 {
  /// A time that may be missing (0), in RFC 3339.
  var momentRFC3339: String? { self == 0 ? nil : Timestamp(milliseconds: self).rfc3339 }
  /// The same for people.
  var momentShown: String { self == 0 ? "-" : Timestamp(milliseconds: self).shown }
  /// How long ago that was, for people.
  var age: String {
    self == 0 ? "-" : (Timestamp.now.milliseconds - Swift.min(Timestamp.now.milliseconds, self)).spanShown
  }
}
