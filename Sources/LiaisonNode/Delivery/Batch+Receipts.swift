internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// What peers say of the envelopes that were sent to them.
extension Batch {
  /// Verifies and keeps receipts. A false one is a protocol violation: no honest node signs it.
  mutating func take(_ receipts: Frame.Receipts, from peer: Handle) throws {
    guard let card = peers[peer]?.card else { throw Violation("receipts from an unknown node") }
    guard receipts.inclusions.count <= Limits.receiptBatchMax else { throw Violation("a batch of too many receipts") }
    guard let batch = try? receipts.batch.verified(byOneOf: card.content.nodeKeys).content else {
      throw Violation("a batch of receipts is not signed by the peer")
    }
    guard batch.holder == peer, batch.origin == handle else {
      throw Violation("a batch of receipts is between other nodes")
    }
    var settled: [MessageIdentifier] = []
    for inclusion in receipts.inclusions {
      let receipt = Receipt(
        batch: receipts.batch, leaf: inclusion.leaf, index: inclusion.index, path: inclusion.path)
      guard let (key, record) = try store.message(inclusion.leaf.message, from: handle),
        let state = try store.delivery(of: key, to: peer)
      else {
        // It may be of before this store was restored from a backup, or invented; either way it proves nothing here.
        complain(of: peer, "a receipt came for something that was never sent to the peer; it is passed over")
        continue
      }
      guard record.digest == inclusion.leaf.envelopeDigest else {
        throw Violation("a receipt is for other bytes than were sent")
      }
      do { try receipt.checkPath(to: batch) } catch { throw Violation(error.sentence) }
      settled.append(inclusion.leaf.message)
      if state == .delivered { continue }
      tally.delivered(to: peer, acceptedAt: record.acceptedAt, at: now)
      let bytes = receipt.tlsEncoded
      try store.markDelivered(key, to: peer, receipt: bytes)
      if let sender = record.sender { try putInbox(.receipt(receipt), ofMember: sender) }
    }
    for message in settled { memory.links.settled(message, by: peer, at: now) }
    peersToServe.insert(peer)
  }

  /// The peer will never take a message: its sender is told.
  mutating func take(refusal failure: Frame.Failure, of message: MessageIdentifier, from peer: Handle) throws {
    guard let (key, record) = try store.message(message, from: handle),
      let state = try store.delivery(of: key, to: peer)
    else {
      complain(of: peer, "a refusal came for something that was never sent to the peer; it is passed over")
      return
    }
    // A peer that held it for a room that never came may refuse what it has receipted.
    if state != .undeliverable {
      try store.markUndeliverable(key, to: peer)
      tally.count(.undeliverable, of: peer)
      memory.troubles[peer] = Memory.Trouble(text: "the peer refused a message: \(failure.text)", at: now)
      if let sender = record.sender {
        try tellUndeliverable(message, to: sender, at: peer, failure)
      } else {
        log(.error, peer: peer, "the peer refuses a commit or a welcome of a room: it will miss what follows there")
      }
    }
    memory.links.settled(message, by: peer, at: now)
    peersToServe.insert(peer)
  }

  /// Gives up what has waited for 90 days.
  mutating func expireQueues() throws {
    let (time, overflow) = now.milliseconds.subtractingReportingOverflow(Limits.envelopeLifetimeMilliseconds)
    guard !overflow else { return }
    let expired = try store.queued(before: Timestamp(milliseconds: time), limit: Housekeeping.rowsMax)
    for (peer, entry) in expired {
      try giveUp(entry, for: peer, .unavailable("\(peer) did not take it within 90 days"))
    }
  }

  /// Gives up everything queued for a peer that was revoked.
  mutating func giveUpQueue(of peer: Handle) throws {
    try store.removeBundleItems(for: peer, through: UInt64(Int64.max))
    for precedence in Precedence.allCases {
      while true {
        let entries = try store.queue(for: peer, precedence: precedence, after: 0, limit: Housekeeping.rowsMax)
        for entry in entries { try giveUp(entry, for: peer, .notPermitted("\(peer) was revoked")) }
        if entries.count < Housekeeping.rowsMax { break }
      }
    }
  }

  private mutating func giveUp(_ entry: QueuedEnvelope, for peer: Handle, _ failure: Frame.Failure) throws {
    let record = try store.message(entry.key)
    try store.markUndeliverable(entry.key, to: peer)
    tally.count(.undeliverable, of: peer)
    if let sender = record?.sender { try tellUndeliverable(entry.message, to: sender, at: peer, failure) }
    memory.links.settled(entry.message, by: peer, at: now)
  }
}
