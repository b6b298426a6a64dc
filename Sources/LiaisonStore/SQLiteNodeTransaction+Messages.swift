package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: MessageStore {
  package func insertMessage(_ record: MessageRecord, envelope: [UInt8]) throws(StoreError) -> MessageKey {
    try run(
      """
      INSERT INTO messages (origin, message, room, digest, accepted_at, sender) VALUES (?, ?, ?, ?, ?, ?)
      """, record.origin.description, record.message.bytes, record.room.bytes, record.digest,
      record.acceptedAt.integer, record.sender?.description)
    let key = MessageKey(database.lastInsertedRowID)
    try run("INSERT INTO envelopes (message, bytes) VALUES (?, ?)", key.rawValue, envelope)
    pending.uses[key] = 0
    try add(KeptTotal(messages: 1, envelopes: 1, bytes: envelope.count), to: Self.scopes(of: record))
    return key
  }

  package func kept(_ scope: KeptScope) throws(StoreError) -> KeptTotal { try total(scope) }

  static func scopes(of record: MessageRecord) -> [KeptScope] {
    [record.sender.map { .member($0) } ?? .peer(record.origin), .room(record.room)]
  }

  package func message(
    _ message: MessageIdentifier, from origin: Handle
  ) throws(StoreError) -> (key: MessageKey, record: MessageRecord)? {
    let row = try row(
      """
      SELECT id, message, origin, room, digest, accepted_at, sender FROM messages WHERE origin = ? AND message = ?
      """, origin.description, message.bytes)
    guard let row else { return nil }
    return (MessageKey(row.integer(0)), try MessageRecord(row))
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
    try flush()
    let old = try rows(
      """
      SELECT id, message, origin, room, digest, accepted_at, sender FROM messages
      WHERE accepted_at < ? AND uses = 0 ORDER BY accepted_at LIMIT ?
      """, time.integer, limit)
    for row in old {
      let key = MessageKey(row.integer(0))
      try run("DELETE FROM deliveries WHERE message = ?", key.rawValue)
      try run("DELETE FROM messages WHERE id = ?", key.rawValue)
      try add(KeptTotal(messages: -1), to: Self.scopes(of: try MessageRecord(row)))
    }
    return old.count
  }

  package func hold(_ key: MessageKey, _ held: HeldEnvelope) throws(StoreError) {
    try run(
      "INSERT INTO held (message, peer, room, epoch, bytes, held_since) VALUES (?, ?, ?, ?, ?, ?)", key.rawValue,
      held.peer.description, held.room.bytes, held.epoch.integer, held.bytes, held.heldSince.integer)
    var total = try total(of: held.peer)
    total.held += 1
    total.heldBytes += held.bytes
    pending.peers.set(total, of: held.peer)
    use(key)
  }

  package func held(
    for room: RoomIdentifier, throughEpoch epoch: UInt64, limit: Int
  ) throws(StoreError) -> [(key: MessageKey, held: HeldEnvelope)] {
    try rows(
      """
      SELECT message, peer, room, epoch, bytes, held_since FROM held WHERE room = ? AND epoch <= ?
      ORDER BY epoch, message LIMIT ?
      """, room.bytes, epoch.integer, limit
    ).stored { row throws(StoreError) in (MessageKey(row.integer(0)), try HeldEnvelope(row)) }
  }

  package func held(
    since time: Timestamp, limit: Int
  ) throws(StoreError) -> [(key: MessageKey, held: HeldEnvelope)] {
    try rows(
      """
      SELECT message, peer, room, epoch, bytes, held_since FROM held WHERE held_since < ?
      ORDER BY held_since, message LIMIT ?
      """, time.integer, limit
    ).stored { row throws(StoreError) in (MessageKey(row.integer(0)), try HeldEnvelope(row)) }
  }

  package func heldTotal(from peer: Handle) throws(StoreError) -> (count: Int, bytes: Int) {
    let total = try total(of: peer)
    return (total.held, total.heldBytes)
  }

  package func release(_ key: MessageKey) throws(StoreError) {
    guard let row = try row("DELETE FROM held WHERE message = ? RETURNING peer, bytes", key.rawValue) else { return }
    let peer = try row.handle(0)
    var total = try total(of: peer)
    total.held -= 1
    total.heldBytes -= row.number(1)
    pending.peers.set(total, of: peer)
    disuse(key)
  }
}

extension MessageRecord {
  /// Columns: id, message, origin, room, digest, accepted_at, sender.
  init(_ row: Row) throws(StoreError) {
    self.init(
      message: try row.identifier(1), origin: try row.handle(2), room: try row.identifier(3), digest: row.bytes(4),
      acceptedAt: row.timestamp(5), sender: row.optionalText(6) == nil ? nil : try row.address(6))
  }
}

extension HeldEnvelope {
  /// Columns: message, peer, room, epoch, bytes, held_since.
  init(_ row: Row) throws(StoreError) {
    self.init(
      peer: try row.handle(1), room: try row.identifier(2), epoch: row.unsigned(3), bytes: row.number(4),
      heldSince: row.timestamp(5))
  }
}
