internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// Envelopes that peers deliver.
extension Batch {
  /// Takes an envelope from a peer, and owes a receipt for it, or refuses it for ever.
  mutating func deliver(_ bytes: [UInt8], from peer: Handle) throws {
    let envelope: Envelope
    do { envelope = try Envelope(tlsEncoded: bytes) } catch { throw Violation("an envelope is malformed") }
    guard envelope.origin == peer else { throw Violation("an envelope of another node's") }
    let digest = Envelope.digest(ofEncoded: bytes)
    if let (_, known) = try store.message(envelope.message, from: peer) {
      guard known.digest == digest else {
        return try refuse(envelope.message, from: peer, .conflict("another envelope has this identifier"))
      }
      tally.count(.repeated, of: peer)
      receipt(envelope.message, digest, to: peer)
      return
    }
    do {
      try store.savepoint {
        // The order of rooms that stand goes on: nobody could make up for what is missing of it.
        switch envelope.kind {
        case .application: try permit(.message(envelope.precedence), with: peer)
        case .welcome: try permit(welcome: envelope)
        case .commit: break
        }
        try checkDates(envelope)
        try checkQuotas(of: envelope, bytes: bytes.count)
        let key = try store.insertMessage(
          MessageRecord(
            message: envelope.message, origin: peer, room: envelope.room, digest: digest,
            acceptedAt: envelope.acceptedAt, sender: nil), envelope: bytes)
        if case .early(let epoch) = try place(envelope, key) {
          try hold(key, of: envelope.room, until: epoch, bytes: bytes.count, from: peer, envelope.kind)
          tally.count(.held, of: peer)
        }
      }
      tally.count(.taken, of: peer)
      receipt(envelope.message, digest, to: peer)
    } catch let failure as Frame.Failure {
      try refuse(envelope.message, from: peer, failure)
    }
  }

  /// What became of an envelope.
  enum Placement {
    /// It is where it belongs.
    case placed
    /// Its room has not come to this epoch here.
    case early(epoch: UInt64)
  }

  /// Puts an envelope where it belongs. Throws a `Failure` for what will never be taken.
  mutating func place(_ envelope: Envelope, _ key: MessageKey) throws -> Placement {
    let room = try store.room(envelope.room)
    let epoch: UInt64
    switch envelope.kind {
    case .application: epoch = try applicationEpoch(of: envelope)
    case .commit: epoch = try roomCommit(in: envelope).epoch
    case .welcome: return try follow(welcome: envelope, in: room)
    }
    guard let room else { return .early(epoch: epoch) }
    if room.isLeft && epoch < room.epoch {
      // It was followed, in another envelope, before the room was left.
      if envelope.kind == .commit { return .placed }
      throw Frame.Failure.unknown("nobody of this node is in the room any more")
    }
    if room.isLeft || epoch > room.epoch { return .early(epoch: epoch) }
    if envelope.kind == .commit { return try follow(commit: envelope, in: room, key) }
    try take(application: envelope, epoch, key)
    return .placed
  }

  /// A message of an epoch that has been reached here.
  private mutating func take(application envelope: Envelope, _ epoch: UInt64, _ key: MessageKey) throws {
    guard try store.tookPart(envelope.origin, in: envelope.room, epoch: epoch) else {
      throw Frame.Failure.notPermitted("your node was not in the room in that epoch")
    }
    let recipients = try leaves(envelope.room).filter { $0.address.handle == handle && $0.sinceEpoch <= epoch }
    let put = try putInbox(.message(key), of: recipients.map(\.device), precedence: carried(envelope))
    guard put.reached > 0 else {
      throw put.full > 0
        ? Frame.Failure.limit("the recipients' inboxes are full")
        : Frame.Failure.unknown("nobody of this node was in the room in that epoch and still is")
    }
  }

  mutating func receipt(_ message: MessageIdentifier, _ digest: [UInt8], to peer: Handle) {
    receiptsDue[peer, default: []].append(ReceiptLeaf(message: message, envelopeDigest: digest))
  }

  mutating func refuse(_ message: MessageIdentifier, from peer: Handle, _ failure: Frame.Failure) throws {
    tally.count(.refused, of: peer)
    complain(of: peer, "an envelope of the peer was refused: \(failure.text)")
    let frame = Frame(.refused(message: message, failure))
    if let link = memory.links.peers[peer]?.link {
      send(frame, on: link)
    } else if try store.bundleExchange(with: peer).isUsed {
      try addToBundle(.refusal(message, frame: frame.encoded), for: peer)
    }
  }
}
