internal import FoundationEssentials
internal import GRDB
package import LiaisonModel

extension Engine {
  /// The receipts that came for an own message, to be handed to somebody else: those of all nodes, or of one; and the
  /// nodes that gave none yet. Throws ``ClientError`` where there is nothing to hand over.
  package func receipts(
    for message: MessageIdentifier, of node: Handle? = nil
  ) throws -> (receipts: MessageReceipts, missing: [Handle]) {
    try store.read { tx in
      let own = try tx.identity().address
      guard let (_, record) = try tx.history(message) else { throw ClientError.noSuchMessage(message.description) }
      guard let sender = record.sender, sender == own else {
        throw ClientError(.usage, "receipt-not-own", "receipts are given to a message's sender, and it is not your own")
      }
      let leaf = ReceiptLeaf(message: message, envelopeDigest: record.digest)
      let found = try tx.receipts(message).filter { receipt in
        guard let holder = try? receipt.batch.claim().holder, node == nil || holder == node else { return false }
        return try receipt.proves(record.digest, of: message, sentBy: own.handle, heldBy: tx.node(holder)?.verified)
      }
      let holders = try found.map { try $0.batch.claim().holder }
      guard !found.isEmpty else { throw Self.noReceipt(record, node, own.handle) }
      let missing = record.nodes.filter { $0 != own.handle && (node == nil || $0 == node) && !holders.contains($0) }
      return (MessageReceipts(leaf: leaf, origin: own.handle, receipts: found), missing)
    }
  }

  private static func noReceipt(_ record: HistoryRecord, _ node: Handle?, _ own: Handle) -> ClientError {
    if record.digest.isEmpty {
      return ClientError(.noInput, "receipt-not-sent", "there is no receipt: the message has not been sent")
    }
    if let node, node != own, !record.nodes.isEmpty, !record.nodes.contains(node) {
      return ClientError(.noInput, "receipt-elsewhere", "this message does not go to \(node)")
    }
    if node == own || record.nodes == [own] {
      return ClientError(
        .noInput, "receipt-own-node", "there is no receipt: your own node gives none to its own people")
    }
    let who = node?.description ?? "no node"
    return ClientError(
      .later, "receipt-none-yet", "\(who) has given \(node == nil ? "a" : "no") receipt for this message yet")
  }
}

extension ProfileTransaction {
  /// All receipts that came for a message, by node.
  fileprivate func receipts(_ message: MessageIdentifier) throws -> [Receipt] {
    try deliveries(message).sorted { $0.node < $1.node }.compactMap {
      if case .receipt(let receipt) = $0.outcome { receipt } else { nil }
    }
  }
}
