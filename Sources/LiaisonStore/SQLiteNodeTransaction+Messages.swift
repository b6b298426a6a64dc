internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: MessageStore {
  package func insertMessage(_ record: MessageRecord, envelope: [UInt8]) throws(StoreError) -> MessageKey {
    try run(
      """
      INSERT INTO messages (origin, message, room, digest, accepted_at, sender) VALUES (?, ?, ?, ?, ?, ?)
      """, record.origin.description, record.message.data, record.room.data, Data(record.digest),
      record.acceptedAt.integer, record.sender?.description)
    let key = lastInsertedKey
    try run("INSERT INTO envelopes (message, bytes) VALUES (?, ?)", key.rawValue, Data(envelope))
    noteUnused(key)
    try add(KeptTotal(messages: 1, envelopes: 1, bytes: envelope.count), to: Self.scopes(of: record))
    return key
  }

  package func kept(_ scope: KeptScope) throws(StoreError) -> KeptTotal { try total(scope) }

  private static func scopes(of record: MessageRecord) -> [KeptScope] {
    [record.sender.map { .member($0) } ?? .peer(record.origin), .room(record.room)]
  }

  /// Drops an envelope that nothing needs any more.
  func dropEnvelope(_ key: MessageKey) throws(StoreError) {
    let row = try row(
      """
      SELECT m.id, m.message, m.origin, m.room, m.digest, m.accepted_at, m.sender, length(e.bytes)
      FROM messages m JOIN envelopes e ON e.message = m.id WHERE m.id = ?
      """, key.rawValue)
    guard let row else { throw .unreadable("a message's envelope is missing") }
    try run("DELETE FROM envelopes WHERE message = ?", key.rawValue)
    try add(KeptTotal(envelopes: -1, bytes: -(row[7] as Int)), to: Self.scopes(of: try MessageRecord(row)))
  }

  package func message(
    _ message: MessageIdentifier, from origin: Handle
  ) throws(StoreError) -> (key: MessageKey, record: MessageRecord)? {
    let row = try row(
      """
      SELECT id, message, origin, room, digest, accepted_at, sender FROM messages WHERE origin = ? AND message = ?
      """, origin.description, message.data)
    guard let row else { return nil }
    return (MessageKey(row[0]), try MessageRecord(row))
  }

  package func message(_ key: MessageKey) throws(StoreError) -> MessageRecord? {
    guard
      let row = try row(
        "SELECT id, message, origin, room, digest, accepted_at, sender FROM messages WHERE id = ?", key.rawValue)
    else { return nil }
    return try MessageRecord(row)
  }

  package func envelope(_ key: MessageKey) throws(StoreError) -> [UInt8]? {
    try row("SELECT bytes FROM envelopes WHERE message = ?", key.rawValue)?.bytes(0)
  }

  package func forgetMessages(acceptedBefore time: Timestamp, limit: Int) throws(StoreError) -> Int {
    let old = try rows(
      """
      SELECT id, message, origin, room, digest, accepted_at, sender FROM messages
      WHERE accepted_at < ? AND uses = 0 ORDER BY accepted_at LIMIT ?
      """, time.integer, limit)
    for row in old {
      let key = MessageKey(row[0])
      try run("DELETE FROM deliveries WHERE message = ?", key.rawValue)
      try run("DELETE FROM messages WHERE id = ?", key.rawValue)
      try add(KeptTotal(messages: -1), to: Self.scopes(of: try MessageRecord(row)))
    }
    return old.count
  }

  package func hold(_ key: MessageKey, _ held: HeldEnvelope) throws(StoreError) {
    try run(
      "INSERT INTO held (message, peer, room, epoch, bytes, held_since) VALUES (?, ?, ?, ?, ?, ?)", key.rawValue,
      held.peer.description, held.room.data, held.epoch.integer, held.bytes, held.heldSince.integer)
    try run(
      """
      INSERT INTO peer_totals (peer, held, held_bytes) VALUES (?, 1, ?)
      ON CONFLICT DO UPDATE SET held = held + 1, held_bytes = held_bytes + excluded.held_bytes
      """, held.peer.description, held.bytes)
    try use(key)
  }

  package func held(
    for room: RoomIdentifier, throughEpoch epoch: UInt64, limit: Int
  ) throws(StoreError) -> [(key: MessageKey, held: HeldEnvelope)] {
    try rows(
      """
      SELECT message, peer, room, epoch, bytes, held_since FROM held WHERE room = ? AND epoch <= ?
      ORDER BY epoch, message LIMIT ?
      """, room.data, epoch.integer, limit
    ).stored { row throws(StoreError) in (MessageKey(row[0]), try HeldEnvelope(row)) }
  }

  package func held(
    since time: Timestamp, limit: Int
  ) throws(StoreError) -> [(key: MessageKey, held: HeldEnvelope)] {
    try rows(
      """
      SELECT message, peer, room, epoch, bytes, held_since FROM held WHERE held_since < ?
      ORDER BY held_since, message LIMIT ?
      """, time.integer, limit
    ).stored { row throws(StoreError) in (MessageKey(row[0]), try HeldEnvelope(row)) }
  }

  package func heldTotal(from peer: Handle) throws(StoreError) -> (count: Int, bytes: Int) {
    guard let row = try row("SELECT held, held_bytes FROM peer_totals WHERE peer = ?", peer.description) else {
      return (0, 0)
    }
    return (row[0], row[1])
  }

  package func release(_ key: MessageKey) throws(StoreError) {
    guard let row = try row("DELETE FROM held WHERE message = ? RETURNING peer, bytes", key.rawValue) else { return }
    try run(
      "UPDATE peer_totals SET held = held - 1, held_bytes = held_bytes - ? WHERE peer = ?", row[1] as Int,
      row[0] as String)
    try disuse(key)
  }
}

extension MessageRecord {
  /// Columns: id, message, origin, room, digest, accepted_at, sender.
  init(_ row: Row) throws(StoreError) {
    self.init(
      message: try row.identifier(1), origin: try row.handle(2), room: try row.identifier(3), digest: row.bytes(4),
      acceptedAt: row.timestamp(5), sender: (row[6] as String?) == nil ? nil : try row.address(6))
  }
}

extension HeldEnvelope {
  /// Columns: message, peer, room, epoch, bytes, held_since.
  init(_ row: Row) throws(StoreError) {
    self.init(
      peer: try row.handle(1), room: try row.identifier(2), epoch: row.unsigned(3), bytes: row[4],
      heldSince: row.timestamp(5))
  }
}
