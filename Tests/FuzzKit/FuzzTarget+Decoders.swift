import LiaisonModel
import LiaisonProtocol
import MLS
import TLSPresentation

extension FuzzTarget {
  /// A decoder of the presentation language of TLS. A value has one encoding: what was decoded must encode to the same
  /// bytes.
  static func decoder<Value: TLSCodable & Sendable>(
    _ name: String, _ type: Value.Type = Value.self, seeds: @escaping @Sendable () throws -> [Value]
  ) -> FuzzTarget {
    FuzzTarget(name: name) { input in
      guard let value = try? Value(tlsEncoded: input) else { return }
      precondition(value.tlsEncoded == input, "a value has two encodings")
    } seeds: {
      try seeds().map(\.tlsEncoded)
    }
  }

  static let mls: [FuzzTarget] = [
    decoder("mls-message") { try LiveGroup.shared.messages },
    decoder("key-package") { [try LiveGroup.shared.joiner.keyPackage] },
    decoder("ratchet-tree") { [try LiveGroup.shared.tree] },
    decoder("welcome") { [try LiveGroup.shared.welcome] },
    decoder("group-info") { [try LiveGroup.shared.groupInfo] },
  ]

  /// Every way to read the language, as the first byte of each step says.
  static let presentation: [FuzzTarget] = [
    FuzzTarget(name: "tls-presentation") { input in
      guard let count = input.first else { return }
      var decoder = TLSDecoder(Array(input.dropFirst()))
      do {
        for step in 0..<Int(count) {
          let mark = decoder.offset
          var encoder = TLSEncoder()
          switch (step + Int(count)) % 8 {
          case 0: encoder.write(try decoder.read(UInt8.self))
          case 1: encoder.write(try decoder.read(UInt16.self))
          case 2: encoder.write(try decoder.read(UInt32.self))
          case 3: encoder.write(try decoder.read(UInt64.self))
          case 4: encoder.write(opaque: try decoder.readOpaque())
          case 5: encoder.write(string: try decoder.readString(bound: 100))
          case 6: encoder.write(optional: try decoder.readOptional(LeafIndex.self))
          default: encoder.write(vector: try decoder.readVector(of: ExtensionType.self, bound: 64))
          }
          precondition(encoder.bytes == decoder.consumed(since: mark), "a value has two encodings")
        }
        try decoder.finish()
      } catch {
        precondition(decoder.remaining >= 0)
      }
    } seeds: {
      [[8] + [UInt8](repeating: 1, count: 60), [200] + [UInt8](repeating: 0, count: 300)]
    }
  ]

  static let model: [FuzzTarget] = [
    decoder("envelope", Envelope.self) { [] },
    decoder("message-content", MessageContent.self) { [] },
    decoder("messages-again", MessagesAgain.self) {
      [MessagesAgain(idle: [NumberRange(1...2)], gone: [NumberRange(7...8)])]
    },
    decoder("document-manifest", DocumentManifest.self) { [] },
    decoder("room-commit", RoomCommit.self) {
      let proof = CommitProof(term: Term(number: 0, orderer: try Handle("xa")), promises: [], votes: [])
      return [
        RoomCommit(epoch: 5, proposedAt: Timestamp(milliseconds: 7), commit: [1], groupInfo: [2], proof: proof)
      ]
    },
    decoder("room-welcome", RoomWelcome.self) {
      [RoomWelcome(welcome: [1], groupInfo: [2], ratchetTree: [3], added: [try Address("ana@xa")])]
    },
    decoder("receipt", Receipt.self) { [] },
    decoder("directory-head", DirectoryHead.self) {
      [
        DirectoryHead(
          handle: try Handle("xa"), beganAt: Timestamp(milliseconds: 1), size: 7,
          root: [UInt8](repeating: 1, count: 32),
          signedAt: Timestamp(milliseconds: 2))
      ]
    },
    decoder("directory-entry", DirectoryEntry.self) { [.other(type: 9, content: [1, 2])] },
    decoder("directory-continuation", DirectoryContinuation.self) {
      [DirectoryContinuation(root: [UInt8](repeating: 1, count: 32), path: [[UInt8](repeating: 2, count: 32)])]
    },
    decoder("shown-heads", ShownHeads.self) { [ShownHeads([])] },
    FuzzTarget(name: "directory-evidence") { input in
      if let evidence = try? DirectoryEvidence(tlsEncoded: input) {
        precondition(evidence.tlsEncoded == input, "a value has two encodings")
        _ = try? evidence.first.relation(to: evidence.second, by: evidence.card)
        _ = evidence.continuation?.verdict(lesser: evidence.first, greater: evidence.second, by: evidence.card)
      }
      _ = try? Armor.decodeEvidence(String(decoding: input, as: UTF8.self))
    } seeds: {
      [Array("-----BEGIN LIAISON DIRECTORY EVIDENCE-----\nAQ==\n-----END LIAISON DIRECTORY EVIDENCE-----\n".utf8)]
    },
    FuzzTarget(name: "message-receipts") { input in
      if let receipts = try? MessageReceipts(tlsEncoded: input) {
        precondition(receipts.tlsEncoded == input, "a value has two encodings")
        _ = try? receipts.claimedHolders()
      }
      _ = try? Armor.decodeReceipts(String(decoding: input, as: UTF8.self))
    } seeds: {
      [Array("-----BEGIN LIAISON RECEIPT-----\nAQ==\n-----END LIAISON RECEIPT-----\n".utf8)]
    },
    decoder("invitation", Invitation.self) { [] },
    decoder("person-entry", PersonEntry.self) { [try Samples.entry] },
    decoder("vouch", Vouch.self) { [try Samples.vouch] },
    decoder("vouch-revocation", VouchRevocation.self) {
      let vouch = try Samples.vouch
      return [
        try VouchRevocation(
          identifier: vouch.identifier, voucher: vouch.voucher, device: vouch.device, expiresAt: vouch.expiresAt,
          revokedAt: vouch.madeAt)
      ]
    },
    FuzzTarget(name: "vcard") { input in
      guard let cards = try? VCard.read(input).cards else { return }
      for person in cards.compactMap({ VCardPerson($0) }) {
        guard let again = try? VCard.read(Array(person.card().encoded.utf8)).cards, again.count == 1 else {
          preconditionFailure("a vCard that was written cannot be read")
        }
        precondition(VCardPerson(again[0])?.address == person.address, "a vCard changed in its encoding")
        precondition((try? VCardPerson(tlsEncoded: person.tlsEncoded)) == person, "a person has two encodings")
      }
    } seeds: {
      [
        """
        BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ana\\, Arden\r\nX-LIAISON-ADDRESS:ana@xa\r\nORG:Grid;North\r
        RELATED;TYPE="agent";VALUE=text:bo@\r\n xb\r\nLANG;PREF=1:ka\r\nTZ:Asia/Tbilisi\r\nEND:VCARD\r\n
        """, "BEGIN:VCARD\nVERSION:3.0\nitem1.IMPP;X-A=\"b;c\",d:liaison:ana@xa\nN:Arden;Ana;;;\nEND:VCARD\n",
      ].map { Array($0.utf8) }
    },
    FuzzTarget(name: "people-words") { input in
      let words = PeopleWords(String(decoding: input, as: UTF8.self))
      precondition(words.words.count <= Limits.searchWordsMax)
      // Nothing that was typed is outside of a string.
      guard let expression = words.expression else { return }
      precondition(expression.utf8.count(where: { $0 == UInt8(ascii: "\"") }).isMultiple(of: 2))
      precondition(!expression.utf8.contains(0))
    } seeds: {
      ["ana@xa", "Élan \"OR\" *", "\" \"\" x", "\"\u{301}x \u{0}y"].map { Array($0.utf8) }
    },
    decoder("role-card", RoleCard.self) { [try Samples.roleCard(handOver: nil), try Samples.roleCard()] },
    decoder("handed-over", HandedOver.self) {
      let content = MessageContent(
        message: try MessageIdentifier(bytes: Array(1...16)), sequence: 1, sentAt: Timestamp(milliseconds: 1),
        precedence: .flash, marking: .amber, replyTo: nil, body: .text("Gate 3 is open"))
      return try [HandedOver(content, from: Address("boris@xb"))].compactMap(\.self)
    },
    decoder("com-check", ComCheck.self) {
      [
        try ComCheck(
          nonce: Array(1...16), origin: Handle("xa"), precedence: .flash,
          startedAt: Timestamp(milliseconds: 1), answerBy: Timestamp(milliseconds: 2))
      ]
    },
    decoder("proven-answer", ProvenAnswer.self) { [try Samples.provenAnswer] },
    FuzzTarget(name: "cards") { input in
      if let card = try? Unverified<NodeCard>(tlsEncoded: input) { _ = try? card.claim() }
      if let card = try? Unverified<MemberCard>(tlsEncoded: input) { _ = try? card.claim() }
      if let card = try? NodeCard(tlsEncoded: input) { precondition(card.tlsEncoded == input) }
      if let card = try? MemberCard(tlsEncoded: input) { precondition(card.tlsEncoded == input) }
      let text = String(decoding: input, as: UTF8.self)
      _ = try? Invitation(text: text)
      if let handle = try? Handle(text) { precondition(handle.description == text) }
      if let address = try? Address(text) { precondition(address.description == text) }
      if let endpoint = try? Endpoint(text) { precondition(endpoint.description == text) }
    } seeds: {
      ["ana@xa", "xa", "node.example:7401", "[::1]:1", "liaison-invitation:AAAA"].map { Array($0.utf8) }
    },
  ]

  /// Frames of links: what was decoded must survive its encoding.
  static let protocols: [FuzzTarget] = [
    FuzzTarget(name: "frame") { input in
      guard let frame = try? Frame(encoded: input) else { return }
      guard let again = try? Frame(encoded: frame.encoded) else { preconditionFailure("a frame cannot be read again") }
      precondition(again == frame, "a frame changed in its encoding")
    } seeds: {
      [Frame(request: 1, .ping), Frame(.done), Frame(request: 7, .deliver(envelope: [1, 2, 3])), Frame(.peersRequest)]
        .map(\.encoded)
    }
  ]
}

/// What members say, as seeds.
private enum Samples {
  private static let device = SigningKey<DeviceSignaturePurpose>()

  /// One that ana holds; handed over to her by nino unless it is said otherwise.
  static func roleCard(handOver: HandOver?) throws -> RoleCard {
    let (ana, nino) = (try Address("ana@xa"), try Address("nino@xa"))
    return try RoleCard(
      address: Address("duty-officer@xa"),
      duty: RoleCard.Duty(title: "Duty officer", holders: [ana], alternate: nino, contactPoint: nino), serial: 2,
      issuedAt: Timestamp(milliseconds: 1), expiresAt: Timestamp(milliseconds: 2), handOver: handOver)
  }

  static func roleCard() throws -> RoleCard {
    let identifier = try DeviceIdentifier(bytes: Array(0..<16))
    let offer = Signed(
      DutyOffer(
        role: try Address("duty-officer@xa"), from: try Address("nino@xa"), device: identifier,
        to: try Address("ana@xa"), serial: 1, offeredAt: Timestamp(milliseconds: 1),
        expiresAt: Timestamp(milliseconds: 2)), by: device
    ).unverified
    let acceptance = DutyAcceptance(of: offer, device: identifier, acceptedAt: Timestamp(milliseconds: 1))
    return try roleCard(handOver: HandOver(offer: offer, acceptance: Signed(acceptance, by: device).unverified))
  }

  static var provenAnswer: ProvenAnswer {
    get throws {
      let (ana, node) = (try Address("ana@xa"), SigningKey<NodePurpose>())
      let identifier = try DeviceIdentifier(bytes: Array(0..<16))
      let card = try MemberCard(
        address: ana, name: "Ana", discipline: .cyber, role: "",
        devices: [MemberCard.Device(identifier: identifier, signatureKey: device.publicKey)], serial: 1,
        issuedAt: Timestamp(milliseconds: 1), expiresAt: Timestamp(milliseconds: 2))
      let answer = ComCheckAnswer(
        checkDigest: [UInt8](repeating: 7, count: 32), role: try Address("duty-officer@xa"), person: ana,
        device: identifier, answeredAt: Timestamp(milliseconds: 1))
      return ProvenAnswer(
        answer: Signed(answer, by: device).unverified, memberCard: Signed(card, by: node).unverified,
        roleCard: Signed(try roleCard(), by: node).unverified)
    }
  }

  static var entry: PersonEntry {
    get throws {
      try PersonEntry(
        address: Address("ana@xa"), device: DeviceIdentifier(bytes: Array(0..<16)), institution: "Grid Operator",
        languages: [LanguageTag("ka"), LanguageTag("en-GB")], timeZone: TimeZoneName("Asia/Tbilisi"), duty: "incidents",
        alternate: Address("bo@xa"), serial: 3, confirmedAt: Timestamp(milliseconds: 7))
    }
  }

  static var vouch: Vouch {
    get throws {
      try Vouch(
        identifier: VouchIdentifier(bytes: Array(3..<19)), voucher: Address("ana@xa"),
        device: DeviceIdentifier(bytes: Array(0..<16)), subject: Address("boris@xb"),
        rootKey: RootKey(bytes: [UInt8](repeating: 5, count: 32)), signatureKeys: [device.publicKey],
        kind: .event("exercise"), madeAt: Timestamp(milliseconds: 7), expiresAt: Timestamp(milliseconds: 9))
    }
  }
}
