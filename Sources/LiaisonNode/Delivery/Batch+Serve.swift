internal import LiaisonModel
internal import LiaisonProtocol

/// Sending what is queued for peers, and giving receipts for what came.
extension Batch {
  /// Fills a peer's window and its link: highest precedence first, then as it was queued.
  mutating func serve(_ peer: Handle) throws {
    guard var state = memory.links.peers[peer], peers.isActive(peer) else { return }
    for precedence in Precedence.allCases.sorted(by: >) {
      while state.window.room(for: precedence) > 0, state.backlog.takes(precedence) {
        let entries = try store.queue(
          for: peer, precedence: precedence, after: state.window.position(precedence),
          limit: min(state.window.room(for: precedence), 64))
        if entries.isEmpty { break }
        for entry in entries where state.window.room(for: precedence) > 0 && state.backlog.takes(precedence) {
          guard let envelope = try store.envelope(entry.key) else {
            throw StoreError.unreadable("a queued envelope is missing")
          }
          state.window.sent(entry, at: now)
          state.backlog.add(entry.bytes, precedence)
          tally.count(.sent, of: peer)
          send(Frame(.deliver(envelope: envelope)), on: state.link)
        }
      }
    }
    if !state.backlog.takes(.routine) { watch(&state.backlog, of: state.link) }
    memory.links.peers[peer] = state
  }

  /// Signs one statement for all that came from a peer in this batch.
  mutating func giveReceipts() throws {
    for (peer, leaves) in receiptsDue.sorted(by: { $0.key < $1.key }) {
      guard let link = memory.links.peers[peer]?.link else {
        if try store.bundleExchange(with: peer).isUsed {
          for leaf in leaves { try addToBundle(.receipt(leaf), for: peer) }
        }
        continue
      }
      var rest = leaves[...]
      while !rest.isEmpty {
        let part = Array(rest.prefix(Limits.receiptBatchMax))
        rest = rest.dropFirst(part.count)
        if let receipts = receipts(for: part, from: peer) { send(Frame(.receipts(receipts)), on: link) }
      }
    }
  }

  func receipts(for leaves: [ReceiptLeaf], from peer: Handle) -> Frame.Receipts? {
    let receipts = ReceiptBatch.sign(leaves, holder: handle, origin: peer, heldAt: now, by: identity.key)
    guard let batch = receipts.first?.batch else { return nil }
    return Frame.Receipts(
      batch: batch,
      inclusions: receipts.map { Frame.Receipts.Inclusion(leaf: $0.leaf, index: $0.index, path: $0.path) })
  }

  /// Peers that have said nothing about what was sent: it is sent again from the head of the queue.
  mutating func resendWhereSilent() {
    for (handle, peer) in memory.links.peers {
      guard let at = peer.window.resendAt, at <= now else { continue }
      memory.links.peers[handle]?.window.rewind()
      memory.troubles[handle] = Memory.Trouble(
        text: "the peer said nothing of what was sent to it for a while", at: now)
      tally.count(.resends, of: handle)
      peersToServe.insert(handle)
    }
  }
}
