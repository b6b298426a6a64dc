public import TLSPresentation

/// The receipts of one message, as its sender hands them to somebody else: with the cards of the nodes that gave them,
/// which the verifier has from elsewhere, they prove what they say. Nothing in here may be believed before
/// ``verified(by:)``.
///
/// ```
/// struct {
///   uint8 version = 1;
///   ReceiptLeaf leaf;           // the message, and the SHA-256 of its envelope
///   opaque origin<V>;           // handle of the sender's node
///   Receipt receipts<V>;        // 1 to 1,000: one of each node that gave one
/// } MessageReceipts;
/// ```
public struct MessageReceipts: Hashable, Sendable, TLSCodable {
  public var leaf: ReceiptLeaf
  /// The node that sent the envelope.
  public var origin: Handle
  public var receipts: [Receipt]

  public init(leaf: ReceiptLeaf, origin: Handle, receipts: [Receipt]) {
    self.leaf = leaf
    self.origin = origin
    self.receipts = receipts
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("receipts have an unknown format") }
    leaf = try decoder.read()
    origin = try decoder.read()
    receipts = try decoder.readVector(bound: Limits.receiptsBytesMax)
    guard 1...Limits.peersMax ~= receipts.count else { throw .invalid("receipts are 1 to 1,000") }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(leaf)
    encoder.write(origin)
    encoder.write(vector: receipts)
  }
}

/// What a node provably signed of a message. Only ``MessageReceipts/verified(by:)`` makes one.
public struct ProvenReceipt: Sendable {
  public let leaf: ReceiptLeaf
  /// The holder, the origin and the time, as the holder signed them.
  public let batch: ReceiptBatch
  /// The envelope's place in the batch.
  public let index: UInt32
  /// The holder's card, whose key signed.
  public let card: Signed<NodeCard>
}

extension MessageReceipts {
  /// The nodes that the receipts claim to be of, to find their cards. Throws ``ModelError`` where a receipt is malformed,
  /// or two are of one node.
  public func claimedHolders() throws(ModelError) -> [Handle] {
    var holders: [Handle] = []
    for receipt in receipts {
      let holder = try receipt.batch.claim().holder
      guard !holders.contains(holder) else { throw .mismatch("it holds two receipts of \(holder)") }
      holders.append(holder)
    }
    return holders
  }

  /// What the node of this card signed of the message. Throws ``ModelError`` where there is nothing, or where it proves
  /// something else.
  ///
  /// A card that has ended since still proves what its node signed while it was in force; and a later card proves what
  /// was signed before it, since its root names the key again.
  public func verified(by card: Signed<NodeCard>) throws(ModelError) -> ProvenReceipt {
    let (holder, holders) = (card.content.handle, try claimedHolders())
    guard let position = holders.firstIndex(of: holder) else {
      let list = holders.map(\.description).joined(separator: ", ")
      throw .mismatch("it holds no receipt of \(holder), but of \(list)")
    }
    let receipt = receipts[position]
    guard receipt.leaf.message == leaf.message else {
      throw .mismatch("the receipt of \(holder) is for another message")
    }
    guard receipt.leaf.envelopeDigest == leaf.envelopeDigest else {
      throw .mismatch("the receipt of \(holder) is for another envelope")
    }
    let batch: ReceiptBatch
    do { batch = try receipt.verified(by: card) } catch .badSignature {
      throw .mismatch("no key of the card of \(holder) signed its receipt")
    }
    guard batch.origin == origin else {
      throw .mismatch("the receipt of \(holder) is for what \(batch.origin) sent, not \(origin)")
    }
    guard batch.heldAt < card.content.expiresAt else {
      throw .notInForce("the receipt of \(holder) is dated after its card's end")
    }
    return ProvenReceipt(leaf: leaf, batch: batch, index: receipt.index, card: card)
  }
}
