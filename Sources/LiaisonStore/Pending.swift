internal import LiaisonModel
internal import LiaisonNode

/// What a transaction has read, and numbers that it has changed and writes once, at its end: many messages of one batch
/// need the same rows. It is a value, so that what a savepoint undoes is put back with it.
struct Pending {
  /// A row of `kept_totals`.
  var kept = Changes<KeptScope, KeptTotal>()
  /// A row of `peer_totals`.
  var peers = Changes<Handle, PeerTotal>()
  /// What a row of `devices` says of its inbox.
  var inboxes = Changes<DeviceIdentifier, InboxTotal>()
  /// How many more queues, inboxes and the holding area need a message's envelope. Every message that was inserted has an
  /// entry.
  var uses: [MessageKey: Int] = [:]

  /// What was read of rooms and members and is read again for each message.
  var rooms: [RoomIdentifier: RoomRecord?] = [:]
  var participation: [Participation: Bool] = [:]
  var devices: [Address: [DeviceRecord]] = [:]

  /// A room changes: nothing that was read of it holds.
  mutating func forget(_ room: RoomIdentifier) {
    rooms[room] = nil
    participation = [:]
  }
}

/// Whether a node had members in a room in an epoch.
struct Participation: Hashable {
  let handle: Handle
  let room: RoomIdentifier
  let epoch: UInt64
}

struct PeerTotal {
  var lastSequence: Int64 = 0
  var queued = 0
  var queuedBytes = 0
  var held = 0
  var heldBytes = 0
}

struct InboxTotal {
  /// The sequence of the last item ever put in.
  var end: Int64
  var count: Int
}

/// Rows as they will be, and which of them are to be written.
struct Changes<Key: Hashable, Row> {
  private var known: [Key: Row] = [:]
  private var dirty: Set<Key> = []

  /// The row as the transaction has it, where it was read.
  subscript(_ key: Key) -> Row? { known[key] }

  mutating func note(_ row: Row, of key: Key) { known[key] = row }

  mutating func set(_ row: Row, of key: Key) {
    known[key] = row
    dirty.insert(key)
  }

  /// The row is there no more.
  mutating func forget(_ key: Key) {
    known[key] = nil
    dirty.remove(key)
  }

  /// Gives what is to be written, once.
  mutating func takeChanged() -> [(key: Key, row: Row)] {
    defer { dirty = [] }
    return dirty.compactMap { key in known[key].map { (key, $0) } }
  }
}

extension SQLiteNodeTransaction {
  /// Writes what was counted, and drops envelopes that nothing needs.
  func flush() throws(StoreError) {
    try flushUses()
    for (scope, total) in pending.kept.takeChanged() { try save(total, of: scope) }
    for (peer, total) in pending.peers.takeChanged() {
      try run(
        """
        INSERT INTO peer_totals (peer, last_sequence, queued, queued_bytes, held, held_bytes) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET last_sequence = excluded.last_sequence, queued = excluded.queued,
          queued_bytes = excluded.queued_bytes, held = excluded.held, held_bytes = excluded.held_bytes
        """, peer.description, total.lastSequence, total.queued, total.queuedBytes, total.held, total.heldBytes)
    }
    for (device, total) in pending.inboxes.takeChanged() {
      try run(
        "UPDATE devices SET inbox_end = ?, inbox_count = ? WHERE device = ?", total.end, total.count, device.bytes)
    }
  }

  private func flushUses() throws(StoreError) {
    let uses = pending.uses
    pending.uses = [:]
    for (key, change) in uses.sorted(by: { $0.key < $1.key }) {
      guard
        let row = try row(
          """
          UPDATE messages SET uses = uses + ? WHERE id = ?
          RETURNING id, message, origin, room, digest, accepted_at, sender, uses
          """, change, key.rawValue)
      else { throw .unreadable("a message is missing") }
      guard row.integer(7) == 0 else { continue }
      guard let dropped = try self.row("DELETE FROM envelopes WHERE message = ? RETURNING length(bytes)", key.rawValue)
      else { throw .unreadable("a message's envelope is missing") }
      try add(KeptTotal(envelopes: -1, bytes: -dropped.number(0)), to: Self.scopes(of: try MessageRecord(row)))
    }
  }

  // MARK: Peers

  func total(of peer: Handle) throws(StoreError) -> PeerTotal {
    if let total = pending.peers[peer] { return total }
    let row = try row(
      "SELECT last_sequence, queued, queued_bytes, held, held_bytes FROM peer_totals WHERE peer = ?", peer.description)
    let total =
      row.map {
        PeerTotal(
          lastSequence: $0.integer(0), queued: $0.number(1), queuedBytes: $0.number(2), held: $0.number(3),
          heldBytes: $0.number(4))
      } ?? PeerTotal()
    pending.peers.note(total, of: peer)
    return total
  }

  // MARK: Inboxes

  /// `nil` where there is no such device.
  func inboxTotal(of device: DeviceIdentifier) throws(StoreError) -> InboxTotal? {
    if let total = pending.inboxes[device] { return total }
    guard let row = try row("SELECT inbox_end, inbox_count FROM devices WHERE device = ?", device.bytes) else {
      return nil
    }
    let total = InboxTotal(end: row.integer(0), count: row.number(1))
    pending.inboxes.note(total, of: device)
    return total
  }

  // MARK: Envelopes

  /// Something new needs a message's envelope.
  func use(_ key: MessageKey) { pending.uses[key, default: 0] += 1 }

  /// Something needs a message's envelope no longer: it goes with the last of them.
  func disuse(_ key: MessageKey) { pending.uses[key, default: 0] -= 1 }
}
