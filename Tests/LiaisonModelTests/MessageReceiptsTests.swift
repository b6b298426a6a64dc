import LiaisonModel
import TLSPresentation
import Testing

@Suite("Receipts that are handed on")
struct MessageReceiptsTests {
  /// A country, and what its node signs.
  private struct Country {
    let root = SigningKey<RootPurpose>()
    let node = SigningKey<NodePurpose>()
    let handle: Handle

    init(_ handle: String) throws { self.handle = try Handle(handle) }

    func card(serial: UInt64 = 1, from start: UInt64 = 0, to end: UInt64 = 1000) throws -> Signed<NodeCard> {
      Signed(
        try NodeCard(
          handle: handle, country: "XB", name: "Brenova", rootKey: root.publicKey, nodeKeys: [node.publicKey],
          endpoints: [], serial: serial, issuedAt: Samples.now.adding(milliseconds: start),
          expiresAt: Samples.now.adding(milliseconds: end)), by: root)
    }

    func receipts(_ leaves: [ReceiptLeaf], origin: Handle) -> [Receipt] {
      ReceiptBatch.sign(leaves, holder: handle, origin: origin, heldAt: Samples.now, by: node)
    }
  }

  private let origin: Handle
  private let xb: Country
  private let xc: Country
  private let leaves: [ReceiptLeaf]
  /// Of the third of seven messages, by both.
  private let genuine: MessageReceipts

  init() throws {
    origin = try Handle("xa")
    xb = try Country("xb")
    xc = try Country("xc")
    leaves = try (0..<7).map { index in
      ReceiptLeaf(
        message: try MessageIdentifier(bytes: [UInt8](repeating: UInt8(index), count: 16)),
        envelopeDigest: [UInt8](repeating: UInt8(index + 100), count: 32))
    }
    genuine = MessageReceipts(
      leaf: leaves[2], origin: origin,
      receipts: [xb.receipts(leaves, origin: origin)[2], xc.receipts([leaves[2]], origin: origin)[0]])
  }

  private func reason(_ receipts: MessageReceipts, _ card: Signed<NodeCard>) -> String? {
    do {
      _ = try receipts.verified(by: card)
      return nil
    } catch { return error.sentence }
  }

  private func areProven(_ receipts: MessageReceipts, _ cards: [Signed<NodeCard>]) -> Bool {
    cards.allSatisfy { (try? receipts.verified(by: $0)) != nil }
  }

  private func changed(_ change: (inout MessageReceipts) throws -> Void) rethrows -> MessageReceipts {
    var receipts = genuine
    try change(&receipts)
    return receipts
  }

  @Test("prove by each node's card what that node signed, also after a way as text")
  func genuineOnes() throws {
    let text = "Dear colleague,\n\n\(Armor.encode(genuine))\nYours, Ana"
    let receipts = try Armor.decodeReceipts(text.replacing("\n", with: "\r\n"))
    #expect(receipts == genuine)
    #expect(try receipts.claimedHolders() == [xb.handle, xc.handle])
    let proven = try receipts.verified(by: xb.card())
    #expect(proven.leaf == leaves[2])
    #expect(proven.batch.holder == xb.handle)
    #expect(proven.batch.origin == origin)
    #expect(proven.batch.heldAt == Samples.now)
    #expect(proven.batch.count == 7)
    #expect(proven.index == 2)
    #expect(try receipts.verified(by: xc.card()).batch.count == 1)
  }

  @Test("are refused with any bit of them changed, with a byte missing and with one more")
  func everyBit() throws {
    let cards = [try xb.card(), try xc.card()]
    func isProof(_ bytes: [UInt8]) -> Bool {
      guard let receipts = try? MessageReceipts(tlsEncoded: bytes) else { return false }
      return areProven(receipts, cards)
    }
    let bytes = genuine.tlsEncoded
    #expect(isProof(bytes))
    for position in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[position] ^= 1 << UInt8(bit)
        #expect(!isProof(changed), "byte \(position), bit \(bit)")
      }
      #expect(!isProof(Array(bytes[..<position])), "cut to \(position) bytes")
    }
    #expect(!isProof(bytes + [0]))
  }

  @Test("prove the same or nothing with any character of their text changed, and nothing when it is cut")
  func everyCharacter() throws {
    let text = Array(Armor.encode(genuine).utf8)
    let cards = [try xb.card(), try xc.card()]
    for position in text.indices {
      for character in [UInt8(ascii: "A"), UInt8(ascii: "b"), UInt8(ascii: "="), UInt8(ascii: "\n"), 0xFF] {
        var changed = text
        changed[position] = character
        guard let receipts = try? Armor.decodeReceipts(String(decoding: changed, as: UTF8.self)) else { continue }
        #expect(receipts == genuine || !areProven(receipts, cards), "character \(position)")
      }
      guard position < text.count - 1 else { continue }
      #expect(throws: ModelError.self, "cut to \(position)") {
        try Armor.decodeReceipts(String(decoding: text[..<position], as: UTF8.self))
      }
    }
  }

  @Test("are refused where a receipt is of another message, another envelope, another sender or another batch")
  func transplanted() throws {
    let card = try xb.card()
    let others = xb.receipts(leaves, origin: origin)
    #expect(reason(changed { $0.receipts[0] = others[3] }, card) == "the receipt of xb is for another message")
    #expect(reason(changed { $0.leaf.message = leaves[3].message }, card) == "the receipt of xb is for another message")
    #expect(
      reason(changed { $0.leaf.envelopeDigest = leaves[3].envelopeDigest }, card)
        == "the receipt of xb is for another envelope")
    let astray = "the receipt's path does not lead to what was signed"
    // The leaf of this message, on the path of another.
    #expect(
      reason(
        changed {
          $0.receipts[0] = others[3]
          $0.receipts[0].leaf = leaves[2]
        }, card) == astray)
    for index in (0..<8).map(UInt32.init) + [.max] where index != 2 {
      #expect(reason(changed { $0.receipts[0].index = index }, card) == astray, "index \(index)")
    }
    #expect(reason(changed { $0.receipts[0].path.removeLast() }, card) == astray)
    #expect(reason(changed { $0.receipts[0].path.append($0.receipts[0].path[0]) }, card) == astray)
    // The statement of another batch, which the same node signed.
    let smaller = xb.receipts(Array(leaves[..<5]), origin: origin)
    #expect(reason(changed { $0.receipts[0].batch = smaller[2].batch }, card) == astray)
    let elsewhere = try Handle("xg")
    #expect(
      reason(changed { $0.origin = elsewhere }, card) == "the receipt of xb is for what xa sent, not xg")
    let foreign = xb.receipts(leaves, origin: elsewhere)
    #expect(
      reason(changed { $0.receipts[0] = foreign[2] }, card) == "the receipt of xb is for what xg sent, not xa")
  }

  @Test("are refused where another node signed: under its own handle, or under the holder's")
  func forged() throws {
    let card = try xb.card()
    let unsigned = "no key of the card of xb signed its receipt"
    // A statement that names xb, signed by xc.
    let pretended = ReceiptBatch.sign(leaves, holder: xb.handle, origin: origin, heldAt: Samples.now, by: xc.node)
    #expect(reason(changed { $0.receipts[0] = pretended[2] }, card) == unsigned)
    // A card for xb of another root, and so another country's.
    #expect(reason(genuine, try Country("xb").card()) == unsigned)
    #expect(reason(genuine, try Country("xg").card()) == "it holds no receipt of xg, but of xb, xc")
    #expect(reason(changed { $0.receipts[0] = $0.receipts[1] }, card) == "it holds two receipts of xc")
    // xc's key in the hands of one who says that it is xb's, with a root of their own.
    let impostor = Signed(
      try NodeCard(
        handle: xb.handle, country: "XB", name: "Brenova", rootKey: xc.root.publicKey, nodeKeys: [xc.node.publicKey],
        endpoints: [], serial: 1, issuedAt: Samples.now, expiresAt: Samples.now.adding(milliseconds: 1)), by: xc.root)
    #expect(reason(changed { $0.receipts.removeFirst() }, impostor) == "it holds no receipt of xb, but of xc")
  }

  @Test("are judged by the card's days: one that ended before refuses, one that ended since or began later does not")
  func days() throws {
    #expect(reason(genuine, try xb.card(from: 0, to: 1)) == nil)
    #expect(reason(genuine, try xb.card(serial: 9, from: 500_000_000, to: 600_000_000)) == nil)
    let ended = Signed(
      try NodeCard(
        handle: xb.handle, country: "XB", name: "Brenova", rootKey: xb.root.publicKey, nodeKeys: [xb.node.publicKey],
        endpoints: [], serial: 1, issuedAt: Timestamp(milliseconds: 1), expiresAt: Samples.now), by: xb.root)
    #expect(reason(genuine, ended) == "the receipt of xb is dated after its card's end")
  }

  @Test("are 1 to 1,000")
  func bounds() throws {
    #expect(throws: TLSPresentationError.self) {
      try MessageReceipts(tlsEncoded: changed { $0.receipts = [] }.tlsEncoded)
    }
    let receipt = genuine.receipts[0]
    let most = changed { $0.receipts = Array(repeating: receipt, count: Limits.peersMax) }
    #expect(try Armor.decodeReceipts(Armor.encode(most)) == most)
    #expect(throws: TLSPresentationError.self) {
      try MessageReceipts(tlsEncoded: changed { $0.receipts = most.receipts + [receipt] }.tlsEncoded)
    }
    #expect(throws: ModelError.malformed("this file is too long for a receipt")) {
      try Armor.decodeReceipts(String(repeating: " ", count: Armor.textBytesMax(for: Limits.receiptsBytesMax) + 1))
    }
  }
}
