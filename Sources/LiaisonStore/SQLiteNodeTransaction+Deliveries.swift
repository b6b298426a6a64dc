package import LiaisonModel
package import LiaisonNode

extension SQLiteNodeTransaction: DeliveryStore {
  package func enqueue(
    _ key: MessageKey, for peer: Handle, precedence: Precedence, at time: Timestamp
  ) throws(StoreError) {
    guard let size = try row("SELECT length(bytes) FROM envelopes WHERE message = ?", key.rawValue) else {
      throw .unreadable("an envelope is missing")
    }
    var total = try total(of: peer)
    total.lastSequence += 1
    total.queued += 1
    total.queuedBytes += size.number(0)
    try run(
      """
      INSERT INTO deliveries (message, peer, state, precedence, sequence, bytes, queued_at)
      VALUES (?, ?, 0, ?, ?, ?, ?)
      """, key.rawValue, peer.description, Int(precedence.rawValue), total.lastSequence, size.number(0), time.integer)
    pending.peers.set(total, of: peer)
    use(key)
  }

  package func queueTotal(for peer: Handle) throws(StoreError) -> (count: Int, bytes: Int) {
    let total = try total(of: peer)
    return (total.queued, total.queuedBytes)
  }

  package func queue(
    for peer: Handle, precedence: Precedence, after sequence: Int64, limit: Int
  ) throws(StoreError) -> [QueuedEnvelope] {
    try rows(
      """
      SELECT d.message, m.message, d.precedence, d.sequence, d.bytes, d.queued_at, d.peer
      FROM deliveries d JOIN messages m ON m.id = d.message
      WHERE d.peer = ? AND d.precedence = ? AND d.sequence > ? AND d.state = 0 ORDER BY d.sequence LIMIT ?
      """, peer.description, Int(precedence.rawValue), sequence, limit
    ).stored { row throws(StoreError) in try QueuedEnvelope(row) }
  }

  package func queues() throws(StoreError) -> [QueueRecord] {
    try flush()
    return try rows("SELECT peer, queued, queued_bytes FROM peer_totals WHERE queued > 0 ORDER BY peer")
      .stored { row throws(StoreError) in
        let peer = try row.handle(0)
        var oldest: [Timestamp] = []
        for precedence in Precedence.allCases {
          if let first = try queue(for: peer, precedence: precedence, after: 0, limit: 1).first {
            oldest.append(first.queuedAt)
          }
        }
        return QueueRecord(peer: peer, count: row.number(1), bytes: row.number(2), oldest: oldest.min())
      }
  }

  package func delivery(of key: MessageKey, to peer: Handle) throws(StoreError) -> DeliveryState? {
    guard
      let row = try row("SELECT state FROM deliveries WHERE message = ? AND peer = ?", key.rawValue, peer.description)
    else { return nil }
    guard let state = DeliveryState(rawValue: UInt8(clamping: row.integer(0))) else { throw .unreadable("a delivery") }
    return state
  }

  package func receipt(of key: MessageKey, by peer: Handle) throws(StoreError) -> [UInt8]? {
    try row("SELECT receipt FROM deliveries WHERE message = ? AND peer = ?", key.rawValue, peer.description)?
      .optionalBytes(0)
  }

  package func markDelivered(_ key: MessageKey, to peer: Handle, receipt: [UInt8]) throws(StoreError) {
    let queued = try row(
      "UPDATE deliveries SET state = 1, receipt = ? WHERE message = ? AND peer = ? AND state = 0 RETURNING bytes",
      receipt, key.rawValue, peer.description)
    if let queued { return try unqueue(key, from: peer, bytes: queued.number(0)) }
    try run(
      "UPDATE deliveries SET state = 1, receipt = ? WHERE message = ? AND peer = ?", receipt, key.rawValue,
      peer.description)
  }

  package func markUndeliverable(_ key: MessageKey, to peer: Handle) throws(StoreError) {
    let queued = try row(
      "UPDATE deliveries SET state = 2 WHERE message = ? AND peer = ? AND state = 0 RETURNING bytes", key.rawValue,
      peer.description)
    if let queued { return try unqueue(key, from: peer, bytes: queued.number(0)) }
    try run("UPDATE deliveries SET state = 2 WHERE message = ? AND peer = ?", key.rawValue, peer.description)
  }

  private func unqueue(_ key: MessageKey, from peer: Handle, bytes: Int) throws(StoreError) {
    var total = try total(of: peer)
    total.queued -= 1
    total.queuedBytes -= bytes
    pending.peers.set(total, of: peer)
    disuse(key)
  }

  package func queued(
    before time: Timestamp, limit: Int
  ) throws(StoreError) -> [(peer: Handle, entry: QueuedEnvelope)] {
    try rows(
      """
      SELECT d.message, m.message, d.precedence, d.sequence, d.bytes, d.queued_at, d.peer
      FROM deliveries d JOIN messages m ON m.id = d.message
      WHERE d.queued_at < ? AND d.state = 0 ORDER BY d.queued_at LIMIT ?
      """, time.integer, limit
    ).stored { row throws(StoreError) in (try row.handle(6), try QueuedEnvelope(row)) }
  }
}

extension QueuedEnvelope {
  /// Columns: key, message, precedence, sequence, bytes, queued_at.
  init(_ row: Row) throws(StoreError) {
    guard let precedence = Precedence(rawValue: UInt8(clamping: row.integer(2))) else {
      throw .unreadable("a precedence")
    }
    self.init(
      key: MessageKey(row.integer(0)), message: try row.identifier(1), precedence: precedence,
      sequence: row.integer(3), bytes: row.number(4), queuedAt: row.timestamp(5))
  }
}
