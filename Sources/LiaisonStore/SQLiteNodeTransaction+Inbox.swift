internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: InboxStore {
  package func appendInbox(
    _ device: DeviceIdentifier, _ entry: InboxEntry, _ precedence: Precedence, limit: Int
  ) throws(StoreError) -> InboxAppend {
    let end = try row(
      """
      UPDATE devices SET inbox_end = inbox_end + 1, inbox_count = inbox_count + 1
      WHERE device = ? AND inbox_count < ? RETURNING inbox_end
      """, device.data, limit)
    guard let sequence: Int64 = end?[0] else {
      return try row("SELECT 1 FROM devices WHERE device = ?", device.data) == nil ? .noDevice : .full
    }
    let urgency = precedence > .priority ? Int(precedence.rawValue) : 0
    switch entry {
    case .message(let key):
      try run(
        "INSERT INTO inbox (device, sequence, message, urgency) VALUES (?, ?, ?, ?)", device.data, sequence,
        key.rawValue, urgency)
      try use(key)
    case .item(let bytes):
      try run(
        "INSERT INTO inbox (device, sequence, item, urgency) VALUES (?, ?, ?, ?)", device.data, sequence, Data(bytes),
        urgency)
    }
    return .appended(sequence: UInt64(sequence))
  }

  package func inbox(
    _ device: DeviceIdentifier, after sequence: UInt64, limit: Int
  ) throws(StoreError) -> [InboxRecord] {
    try rows(
      """
      SELECT i.sequence, i.item, e.bytes FROM inbox i LEFT JOIN envelopes e ON e.message = i.message
      WHERE i.device = ? AND i.sequence > ? ORDER BY i.sequence LIMIT ?
      """, device.data, sequence.integer, limit
    ).stored { row throws(StoreError) in try InboxRecord(row) }
  }

  package func inbox(
    _ device: DeviceIdentifier, of precedence: Precedence, within sequences: Range<UInt64>, limit: Int
  ) throws(StoreError) -> [InboxRecord] {
    // SQLite takes a partial index only where the statement itself says that its condition holds.
    try rows(
      """
      SELECT i.sequence, i.item, e.bytes FROM inbox i LEFT JOIN envelopes e ON e.message = i.message
      WHERE i.device = ? AND i.urgency = ? AND i.urgency > 0 AND i.sequence >= ? AND i.sequence < ?
      ORDER BY i.sequence LIMIT ?
      """, device.data, Int(precedence.rawValue), sequences.lowerBound.integer, sequences.upperBound.integer, limit
    ).stored { row throws(StoreError) in try InboxRecord(row) }
  }

  package func inboxEnd(_ device: DeviceIdentifier) throws(StoreError) -> UInt64 {
    try row("SELECT inbox_end FROM devices WHERE device = ?", device.data)?.unsigned(0) ?? 0
  }

  package func inboxTotal(_ device: DeviceIdentifier) throws(StoreError) -> (count: Int, oldest: Timestamp?) {
    let count = try row("SELECT inbox_count FROM devices WHERE device = ?", device.data)
    let oldest = try row(
      """
      SELECT m.accepted_at FROM inbox i JOIN messages m ON m.id = i.message WHERE i.device = ?
      ORDER BY i.sequence LIMIT 1
      """, device.data)
    return (count?[0] ?? 0, oldest?.timestamp(0))
  }

  package func fullestInboxes(limit: Int) throws(StoreError) -> [DeviceRecord] {
    try rows(
      """
      SELECT device, address, link_key, signature_key, enrolled_at FROM devices WHERE inbox_count > 0
      ORDER BY inbox_count DESC, device LIMIT ?
      """, limit
    ).stored { row throws(StoreError) in try DeviceRecord(row) }
  }

  package func acknowledgeInbox(_ device: DeviceIdentifier, through sequence: UInt64) throws(StoreError) {
    let gone = try rows(
      "DELETE FROM inbox WHERE device = ? AND sequence <= ? RETURNING message", device.data, sequence.integer)
    guard !gone.isEmpty else { return }
    for row in gone { if let key: Int64 = row[0] { try disuse(MessageKey(key)) } }
    try run("UPDATE devices SET inbox_count = inbox_count - ? WHERE device = ?", gone.count, device.data)
    if try run("DELETE FROM welcomes WHERE device = ? AND sequence <= ?", device.data, sequence.integer) > 0 {
      try removeWelcomeStates()
    }
  }

  package func advanceInbox(_ device: DeviceIdentifier, past sequence: UInt64) throws(StoreError) {
    try run(
      "UPDATE devices SET inbox_end = max(inbox_end, ?) WHERE device = ?", sequence.integer, device.data)
  }

  /// Drops the trees that no welcome needs any more.
  func removeWelcomeStates() throws(StoreError) {
    try run(
      """
      DELETE FROM welcome_states AS s
      WHERE NOT EXISTS (SELECT 1 FROM welcomes w WHERE w.room = s.room AND w.epoch = s.epoch)
      """)
  }
}

extension InboxRecord {
  /// Columns: sequence, item, an envelope's bytes.
  init(_ row: Row) throws(StoreError) {
    if let item = row.optionalBytes(1) {
      self.init(sequence: row.unsigned(0), content: .item(item))
    } else if let envelope = row.optionalBytes(2) {
      self.init(sequence: row.unsigned(0), content: .envelope(envelope))
    } else {
      throw .unreadable("an inbox item's envelope is missing")
    }
  }
}
