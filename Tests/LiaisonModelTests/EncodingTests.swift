import LiaisonModel
import TLSPresentation
import Testing

@Suite("Encodings of the model")
struct EncodingTests {
  /// Every value of the model that travels, as its bytes and as a decoder of them.
  static func samples() throws -> [(String, [UInt8], @Sendable ([UInt8]) throws -> [UInt8])] {
    func sample<Value: TLSCodable>(_ value: Value) -> (String, [UInt8], @Sendable ([UInt8]) throws -> [UInt8]) {
      ("\(Value.self)", value.tlsEncoded, { try Value(tlsEncoded: $0).tlsEncoded })
    }
    let identifier = try MessageIdentifier(bytes: Array(1...16))
    let room = try RoomIdentifier(bytes: Array(2...17))
    let name = ChunkName(of: [1, 2, 3])
    let reference = DocumentReference(
      title: "Plan", size: 5, key: [UInt8](repeating: 1, count: 32), manifest: name, origin: try Handle("xa"))
    let batch = ReceiptBatch(
      holder: try Handle("xb"), origin: try Handle("xa"), heldAt: Samples.now, count: 2,
      root: [UInt8](repeating: 3, count: 32))
    let receipt = Receipt(
      batch: Signed(batch, by: Samples.node).unverified,
      leaf: ReceiptLeaf(message: identifier, envelopeDigest: name.bytes), index: 1, path: [name.bytes])
    let term = Term(number: 2, orderer: try Handle("xb"))
    let vote = CommitVote(room: room, epoch: 5, term: term, node: try Handle("xc"), digest: name.bytes)
    let promise = TakeoverPromise(
      room: room, epoch: 5, term: term, node: try Handle("xc"),
      voted: TakeoverPromise.Vote(term: Term(number: 0, orderer: try Handle("xa")), digest: name.bytes))
    let proof = CommitProof(
      term: term, promises: [Signed(promise, by: Samples.node).unverified],
      votes: [Signed(vote, by: Samples.node).unverified])
    let languages = [try LanguageTag("ka"), try LanguageTag("en-GB")]
    let entry = try PersonEntry(
      address: Address("ana@xa"), device: DeviceIdentifier(bytes: Array(4...19)), institution: "Grid Operator",
      languages: languages, timeZone: TimeZoneName("Asia/Tbilisi"), duty: "incidents", alternate: Address("bo@xa"),
      serial: 3, confirmedAt: Samples.now)
    let vouch = try Samples.vouch(.event("winter exercise"))
    let person = VCardPerson(
      address: try Address("ana@xa"), name: "Ana", institution: "Grid", languages: languages,
      timeZone: try TimeZoneName("Europe/Paris"), alternate: try Address("bo@xb"))
    let log = try SampleLog(["ana", "bo", "cy"])
    guard
      case .contradictory(let evidence) = try SampleLog(["mo"]).head().relation(to: log.head(1), by: SampleLog.card)
    else { throw ModelError.mismatch("no evidence") }
    let role = try Address("duty-officer@xa")
    let device = try DeviceIdentifier(bytes: Array(4...19))
    let key = SigningKey<DeviceSignaturePurpose>()
    let offer = Signed(
      DutyOffer(
        role: role, from: try Address("nino@xa"), device: device, to: try Address("ana@xa"), serial: 4,
        offeredAt: Samples.now, expiresAt: Samples.now), by: key
    ).unverified
    let handOver = HandOver(
      offer: offer,
      acceptance: Signed(DutyAcceptance(of: offer, device: device, acceptedAt: Samples.now), by: key).unverified)
    let roleCard = try RoleCard(
      address: role,
      duty: RoleCard.Duty(
        title: "Duty officer", holders: [Address("ana@xa")], alternate: Address("nino@xa"),
        contactPoint: Address("gio@xa")), serial: 5, issuedAt: Samples.now,
      expiresAt: Samples.now.adding(milliseconds: 1000), handOver: handOver)
    let signedRole = Signed(roleCard, by: Samples.node).unverified
    let note = RoleRoom(roleCard: signedRole, correspondent: try Address("bo@xb"))
    let check = try ComCheck(
      nonce: Array(1...16), origin: Handle("xa"), precedence: .immediate,
      startedAt: Samples.now, answerBy: Samples.now.adding(milliseconds: 60_000))
    let digest = Signed(check, by: Samples.node).unverified.digest
    let checkReceipt = ComCheckReceipt(
      checkDigest: digest, holder: try Handle("xb"), standing: .alternate, heldAt: Samples.now)
    let checkAnswer = ComCheckAnswer(
      checkDigest: digest, role: role, person: try Address("ana@xa"), device: device, answeredAt: Samples.now)
    let proven = ProvenAnswer(
      answer: Signed(checkAnswer, by: key).unverified,
      memberCard: Signed(try Samples.memberCard(), by: Samples.node).unverified, roleCard: signedRole)
    return [
      sample(entry), sample(vouch), sample(try Samples.vouch(.metInPerson)), sample(person),
      sample(
        try VouchRevocation(
          identifier: vouch.identifier, voucher: vouch.voucher, device: vouch.device, expiresAt: vouch.expiresAt,
          revokedAt: Samples.now)),
      sample(try log.head().claim()), sample(evidence), sample(try log.continuation(from: 2)),
      sample(ShownHeads([try log.head()])),
      sample(DirectoryEntry.card(Signed(try Samples.memberCard(), by: Samples.node).unverified)),
      sample(DirectoryRecord(try Address("ana@xa"), entry: [1])),
      sample(vote), sample(promise),
      sample(TakeoverPromise(room: room, epoch: 5, term: term, node: try Handle("xc"), voted: nil)),
      sample(try Samples.nodeCard()), sample(try Samples.memberCard()),
      sample(Signed(try Samples.nodeCard(), by: Samples.root).unverified),
      sample(try Samples.content(.text("Grüße"))), sample(try Samples.content(.title("AMBER BRIDGE"))),
      sample(try Samples.content(.document(reference))),
      sample(try Samples.content(.acknowledgement([identifier]))),
      sample(try Samples.content(.displayed([identifier, identifier]))),
      sample(
        try Samples.content(
          .missing(
            MissingMessages(
              device: DeviceIdentifier(bytes: Array(4...19)), answerKey: [1, 2],
              missing: [NumberRange(3...3), NumberRange(5...90)])))),
      sample(
        try Samples.content(
          .again(SealedAgain(device: DeviceIdentifier(bytes: Array(4...19)), kemOutput: [1], ciphertext: [2, 3])))),
      sample(
        MessagesAgain(
          again: [try Samples.content(.text("x")), try Samples.content(.leave)], idle: [NumberRange(1...2)],
          gone: [NumberRange(7...8)])),
      sample(try Samples.content(.successor(room))),
      sample(
        try Samples.content(
          .confirmations(
            OwnConfirmations(
              authorisation: nil,
              confirmations: [
                OwnConfirmations.Confirmation(
                  card: Signed(Samples.memberCard(), by: Samples.node).unverified, rootKey: Samples.root.publicKey,
                  devices: Samples.memberCard().devices, confirmedAt: Timestamp(milliseconds: 5))
              ])))),
      sample(try Samples.content(.successor(room))), sample(try Samples.content(.duty(note))),
      sample(handOver), sample(roleCard), sample(check), sample(checkReceipt), sample(checkAnswer), sample(proven),
      sample(try Samples.content(.unknown(kind: 999, bytes: [1, 2]))),
      sample(
        Envelope(
          message: identifier, room: room, origin: try Handle("xa"), precedence: .immediate, acceptedAt: Samples.now,
          kind: .application, payload: [1, 2, 3])),
      sample(RoomCommit(epoch: 5, proposedAt: Timestamp(milliseconds: 7), commit: [1], groupInfo: [2], proof: proof)),
      sample(RoomWelcome(welcome: [1], groupInfo: [2], ratchetTree: [3], added: [try Address("ana@xa")])),
      sample(DocumentManifest(size: 3, chunkSize: 2, digest: name.bytes, chunks: [name, name])),
      sample(
        DeviceBinding(
          device: try DeviceIdentifier(bytes: Array(3...18)), linkKey: SigningKey<DeviceLinkPurpose>().publicKey,
          invitation: name.bytes)),
      sample(receipt),
      sample(MessageReceipts(leaf: receipt.leaf, origin: try Handle("xa"), receipts: [receipt, receipt])),
    ]
  }

  @Test("Every value survives the round trip; every truncation and every extra byte is refused")
  func roundTrips() throws {
    for (type, bytes, recode) in try Self.samples() {
      #expect(try recode(bytes) == bytes, "\(type)")
      for length in bytes.indices {
        #expect(throws: (any Error).self, "\(type) cut to \(length)") { try recode(Array(bytes[..<length])) }
      }
      #expect(throws: (any Error).self, "\(type) with an extra byte") { try recode(bytes + [0]) }
    }
  }

  @Test("A changed byte decodes to another value or not at all, and never traps")
  func mutations() throws {
    for (type, bytes, recode) in try Self.samples() {
      for position in bytes.indices {
        for bit in 0..<8 {
          var changed = bytes
          changed[position] ^= 1 << UInt8(bit)
          guard let recoded = try? recode(changed) else { continue }
          #expect(recoded == changed, "\(type): two encodings of one value, at byte \(position)")
        }
      }
    }
  }

  @Test("A manifest whose chunks do not agree with its size is refused")
  func manifest() {
    let manifest = DocumentManifest(
      size: 5, chunkSize: 2, digest: [UInt8](repeating: 0, count: 32), chunks: [ChunkName(of: [1])])
    #expect(throws: TLSPresentationError.self) { try DocumentManifest(tlsEncoded: manifest.tlsEncoded) }
  }

  @Test("A text over the limit is refused")
  func longText() throws {
    let content = try Samples.content(.text(String(repeating: "a", count: Limits.textBytesMax + 1)))
    #expect(throws: TLSPresentationError.tooLong(bound: Limits.textBytesMax)) {
      try MessageContent(tlsEncoded: content.tlsEncoded)
    }
  }
}
