internal import LiaisonModel
internal import LiaisonProtocol

/// What goes into a bundle for a peer: all that waits for it. Nothing is taken off here: that is done by what comes back.
extension Batch {
  /// Bytes of records after which a part ends.
  private static var partBytes: Int { 4 << 20 }
  private static var rowsMax: Int { 256 }

  mutating func answer(_ request: BundleRequest) throws -> BundleAnswer {
    switch request {
    case .begin(let peer):
      try requireActive(peer)
      let rooms = peers.allowsDocuments(with: peer, at: now) ? try store.rooms(with: peer) : []
      return .begun(key: try bundleKey(of: peer), rooms: rooms)
    case .part(let peer, let cursor):
      try requireActive(peer)
      return .part(try bundlePart(for: peer, from: cursor))
    case .open(let header):
      try requireActive(header.from)
      var exchange = try store.bundleExchange(with: header.from)
      let newest = exchange.newest
      exchange.isUsed = true
      if memory.awaySince[header.from] != nil { memory.awaySince[header.from] = now }
      try store.save(exchange, with: header.from)
      return .opened(newest: newest)
    case .take(let frames, let peer):
      try requireActive(peer)
      return .taken(try take(frames, from: peer))
    case .permitChunks(let peer, let room):
      try requireActive(peer)
      let nodes = Set(try leaves(room).map(\.address.handle))
      guard nodes.contains(peer), nodes.contains(handle) else {
        throw Frame.Failure.notPermitted("not a room of both nodes")
      }
      try permit(.documents, with: peer)
      return .done
    case .close(let header):
      try requireActive(header.from)
      var exchange = try store.bundleExchange(with: header.from)
      if exchange.newest.map({ $0.madeAt < header.madeAt }) ?? true {
        exchange.newest = BundleExchange.Newest(bundle: header.bundle, madeAt: header.madeAt)
        try store.save(exchange, with: header.from)
      }
      return .done
    }
  }

  private func requireActive(_ peer: Handle) throws(Frame.Failure) {
    guard peers.isActive(peer) else { throw .notPermitted("\(peer) is not an active peer of this node") }
  }

  /// What bundles for a peer are sealed to, where a key in force signed it.
  func bundleKey(of peer: Handle) throws -> Signed<BundleKey>? {
    guard let card = peers[peer]?.card else { return nil }
    let bytes = try store.bundleExchange(with: peer).key
    return (try? Unverified<BundleKey>(tlsEncoded: bytes)).flatMap { try? $0.verified(by: card) }
  }

  /// Keeps what bundles for a peer are to be sealed to.
  mutating func take(_ key: Unverified<BundleKey>, from peer: Handle) throws {
    guard let card = peers[peer]?.card, let new = try? key.verified(by: card),
      new.content.issuedAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax)
    else { return complain(of: peer, "a bundle key came that the peer's card does not vouch for") }
    if let known = try bundleKey(of: peer)?.content {
      guard known.publicKey != new.content.publicKey, known.issuedAt < new.content.issuedAt else { return }
    }
    var exchange = try store.bundleExchange(with: peer)
    exchange.key = new.bytes
    try store.save(exchange, with: peer)
  }

  private mutating func bundlePart(for peer: Handle, from start: BundleCursor) throws -> BundlePart {
    var part = BundlePart(cursor: start)
    var bytes = 0
    func add(_ frame: [UInt8], _ sequence: UInt64 = 0) {
      bytes += frame.count
      part.records.append(BundleRecord(sequence: sequence, frame: frame))
    }
    if start == BundleCursor() {
      add(Frame(.bundleSeen(sequence: try store.bundleExchange(with: peer).taken)).encoded)
      add(Frame(.directoryHeads(try directoriesToTell())).encoded)
      for body in try positionsToAsk(of: peer) + votesToAsk(of: peer) { add(Frame(body).encoded) }
    }
    while bytes < Self.partBytes {
      switch part.cursor.stage {
      case .items:
        let items = try store.bundleItems(
          for: peer, after: part.cursor.sequence, limit: Limits.receiptBatchMax)
        guard !items.isEmpty else {
          part.cursor.stage = .envelopes(.flash)
          break
        }
        var rest = items[...]
        while let first = rest.first, bytes < Self.partBytes {
          let leaves = rest.prefix { if case .receipt = $0.content { true } else { false } }
          if let last = leaves.last {
            let leaves = leaves.compactMap { if case .receipt(let leaf) = $0.content { leaf } else { nil } }
            if let receipts = receipts(for: leaves, from: peer) {
              add(Frame(.receipts(receipts)).encoded, last.sequence)
            }
            part.tally.receipts += leaves.count
            rest = rest.dropFirst(leaves.count)
            part.cursor.sequence = last.sequence
            continue
          }
          switch first.content {
          case .refusal(_, let frame):
            add(frame, first.sequence)
            part.tally.undeliverable += 1
          case .frame(let frame):
            add(frame, first.sequence)
            if (try? Frame(encoded: frame))?.body.isRequest ?? false {
              part.tally.questions += 1
            } else {
              part.tally.answers += 1
            }
          case .receipt: break
          }
          part.cursor.sequence = first.sequence
          rest = rest.dropFirst()
        }
      case .envelopes(let precedence):
        let entries = try store.queue(
          for: peer, precedence: precedence, after: part.cursor.queueSequence, limit: Self.rowsMax)
        for entry in entries where bytes < Self.partBytes {
          guard let envelope = try store.envelope(entry.key) else {
            throw StoreError.unreadable("a queued envelope is missing")
          }
          add(Frame(.deliver(envelope: envelope)).encoded)
          part.tally.messages += 1
          part.cursor.queueSequence = entry.sequence
        }
        guard entries.isEmpty else { break }
        part.cursor.queueSequence = 0
        part.cursor.stage = Precedence(rawValue: precedence.rawValue &- 1).map { .envelopes($0) } ?? .end
      case .end: return part
      }
    }
    return part
  }
}
