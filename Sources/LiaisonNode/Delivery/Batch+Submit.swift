internal import LiaisonModel
internal import LiaisonProtocol
internal import MLS
internal import TLSPresentation

/// Messages of this node's own devices.
extension Batch {
  /// Takes an envelope from a device: once this returns and the batch stands, it is delivered or its sender is told.
  mutating func submit(_ bytes: [UInt8], by device: DeviceIdentifier, of sender: Address) throws {
    let envelope: Envelope
    do { envelope = try Envelope(tlsEncoded: bytes) } catch {
      throw Frame.Failure.malformed("the envelope is malformed")
    }
    guard envelope.origin == handle else {
      throw Frame.Failure.notPermitted("an envelope's origin is the node that takes it")
    }
    let digest = Envelope.digest(ofEncoded: bytes)
    if let (_, known) = try store.message(envelope.message, from: handle) {
      // The same again is done already; a device that heard no answer asks twice.
      guard known.digest == digest, known.sender == sender else {
        throw Frame.Failure.conflict("another message has this identifier")
      }
      return
    }
    try checkDates(envelope)
    guard let room = try store.room(envelope.room), !room.isLeft else {
      throw Frame.Failure.unknown("this node knows no such room")
    }
    let leaves = try leaves(envelope.room)
    guard let own = leaves.first(where: { $0.device == device && $0.address == sender }) else {
      throw Frame.Failure.notPermitted("this device is not in the room")
    }
    let epoch = try applicationEpoch(of: envelope)
    // Who was in the room before it came in again is not known here any more: it would go to nobody.
    guard own.sinceEpoch <= epoch else {
      throw Frame.Failure.notPermitted("it was written before this device was removed from the room and added again")
    }
    guard epoch <= room.epoch else {
      throw Frame.Failure.later("the room's epoch \(epoch) is not known at this node yet")
    }
    let recipients = leaves.filter { $0.sinceEpoch <= epoch }
    let others = Set(recipients.map(\.address.handle)).subtracting([handle]).sorted()
    try checkQuotas(of: envelope, bytes: bytes.count, author: sender)
    let refusals = Dictionary(
      others.compactMap { peer in refusal(of: envelope, to: peer).map { (peer, $0) } }, uniquingKeysWith: { $1 })
    for peer in others where refusals[peer] == nil { try checkQueue(for: peer, bytes: bytes.count) }
    let devices = recipients.filter { $0.address.handle == handle && $0.device != device }.map(\.device)
    let key = try store.insertMessage(
      MessageRecord(
        message: envelope.message, origin: handle, room: envelope.room, digest: digest,
        acceptedAt: envelope.acceptedAt, sender: sender), envelope: bytes)
    let precedence = carried(envelope)
    let put = try putInbox(.message(key), of: devices, precedence: precedence)
    for peer in others {
      if let refusal = refusals[peer] {
        try tellUndeliverable(envelope.message, to: sender, at: peer, refusal)
        continue
      }
      try store.enqueue(key, for: peer, precedence: precedence, at: now)
      peersToServe.insert(peer)
    }
    if epoch < room.epoch { try tellOfThoseWhoLeft(envelope, epoch, to: sender, others: others) }
    tally.count(.accepted)
    tally.count(.acceptedBytes, bytes.count)
    if put.full > 0 {
      try tellUndeliverable(envelope.message, to: sender, at: handle, .limit("\(put.full) devices' inboxes are full"))
    }
  }

  /// Why a message does not go to a peer. Its administrator may activate it again, or allow more, but nobody can say when:
  /// better told than kept waiting.
  private func refusal(of envelope: Envelope, to peer: Handle) -> Frame.Failure? {
    guard peers.isActive(peer) else { return .notPermitted("\(peer) is not an active peer of this node") }
    do throws(Frame.Failure) { try permit(.message(envelope.precedence), with: peer) } catch { return error }
    return nil
  }

  /// Nodes all of whose people have been removed since a message was written: it does not go there, and its sender, who
  /// cannot know that yet, is told.
  private mutating func tellOfThoseWhoLeft(
    _ envelope: Envelope, _ epoch: UInt64, to sender: Address, others: [Handle]
  ) throws {
    for peer in peers.peers.keys.sorted() where !others.contains(peer) {
      guard try store.tookPart(peer, in: envelope.room, epoch: epoch) else { continue }
      try tellUndeliverable(
        envelope.message, to: sender, at: peer, .unknown("nobody of \(peer) for whom it was is in the room any more"))
    }
  }

  /// The precedence by which a message of people travels: its own, while its country is within its limit of FLASH.
  mutating func carried(_ envelope: Envelope) -> Precedence {
    let precedence = memory.flash.carried(envelope.precedence, from: envelope.origin, at: now)
    if precedence != envelope.precedence {
      tally.count(.flashLimited)
      let peer = envelope.origin == handle ? nil : envelope.origin
      complain(of: peer, "more FLASH came than the limit of a country: what passes it is carried with IMMEDIATE")
    }
    return precedence
  }

  /// The epoch of an application message. Throws where the payload is anything else, or of another room.
  func applicationEpoch(of envelope: Envelope) throws -> UInt64 {
    guard envelope.kind == .application, let message = try? MLSMessage(envelope.payload),
      message.wireFormat == .privateMessage, message.contentType == .application, let epoch = message.epoch
    else { throw Frame.Failure.malformed("the payload is not an encrypted application message") }
    guard message.groupID == envelope.room.bytes, epoch < UInt64(Int64.max) else {
      throw Frame.Failure.malformed("the payload is of another room")
    }
    return epoch
  }

  /// Neither from the future, beyond what clocks may differ, nor older than an envelope is kept. Whoever's clock is
  /// wrong, the sender is told, and what is dated right goes on.
  ///
  /// Of a room's order nobody could make up for what is refused: as far into the future as into the past, it is taken.
  func checkDates(_ envelope: Envelope) throws {
    let ahead =
      envelope.kind == .application ? Limits.clockErrorMillisecondsMax : Limits.envelopeLifetimeMilliseconds
    guard envelope.acceptedAt <= now.adding(milliseconds: ahead) else {
      throw Frame.Failure.notPermitted("the envelope is dated in the future; is the clock right?")
    }
    guard now < envelope.acceptedAt.adding(milliseconds: Limits.envelopeLifetimeMilliseconds) else {
      throw Frame.Failure.notPermitted("the envelope is older than 90 days")
    }
  }
}
