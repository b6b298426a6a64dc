internal import LiaisonModel
internal import LiaisonProtocol

/// Envelopes that came before what they need: direct delivery overtakes the hub's commits and welcomes.
extension Batch {
  /// Keeps an envelope until its room comes to its epoch. Throws where the peer has too much waiting already.
  mutating func hold(
    _ key: MessageKey, of room: RoomIdentifier, until epoch: UInt64, bytes: Int, from peer: Handle,
    _ kind: Envelope.Kind
  ) throws {
    let total = try store.heldTotal(from: peer)
    try check(.heldMessagesPerPeer, of: peer, used: total.count, for: kind)
    try check(.heldBytesPerPeer, of: peer, used: total.bytes, adding: bytes, for: kind)
    try store.hold(key, HeldEnvelope(peer: peer, room: room, epoch: epoch, bytes: bytes, heldSince: now))
  }

  /// Places what was held for a room, after the room changed.
  mutating func release(_ room: RoomIdentifier) throws {
    try takeEarlyProposals(of: room)
    var waiting: Set<MessageKey> = []
    while true {
      let record = try store.room(room)
      // Of a room that is not here only its welcome can find a place, which stands at the epoch that it opens.
      let here = record.flatMap { $0.isLeft ? nil : $0.epoch }
      let all = try store.held(
        for: room, throughEpoch: here ?? UInt64(Int64.max),
        limit: here == nil ? Limits.heldEnvelopesPerPeerMax : Housekeeping.rowsMax)
      var isAnyPlaced = false
      for (key, held) in all where !waiting.contains(key) {
        if try place(held, key) { isAnyPlaced = true } else { waiting.insert(key) }
      }
      if !isAnyPlaced { return }
    }
  }

  /// Tries to place one. Returns whether it is held no longer.
  private mutating func place(_ held: HeldEnvelope, _ key: MessageKey) throws -> Bool {
    guard let bytes = try store.envelope(key), let envelope = try? Envelope(tlsEncoded: bytes) else {
      throw StoreError.unreadable("a held envelope")
    }
    do {
      let placement = try store.savepoint { try place(envelope, key) }
      guard case .placed = placement else { return false }
      try store.release(key)
    } catch let failure as Frame.Failure {
      rosters.removeAll()
      try store.release(key)
      try refuse(envelope.message, from: held.peer, failure)
    }
    return true
  }

  /// Refuses what has been held too long, while its peer can be told.
  mutating func dropWhatWasHeldTooLong() throws {
    let (time, overflow) = now.milliseconds.subtractingReportingOverflow(Limits.heldMillisecondsMax)
    guard !overflow else { return }
    for (key, held) in try store.held(since: Timestamp(milliseconds: time), limit: Housekeeping.rowsMax)
    where try canTell(held.peer) {
      guard let record = try store.message(key) else { throw StoreError.unreadable("a held envelope") }
      try store.release(key)
      try refuse(record.message, from: held.peer, .unknown("the room did not become known to this node in time"))
    }
  }

  /// Whether there is a link to a peer, or bundles go to it.
  private func canTell(_ peer: Handle) throws -> Bool {
    try memory.links.peers[peer] != nil || store.bundleExchange(with: peer).isUsed
  }
}
