import LiaisonModel
import TLSPresentation
import Testing

@Suite("Signed statements")
struct SignedTests {
  @Test("A node card verifies under its root, from its bytes and from its armour")
  func nodeCard() throws {
    let card = Signed(try Samples.nodeCard(), by: Samples.root)
    let carried = try Unverified<NodeCard>(tlsEncoded: card.bytes)
    #expect(try carried.verifiedBySelf().content == card.content)
    let armoured = "Dear colleague,\n" + Armor.encode(card.unverified) + "\nRegards"
    #expect(try Armor.decode(armoured, as: NodeCard.self) == card.unverified)
  }

  @Test("Changing any byte of a signed card is found")
  func tampering() throws {
    let bytes = Signed(try Samples.nodeCard(), by: Samples.root).bytes
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1
      #expect(throws: (any Error).self, "byte \(position)") {
        try Unverified<NodeCard>(tlsEncoded: changed).verifiedBySelf()
      }
    }
  }

  @Test("A truncated card is said to be truncated")
  func truncation() throws {
    let text = Armor.encode(Signed(try Samples.nodeCard(), by: Samples.root).unverified)
    let half = String(text.prefix(text.count / 2))
    #expect(throws: ModelError.malformed("the node card in this file is truncated or damaged")) {
      try Armor.decode(half, as: NodeCard.self)
    }
    #expect(throws: ModelError.malformed("this file holds no node card")) {
      try Armor.decode("hello", as: NodeCard.self)
    }
  }

  @Test("Another root's signature is refused")
  func otherRoot() throws {
    let forged = Signed(try Samples.nodeCard(), by: SigningKey<RootPurpose>())
    #expect(throws: ModelError.badSignature) { try forged.unverified.verifiedBySelf() }
  }

  @Test("A signature that was found good helps no other bytes, key or signature")
  func remembered() throws {
    let signed = Signed(try Samples.nodeCard(), by: Samples.root)
    for _ in 0..<2 { #expect(try signed.unverified.verified(by: Samples.root.publicKey).bytes == signed.bytes) }
    let other = SigningKey<RootPurpose>()
    #expect(throws: ModelError.badSignature) { try signed.unverified.verified(by: other.publicKey) }
    let bytes = signed.bytes
    for index in bytes.indices.dropFirst(2) {
      var altered = bytes
      altered[index] ^= 1
      guard let card = try? Unverified<NodeCard>(tlsEncoded: altered) else { continue }
      #expect(throws: ModelError.badSignature, "byte \(index)") { try card.verified(by: Samples.root.publicKey) }
    }
  }

  @Test("A signature over one kind of statement verifies no other")
  func domainSeparation() throws {
    let seed = Samples.node.seed
    let batch = ReceiptBatch(
      holder: try Handle("xb"), origin: try Handle("xa"), heldAt: Samples.now, count: 1,
      root: [UInt8](repeating: 0, count: 32))
    let signed = Signed(batch, by: try SigningKey<NodePurpose>(seed: seed))
    // The same bytes and signature, offered as a member card.
    let asCard = try Unverified<MemberCard>(tlsEncoded: signed.bytes)
    #expect(throws: ModelError.badSignature) { try asCard.verified(by: Samples.node.publicKey) }
  }

  @Test("A card counts only while it is in force, an hour of clock error allowed")
  func validity() throws {
    let card = Signed(try Samples.nodeCard(), by: Samples.root)
    try card.checkInForce(at: Samples.now)
    try card.checkInForce(at: Timestamp(milliseconds: Samples.now.milliseconds - Limits.clockErrorMillisecondsMax))
    #expect(throws: ModelError.self) { try card.checkInForce(at: card.content.expiresAt) }
    #expect(throws: ModelError.self) {
      try card.checkInForce(
        at: Timestamp(milliseconds: Samples.now.milliseconds - Limits.clockErrorMillisecondsMax - 1))
    }
  }

  @Test("A node vouches for its own members only")
  func memberCard() throws {
    let nodeCard = Signed(try Samples.nodeCard(), by: Samples.root)
    let own = Signed(try Samples.memberCard(), by: Samples.node)
    #expect(try own.unverified.verified(by: nodeCard).content == own.content)
    let foreign = Signed(try Samples.memberCard(address: "ana@xb"), by: Samples.node)
    #expect(throws: ModelError.self) { try foreign.unverified.verified(by: nodeCard) }
    let forged = Signed(try Samples.memberCard(), by: SigningKey<NodePurpose>())
    #expect(throws: ModelError.badSignature) { try forged.unverified.verified(by: nodeCard) }
  }

  @Test("Private keys print as redacted")
  func redaction() {
    #expect("\(Samples.root)" == "<redacted>")
    #expect(String(reflecting: Samples.root) == "<redacted>" || !String(reflecting: Samples.root).contains("Curve"))
    var dumped = ""
    dump(Samples.root, to: &dumped)
    #expect(!dumped.contains("key"))
  }
}

@Suite("Fingerprints")
struct FingerprintTests {
  @Test("Words and hexadecimal say the same 16 bytes, however they are typed")
  func forms() {
    let fingerprint = Fingerprint(of: Samples.root.publicKey)
    #expect(fingerprint.words.count == 8)
    #expect(fingerprint.words.allSatisfy { $0.utf8.count == 5 })
    #expect(fingerprint.matches(fingerprint.hexadecimal))
    #expect(fingerprint.matches(fingerprint.words.joined(separator: "  ").uppercased()))
    #expect(!fingerprint.matches(fingerprint.words.dropLast().joined(separator: "-")))
    #expect(!fingerprint.matches(Fingerprint(of: SigningKey<RootPurpose>().publicKey).description))
  }
}

@Suite("Invitations")
struct InvitationTests {
  @Test("The line survives the round trip; any missing or changed character is found")
  func text() throws {
    let invitation = Invitation(
      address: try Address("ana@xa"), endpoints: [try Endpoint("127.0.0.1:7401")], rootKey: Samples.root.publicKey,
      nodeKey: Samples.node.publicKey, secret: [UInt8](repeating: 9, count: 32), expiresAt: Samples.now)
    let line = invitation.text
    #expect(try Invitation(text: " \(line)\n").tlsEncoded == invitation.tlsEncoded)
    #expect("\(invitation)" == "<redacted>")
    for position in line.indices {
      var shorter = line
      shorter.remove(at: position)
      #expect(throws: ModelError.self) { try Invitation(text: shorter) }
      var changed = Array(line.utf8)
      let offset = line.utf8.distance(from: line.startIndex, to: position)
      changed[offset] = changed[offset] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
      #expect(throws: ModelError.self) { try Invitation(text: String(decoding: changed, as: UTF8.self)) }
    }
  }
}
