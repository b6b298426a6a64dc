internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// A commit of this device that is on its way. The group holds it as its pending commit.
struct PendingCommit: TLSCodable {
  enum Standing: UInt8 {
    case unanswered = 0
    /// The hub took it: it will come back in the inbox.
    case accepted = 1
    /// Another commit won: that one will come, and this is made anew.
    case stale = 2
    /// It was taken, and the node is asked once more, since another may order the room meanwhile. A refusal changes nothing:
    /// the commit may be on its way.
    case asking = 3

    /// Whether the node is to be asked.
    var isAsked: Bool { self == .unanswered || self == .asking }
    /// What it is when the node is to be asked once more.
    var again: Standing {
      switch self {
      case .accepted, .asking: .asking
      case .stale, .unanswered: .unanswered
      }
    }
  }

  let message: MessageIdentifier
  let room: RoomIdentifier
  /// An MLSMessage each.
  let commit: [UInt8]
  let welcome: [UInt8]
  let groupInfo: [UInt8]
  /// Whether this device comes in by it; the room's group is then the one that it opens.
  let isExternal: Bool
  var standing: Standing = .unanswered

  init(
    message: MessageIdentifier, room: RoomIdentifier, commit: [UInt8], welcome: [UInt8], groupInfo: [UInt8],
    isExternal: Bool = false
  ) {
    self.message = message
    self.room = room
    self.commit = commit
    self.welcome = welcome
    self.groupInfo = groupInfo
    self.isExternal = isExternal
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a pending commit has an unknown format") }
    message = try decoder.read()
    room = try decoder.read()
    commit = try decoder.readOpaque()
    welcome = try decoder.readOpaque()
    groupInfo = try decoder.readOpaque()
    isExternal = try decoder.read(UInt8.self) == 1
    guard let standing = Standing(rawValue: try decoder.read(UInt8.self)) else {
      throw .invalid("a pending commit has an unknown standing")
    }
    self.standing = standing
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(message)
    encoder.write(room)
    encoder.write(opaque: commit)
    encoder.write(opaque: welcome)
    encoder.write(opaque: groupInfo)
    encoder.write(UInt8(isExternal ? 1 : 0))
    encoder.write(standing.rawValue)
  }
}

extension ProfileTransaction {
  /// Keeps an envelope until the node has it.
  func enqueue(_ envelope: Envelope) throws {
    try enqueue(envelope, envelope.message, envelope.room, kind: 1, envelope.precedence)
  }

  /// Keeps a commit until it, or another in its place, comes back from the hub.
  func enqueue(_ commit: PendingCommit) throws { try enqueue(commit, commit.message, commit.room, kind: 2) }

  private func enqueue(
    _ value: some TLSEncodable, _ message: MessageIdentifier, _ room: RoomIdentifier, kind: Int,
    _ precedence: Precedence = .routine
  ) throws {
    let row = index(message)
    try db.run(
      sql: "INSERT INTO outbox (message, room, kind, precedence, value) VALUES (?, ?, ?, ?, ?)",
      arguments: [Data(row), Data(index(room)), kind, Int(precedence.rawValue), seal(value, "outbox", row)])
  }

  /// The envelopes that the node has not taken yet and that are not `underway`, the more urgent first, then as they
  /// were written: as many as may be under way with those, of which there are at most `limit`.
  func queuedEnvelopes(limit: Int, but underway: Set<MessageIdentifier> = []) throws -> [Envelope] {
    let known = Set(underway.map { Data(index($0)) })
    let positions = try db.rows(
      sql: "SELECT position, message FROM outbox WHERE kind = 1 ORDER BY precedence DESC, position LIMIT ?",
      arguments: [limit]
    ).compactMap { row in known.contains(row[1]) ? nil : row[0] as Int64 }
    return try positions.compactMap { position in
      try db.row(sql: "SELECT message, value FROM outbox WHERE position = ?", arguments: [position]).map {
        try open($0["value"], "outbox", Array($0["message"] as Data))
      }
    }
  }

  func pendingCommits() throws -> [PendingCommit] {
    try db.rows(sql: "SELECT message, value FROM outbox WHERE kind = 2 ORDER BY position")
      .map { try open($0["value"], "outbox", Array($0["message"] as Data)) }
  }

  func pendingCommit(_ room: RoomIdentifier) throws -> PendingCommit? {
    try db.row(
      sql: "SELECT message, value FROM outbox WHERE room = ? AND kind = 2", arguments: [Data(index(room))]
    ).map { try open($0["value"], "outbox", Array($0["message"] as Data)) }
  }

  func save(_ commit: PendingCommit) throws {
    let row = index(commit.message)
    try db.run(
      sql: "UPDATE outbox SET value = ? WHERE message = ?", arguments: [seal(commit, "outbox", row), Data(row)])
  }

  /// Whether something under this identifier waits to be taken.
  func isQueued(_ message: MessageIdentifier) throws -> Bool {
    try db.value(
      Bool.self, sql: "SELECT EXISTS (SELECT 1 FROM outbox WHERE message = ?)", arguments: [Data(index(message))])
      ?? false
  }

  /// Drops what was taken, or never will be; gives whether it was there.
  @discardableResult
  func dequeue(_ message: MessageIdentifier) throws -> Bool {
    try db.run(sql: "DELETE FROM outbox WHERE message = ?", arguments: [Data(index(message))])
    return db.changesCount > 0
  }
}
