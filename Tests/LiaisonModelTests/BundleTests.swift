import LiaisonModel
import TLSPresentation
import Testing

@Suite("The seal of a bundle")
struct BundleSealTests {
  private let now = Timestamp(milliseconds: 1_780_000_000_000)
  private let maker = SigningKey<NodePurpose>()
  private let taker = SigningKey<NodePurpose>()

  private func sealer(to key: SigningKey<NodePurpose>? = nil) throws -> BundleSealer {
    let (from, to) = (try Handle("xa"), try Handle("xb"))
    let key = BundleSecret(of: key ?? taker).statement(of: to, at: now, by: key ?? taker)
    return try BundleSealer(
      to: key.content, from: from, bundle: BundleIdentifier(bytes: Array(repeating: 7, count: 16)), madeAt: now)
  }

  @Test("opens for its receiver, segment by segment, and for nobody else")
  func opening() throws {
    var sealer = try sealer()
    let sealed = try [[1, 2, 3], [], [4]].map { try sealer.seal($0) }
    #expect(sealed.map(\.count) == [3, 0, 1].map { $0 + BundleSealer.tagBytes })
    var opener = try BundleOpener(sealer.header, by: BundleSecret(of: taker))
    #expect(try sealed.map { try opener.open($0) } == [[1, 2, 3], [], [4]])
    #expect(throws: ModelError.self) { try BundleOpener(sealer.header, by: BundleSecret(of: maker)) }
  }

  @Test("does not open what was changed, left out, moved, repeated, or put under another name")
  func tampering() throws {
    var sealer = try sealer()
    let sealed = try [[1], [2], [3]].map { try sealer.seal($0) }
    func opener(_ header: BundleHeader) throws -> BundleOpener {
      try BundleOpener(header, by: BundleSecret(of: taker))
    }
    for index in sealed[0].indices {
      var bent = sealed[0]
      bent[index] ^= 1
      var opener = try opener(sealer.header)
      #expect(throws: ModelError.badSignature) { try opener.open(bent) }
    }
    var leftOut = try opener(sealer.header)
    #expect(throws: ModelError.badSignature) { try leftOut.open(sealed[1]) }
    var repeated = try opener(sealer.header)
    _ = try repeated.open(sealed[0])
    #expect(throws: ModelError.badSignature) { try repeated.open(sealed[0]) }
    var others = [sealer.header, sealer.header, sealer.header, sealer.header]
    others[0].from = try Handle("xc")
    others[1].to = try Handle("xc")
    others[2].madeAt = now.adding(milliseconds: 1)
    others[3].bundle = try BundleIdentifier(bytes: Array(repeating: 8, count: 16))
    for header in others {
      var opener = try opener(header)
      #expect(throws: ModelError.badSignature) { try opener.open(sealed[0]) }
    }
  }

  @Test("what signs it has one encoding, which is read again, and no other key signs it")
  func statements() throws {
    let sealer = try sealer()
    let header = Signed(sealer.header, by: maker)
    #expect(
      try Unverified<BundleHeader>(tlsEncoded: header.bytes).verified(by: maker.publicKey).content == sealer.header)
    #expect(throws: ModelError.badSignature) { try header.unverified.verified(by: taker.publicKey) }
    let greeting = BundleHeader(
      from: sealer.header.from, to: sealer.header.to, bundle: sealer.header.bundle, madeAt: now)
    #expect(try BundleHeader(tlsEncoded: greeting.tlsEncoded) == greeting)
    #expect(!greeting.isSealed && sealer.header.isSealed)
    var half = sealer.header
    half.sealedTo = []
    #expect(throws: TLSPresentationError.self) { try BundleHeader(tlsEncoded: half.tlsEncoded) }
    var digest = BundleDigest()
    digest.add([1, 2])
    let end = digest.end(of: sealer.header.bundle)
    digest.add([3])
    #expect(end.size == 2 && digest.end(of: sealer.header.bundle) != end)
    #expect(try BundleEnd(tlsEncoded: end.tlsEncoded) == end)
    let key = BundleSecret(of: taker).statement(of: sealer.header.to, at: now, by: taker)
    #expect(try BundleKey(tlsEncoded: key.content.tlsEncoded) == key.content)
  }

  @Test("the key of a bundle is its node's, always the same, and another node's is another")
  func derivation() throws {
    #expect(BundleSecret(of: taker).publicKey == BundleSecret(of: taker).publicKey)
    #expect(BundleSecret(of: taker).publicKey != BundleSecret(of: maker).publicKey)
    #expect(BundleSecret(of: taker).publicKey.count == Limits.bundleKeyBytes)
    #expect("\(BundleSecret(of: taker))" == "<redacted>")
  }

  @Test("records come out of a segment as they went in, and a length that is too long is refused")
  func layout() throws {
    let records = [BundleRecord(frame: [1]), BundleRecord(sequence: 9, frame: []), BundleRecord(frame: [2, 3])]
    #expect(try BundleRecord.all(in: records.flatMap(\.tlsEncoded)) == records)
    #expect(throws: ModelError.self) { try BundleRecord.all(in: [0, 0]) }
    let most = [BundleRecord](repeating: BundleRecord(frame: [1]), count: Limits.bundleRecordsMax)
    #expect(try BundleRecord.all(in: most.flatMap(\.tlsEncoded)).count == most.count)
    #expect(throws: ModelError.self) { try BundleRecord.all(in: (most + most.prefix(1)).flatMap(\.tlsEncoded)) }
    #expect(BundleLayout.part([5]) == [0, 0, 0, 1, 5])
    #expect(try BundleLayout.length([0, 0, 1, 0]) == 256)
    #expect(throws: ModelError.self) { try BundleLayout.length([0x7F, 0, 0, 0]) }
  }
}
