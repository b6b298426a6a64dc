import LiaisonModel
import Testing

@Suite("Receipts")
struct ReceiptTests {
  let nodeCard: Signed<NodeCard>
  let leaves: [ReceiptLeaf]
  let receipts: [Receipt]

  init() throws {
    nodeCard = Signed(try Samples.nodeCard(), by: Samples.root)
    leaves = try (0..<7).map { index in
      ReceiptLeaf(
        message: try MessageIdentifier(bytes: [UInt8](repeating: UInt8(index), count: 16)),
        envelopeDigest: [UInt8](repeating: UInt8(index), count: 32))
    }
    receipts = ReceiptBatch.sign(
      leaves, holder: try Handle("xa"), origin: try Handle("xb"), heldAt: Samples.now, by: Samples.node)
  }

  @Test("Every envelope of a batch gets a proof that verifies")
  func proofs() throws {
    for (receipt, leaf) in zip(receipts, leaves) {
      #expect(receipt.leaf == leaf)
      #expect(try receipt.verified(by: nodeCard).count == 7)
    }
    #expect(Set(receipts.map(\.batch.signature)).count == 1)
  }

  @Test("A proof is refused under another envelope, another place, another path or another signer")
  func forged() throws {
    var transplanted = receipts[2]
    transplanted.leaf = leaves[3]
    #expect(throws: ModelError.self) { try transplanted.verified(by: nodeCard) }
    var moved = receipts[2]
    moved.index = 3
    #expect(throws: ModelError.self) { try moved.verified(by: nodeCard) }
    var altered = receipts[2]
    altered.path[0][0] ^= 1
    #expect(throws: ModelError.self) { try altered.verified(by: nodeCard) }
    var short = receipts[2]
    short.path.removeLast()
    #expect(throws: ModelError.self) { try short.verified(by: nodeCard) }
    let forged = ReceiptBatch.sign(
      leaves, holder: try Handle("xa"), origin: try Handle("xb"), heldAt: Samples.now, by: SigningKey<NodePurpose>())
    #expect(throws: ModelError.badSignature) { try forged[0].verified(by: nodeCard) }
    let renamed = ReceiptBatch.sign(
      leaves, holder: try Handle("xg"), origin: try Handle("xb"), heldAt: Samples.now, by: Samples.node)
    #expect(throws: ModelError.self) { try renamed[0].verified(by: nodeCard) }
  }
}
