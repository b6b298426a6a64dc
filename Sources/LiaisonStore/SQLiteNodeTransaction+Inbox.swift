package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: InboxStore {
  package func appendInbox(
    _ device: DeviceIdentifier, _ entry: InboxEntry, _ precedence: Precedence, limit: Int
  ) throws(StoreError) -> InboxAppend {
    guard var total = try inboxTotal(of: device) else { return .noDevice }
    guard total.count < limit else { return .full }
    total.end += 1
    total.count += 1
    let urgency = precedence > .priority ? Int(precedence.rawValue) : 0
    switch entry {
    case .message(let key):
      try run(
        "INSERT INTO inbox (device, sequence, message, urgency) VALUES (?, ?, ?, ?)", device.bytes, total.end,
        key.rawValue, urgency)
      use(key)
    case .item(let bytes):
      try run(
        "INSERT INTO inbox (device, sequence, item, urgency) VALUES (?, ?, ?, ?)", device.bytes, total.end, bytes,
        urgency)
    }
    pending.inboxes.set(total, of: device)
    return .appended(sequence: UInt64(total.end))
  }

  package func inbox(
    _ device: DeviceIdentifier, after sequence: UInt64, limit: Int
  ) throws(StoreError) -> [InboxRecord] {
    try rows(
      """
      SELECT i.sequence, i.item, e.bytes FROM inbox i LEFT JOIN envelopes e ON e.message = i.message
      WHERE i.device = ? AND i.sequence > ? ORDER BY i.sequence LIMIT ?
      """, device.bytes, sequence.integer, limit
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
      """, device.bytes, Int(precedence.rawValue), sequences.lowerBound.integer, sequences.upperBound.integer, limit
    ).stored { row throws(StoreError) in try InboxRecord(row) }
  }

  package func inboxEnd(_ device: DeviceIdentifier) throws(StoreError) -> UInt64 {
    UInt64(try inboxTotal(of: device)?.end ?? 0)
  }

  package func inboxTotal(_ device: DeviceIdentifier) throws(StoreError) -> (count: Int, oldest: Timestamp?) {
    let oldest = try row(
      """
      SELECT m.accepted_at FROM inbox i JOIN messages m ON m.id = i.message WHERE i.device = ?
      ORDER BY i.sequence LIMIT 1
      """, device.bytes)
    return (try inboxTotal(of: device)?.count ?? 0, oldest?.timestamp(0))
  }

  package func fullestInboxes(limit: Int) throws(StoreError) -> [DeviceRecord] {
    try flush()
    return try rows(
      """
      SELECT device, address, link_key, signature_key, enrolled_at, authorisation FROM devices WHERE inbox_count > 0
      ORDER BY inbox_count DESC, device LIMIT ?
      """, limit
    ).stored { row throws(StoreError) in try DeviceRecord(row) }
  }

  package func acknowledgeInbox(_ device: DeviceIdentifier, through sequence: UInt64) throws(StoreError) {
    let gone = try rows(
      "DELETE FROM inbox WHERE device = ? AND sequence <= ? RETURNING message", device.bytes, sequence.integer)
    guard !gone.isEmpty else { return }
    for row in gone { if let key = row.optionalInteger(0) { disuse(MessageKey(key)) } }
    if var total = try inboxTotal(of: device) {
      total.count -= gone.count
      pending.inboxes.set(total, of: device)
    }
    if try run("DELETE FROM welcomes WHERE device = ? AND sequence <= ?", device.bytes, sequence.integer) > 0 {
      try removeWelcomeStates()
    }
  }

  package func advanceInbox(_ device: DeviceIdentifier, past sequence: UInt64) throws(StoreError) {
    guard var total = try inboxTotal(of: device) else { return }
    total.end = max(total.end, sequence.integer)
    pending.inboxes.set(total, of: device)
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
