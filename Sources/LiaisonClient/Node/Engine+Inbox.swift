internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import LiaisonProtocol
internal import MLS
internal import TLSPresentation

extension Engine {
  /// The number of the last inbox item that is on this device's disk: what a Hello names and what is acknowledged.
  package var inboxPosition: UInt64 { get throws { try store.read { try $0.counter("inbox") } } }
}

extension EngineStep {
  /// Takes messages before their turn, where that can be done now, and gives back the others, for which nothing happened:
  /// they are tried again until their turn. What was taken is passed over in its turn. Urgent ones among `inTurn`, which
  /// came in their turn and wait behind others, go with them, so that none passes an earlier one of its sender.
  func takeAhead(_ items: [Frame.InboxItem], besides inTurn: [Frame.InboxItem]) throws -> [Frame.InboxItem] {
    let position = try tx.counter("inbox")
    let sequences = Set(items.map(\.sequence))
    let earlier = inTurn.filter { $0.sequence < sequences.max() ?? 0 && !sequences.contains($0.sequence) }
    var left: [Frame.InboxItem] = []
    var behind: Set<RoomIdentifier> = []
    for item in (items + earlier).sorted(by: { $0.sequence < $1.sequence }) where item.sequence > position {
      guard case .envelope(let bytes) = item.content, let envelope = try? Envelope(tlsEncoded: bytes),
        envelope.kind == .application, item.isAhead || envelope.precedence > .priority
      else { continue }
      // Of one room in their order: none passes one that waits.
      guard !behind.contains(envelope.room), try takeAhead(envelope, Envelope.digest(ofEncoded: bytes)) else {
        behind.insert(envelope.room)
        if item.isAhead { left.append(item) }
        continue
      }
    }
    return left
  }

  /// Whether a message was taken before its turn. A room that this device is not in now may be one that it comes into
  /// before that.
  private func takeAhead(_ envelope: Envelope, _ digest: [UInt8]) throws -> Bool {
    guard try group(envelope.room)?.isActive == true else { return false }
    do {
      try tx.attempt {
        if try tx.isNew(envelope: digest) { try receive(envelope, digest: digest, roomState: nil) }
      }
      return true
    } catch is ItemRefusal {
      return false
    } catch is MLSError {
      return false
    }
  }

  /// Takes what the inbox holds. What can never be taken is written down, and the queue goes on. A welcome needs the
  /// room's tree, see ``Session``.
  func take(_ content: Frame.InboxItem.Content, _ roomState: Frame.RoomState?) throws {
    switch content {
    case .envelope(let bytes):
      guard let envelope = try? Envelope(tlsEncoded: bytes) else {
        return try tx.setCounter("refusedItems", to: tx.counter("refusedItems") + 1)
      }
      let digest = Envelope.digest(ofEncoded: bytes)
      guard try tx.isNew(envelope: digest) else { return }
      try takeOrRecord(envelope, digest: digest, roomState: roomState)
    case .receipt(let receipt): try take(receipt)
    case .undeliverable(let message, let handle, let failure):
      guard case (_, let entry)? = try tx.history(message), entry.nodes.contains(handle) else { return }
      if case .receipt? = try tx.delivery(message, handle)?.outcome { return }
      try tx.save(Delivery(node: handle, .refused(reason: String(failure.text.prefix(200)), at: now)), message)
    }
  }

  /// Keeps a receipt that proves what it says of one of this device's messages.
  private func take(_ receipt: Receipt) throws {
    guard let (_, entry) = try tx.history(receipt.leaf.message), let holder = try? receipt.batch.claim().holder,
      receipt.proves(
        entry.digest, of: entry.identifier, sentBy: identity.address.handle, heldBy: try tx.node(holder)?.verified)
    else { return }
    try tx.save(Delivery(node: holder, .receipt(receipt)), entry.identifier)
  }
}

extension Receipt {
  /// Whether the node of this card signed that it holds this envelope.
  func proves(
    _ digest: [UInt8], of message: MessageIdentifier, sentBy origin: Handle, heldBy holder: Signed<NodeCard>?
  ) -> Bool {
    guard let holder, leaf.message == message, leaf.envelopeDigest == digest, let batch = try? verified(by: holder)
    else {
      return false
    }
    return batch.origin == origin
  }
}

extension ProfileTransaction {
  /// Whether an envelope with this digest comes for the first time; it is known from now on.
  fileprivate func isNew(envelope digest: [UInt8]) throws -> Bool {
    try db.run(
      sql: "INSERT INTO seen (envelope) VALUES (?) ON CONFLICT DO NOTHING", arguments: [Data(index(envelope: digest))])
    return db.changesCount > 0
  }
}
