internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import TLSPresentation

/// How long people have to acknowledge a message, by its precedence.
package struct Deadlines: Equatable, Sendable {
  private var milliseconds: [UInt64]

  /// 24 hours, 4 hours, 30 minutes and 10 minutes.
  package static let usual = Deadlines(milliseconds: [86_400_000, 4 * 3_600_000, 30 * 60_000, 10 * 60_000])

  /// Milliseconds from when a message was written.
  package subscript(precedence: Precedence) -> UInt64 {
    get { milliseconds[Int(precedence.rawValue)] }
    set { milliseconds[Int(precedence.rawValue)] = newValue }
  }
}

extension Deadlines: TLSCodable {
  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("deadlines have an unknown format") }
    milliseconds = []
    for _ in Precedence.allCases { milliseconds.append(try decoder.read()) }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    for value in milliseconds { encoder.write(value) }
  }
}

extension HistoryEntry {
  /// When it is late to acknowledge it; `nil` where nobody is to. It counts from when it was written, by its sender's clock;
  /// a clock that runs ahead gives nobody more time.
  package func acknowledgeBy(_ deadlines: Deadlines) -> Timestamp? {
    guard let message, message.body.isToBeAcknowledged, !flags.contains(.notSent) else { return nil }
    return min(message.sentAt, at).adding(milliseconds: deadlines[message.precedence])
  }
}

/// A message that its reader should have acknowledged by now.
package struct LateMessage: Sendable {
  package let entry: HistoryEntry
  package let acknowledgeBy: Timestamp
}

extension Engine {
  /// How many late messages of one precedence are looked for: one who acknowledges nothing need not read everything.
  package static let latePerPrecedenceMax = 100

  /// How long people have to acknowledge messages, as this member chose.
  package var deadlines: Deadlines { get throws { try store.read { try $0.deadlines() } } }

  /// Changes how long people have to acknowledge messages of this precedence.
  package func setDeadline(_ precedence: Precedence, milliseconds: UInt64) throws {
    try store.change { tx in
      var deadlines = try tx.deadlines()
      deadlines[precedence] = milliseconds
      try tx.set("deadlines", to: deadlines)
    }
  }

  /// What this member is late in acknowledging: the more urgent first, then the older.
  package func late(now: Timestamp) throws -> [LateMessage] {
    try store.read { tx in
      let (own, deadlines) = (try tx.identity().address, try tx.deadlines())
      return try Precedence.allCases.reversed().flatMap { precedence in
        try tx.db.rows(
          sql: """
            \(Self.selection) JOIN unacknowledged USING (position) WHERE unacknowledged.precedence = ?
            ORDER BY unacknowledged.position LIMIT ?
            """, arguments: [Int(precedence.rawValue), Self.latePerPrecedenceMax]
        ).compactMap { row -> LateMessage? in
          let entry = try tx.entry(row, own: own)
          guard !entry.isAcknowledged, let acknowledgeBy = entry.acknowledgeBy(deadlines), acknowledgeBy < now else {
            return nil
          }
          return LateMessage(entry: entry, acknowledgeBy: acknowledgeBy)
        }
      }
    }
  }
}

extension ProfileTransaction {
  func deadlines() throws -> Deadlines { try setting("deadlines") ?? .usual }

  /// Notes that this member is to acknowledge an entry.
  func awaitAcknowledgement(of position: Int64, _ precedence: Precedence) throws {
    try db.run(
      sql: "INSERT INTO unacknowledged (position, precedence) VALUES (?, ?)",
      arguments: [position, Int(precedence.rawValue)])
  }

  func noteAcknowledged(_ position: Int64) throws {
    try db.run(sql: "DELETE FROM unacknowledged WHERE position = ?", arguments: [position])
  }

  /// The member saw an entry.
  func noteRead(_ position: Int64) throws {
    try db.run(sql: "DELETE FROM unread WHERE position = ?", arguments: [position])
  }

  /// The member is out of a room: nothing of it can be acknowledged any more.
  func forgetUnacknowledged(in room: RoomIdentifier) throws {
    try db.run(
      sql: "DELETE FROM unacknowledged WHERE position IN (SELECT position FROM history WHERE room = ?)",
      arguments: [Data(index(room))])
  }
}
