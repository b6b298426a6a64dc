import LiaisonModel
import LiaisonProtocol
import Testing

@Suite("Frames")
struct FrameTests {
  static func bodies() throws -> [Frame.Body] {
    let message = try MessageIdentifier(bytes: Array(1...16))
    let room = try RoomIdentifier(bytes: Array(2...17))
    let handle = try Handle("xa")
    let address = try Address("ana@xa")
    let now = Timestamp(milliseconds: 1_800_000_000_000)
    let root = SigningKey<RootPurpose>()
    let node = SigningKey<NodePurpose>()
    let signature = SigningKey<DeviceSignaturePurpose>()
    let nodeCard = Signed(
      try NodeCard(
        handle: handle, country: "XA", name: "Averland", rootKey: root.publicKey, nodeKeys: [node.publicKey],
        endpoints: [], serial: 1, issuedAt: now, expiresAt: now.adding(milliseconds: 1)), by: root
    ).unverified
    let device = MemberCard.Device(
      identifier: try DeviceIdentifier(bytes: Array(3...18)), signatureKey: signature.publicKey)
    let memberCard = Signed(
      try MemberCard(
        address: address, name: "Ana", discipline: .cyber, role: "", devices: [device], serial: 1, issuedAt: now,
        expiresAt: now.adding(milliseconds: 1)), by: node
    ).unverified
    let digest = [UInt8](repeating: 5, count: 32)
    let batch = Signed(
      ReceiptBatch(holder: handle, origin: handle, heldAt: now, count: 1, root: digest), by: node
    ).unverified
    let leaf = ReceiptLeaf(message: message, envelopeDigest: digest)
    let binding = Signed(
      DeviceBinding(
        device: device.identifier, linkKey: SigningKey<DeviceLinkPurpose>().publicKey, invitation: digest),
      by: signature
    ).unverified
    let term = Term(number: 3, orderer: handle)
    let promise = Signed(
      TakeoverPromise(room: room, epoch: 4, term: term, node: handle, voted: nil), by: node
    ).unverified
    let vote = Signed(
      CommitVote(room: room, epoch: 4, term: term, node: handle, digest: digest), by: node
    ).unverified
    let proposal = Frame.Proposal(
      commit: Frame.HubCommit(
        message: message, room: room, commit: [1], welcome: [3], groupInfo: [2], isTakeover: true),
      epoch: 4, proposedAt: now, term: term, promises: [promise])
    let entry = Signed(
      try PersonEntry(
        address: address, device: device.identifier, institution: "Grid", languages: [LanguageTag("ka")], serial: 1,
        confirmedAt: now), by: signature
    ).unverified
    let vouch = try Vouch(
      identifier: VouchIdentifier(bytes: Array(5...20)), voucher: address, device: device.identifier,
      subject: Address("boris@xb"), rootKey: root.publicKey, signatureKeys: [signature.publicKey],
      kind: .event("exercise"), madeAt: now, expiresAt: now.adding(milliseconds: 1))
    let revocation = Signed(
      try VouchRevocation(
        identifier: vouch.identifier, voucher: address, device: device.identifier, expiresAt: vouch.expiresAt,
        revokedAt: now), by: signature
    ).unverified
    let signedVouch = Signed(vouch, by: signature).unverified
    let people = Frame.People(entries: [entry], vouches: [signedVouch], revocations: [revocation])
    let head = Signed(
      DirectoryHead(handle: handle, beganAt: now, size: 3, root: digest, signedAt: now), by: node
    ).unverified
    let other = Signed(
      DirectoryHead(handle: handle, beganAt: now, size: 3, root: leaf.envelopeDigest.map { $0 + 1 }, signedAt: now),
      by: node
    ).unverified
    guard case .contradictory(let evidence) = try head.relation(to: other, by: nodeCard) else {
      throw ModelError.badSignature
    }
    let grant = Signed(
      DeviceGrant(
        address: address, device: device.identifier,
        invitationKey: SigningKey<DeviceInvitationPurpose>().publicKey, expiresAt: now), by: signature)
    let acceptance = Signed(DeviceAcceptance(device: device), by: SigningKey<DeviceInvitationPurpose>())
    let authorisation = DeviceAuthorisation(grant: grant.unverified, acceptance: acceptance.unverified)
    let offer = Signed(
      DutyOffer(
        role: address, from: address, device: device.identifier, to: address, serial: 1, offeredAt: now,
        expiresAt: now), by: signature
    ).unverified
    let dutyAcceptance = Signed(
      DutyAcceptance(of: offer, device: device.identifier, acceptedAt: now), by: signature
    ).unverified
    let roleCard = Signed(
      try RoleCard(
        address: Address("duty-officer@xa"), duty: RoleCard.Duty(title: "Duty officer", holders: [address]), serial: 1,
        issuedAt: now, expiresAt: now.adding(milliseconds: 1)), by: node
    ).unverified
    let check = Signed(
      try ComCheck(
        nonce: message.bytes, origin: handle, precedence: .flash, startedAt: now,
        answerBy: now.adding(milliseconds: 1)), by: node
    ).unverified
    let checkReceipt = Signed(
      ComCheckReceipt(checkDigest: digest, holder: handle, standing: .vacant, heldAt: now), by: node
    ).unverified
    let answer = Signed(
      ComCheckAnswer(
        checkDigest: digest, role: address, person: address, device: device.identifier, answeredAt: now),
      by: signature
    ).unverified
    return [
      .directoryAnswer(Frame.DirectoryAnswer(cards: [memberCard], people: people, hasMore: true)),
      .directoryAnswer(
        Frame.DirectoryAnswer(
          people: people,
          page: Frame.DirectoryPage(version: digest, isFirst: true, isLast: false, next: 8, gone: [address]))),
      .directoryQuery(
        .text(
          "ana",
          filter: Frame.PeopleFilter(country: "xb", discipline: .cyber, language: try LanguageTag("ka"), isStale: true)
        )), .directoryQuery(.page(Frame.DirectoryPosition())),
      .directoryQuery(.page(Frame.DirectoryPosition(version: digest, since: 7))),
      .directoryQuery(.vouches(of: address)),
      .directoryQuery(.ways(to: address)), .directoryChanged, .memberStatement(.entry(entry)),
      .memberStatement(.vouch(signedVouch)), .memberStatement(.revocation(revocation)),
      .directoryAnswer(
        Frame.DirectoryAnswer(
          cards: [memberCard], head: head, inclusions: [DirectoryInclusion(index: 2, path: [digest, digest])])),
      .directoryHeads(Frame.DirectoryHeads(heads: [head, other], evidence: [evidence])),
      .directoryContinuationRequest(
        Frame.DirectoryContinuationRequest(handle: handle, beganAt: now, from: 2, to: 3)),
      .directoryContinuation(DirectoryContinuation(root: digest, path: [digest])),
      .directoryRecordsRequest(beganAt: now, from: 1),
      .directoryRecords(
        Frame.DirectoryRecords(
          head: head, from: 1, records: [DirectoryRecord(address, entry: [1]), DirectoryRecord(address, entry: [2])])),
      .directoryEntriesRequest([1, 5]), .directoryEntries([[], [1, 2]]),
      .peers([
        Frame.Peer(
          nodeCard: nodeCard, isActive: true, isLinked: false, directoryHead: head, directoryEvidence: [evidence])
      ]),
      .enrol(Frame.Enrol(secret: digest, device: device, binding: binding, authorisation: authorisation)),
      .devices([
        Frame.Device(
          device: device.identifier, enrolledAt: now, isLinked: true, waiting: 4, authorisation: authorisation)
      ]),
      .proposal(proposal), .vote(vote), .takeoverRequest(room: room, epoch: 4, number: 3),
      .takeoverAnswer(Frame.TakeoverAnswer(room: room, promise: promise, voted: proposal)),
      .takeoverAnswer(Frame.TakeoverAnswer(room: room, promise: nil, refusal: "xb reaches xa")),
      .roomPosition(Frame.RoomPosition(room: room, epoch: 4, number: 2, asks: true)),
      .roomCommits(room: room, [[1], [2, 3]]),
      .hello(Frame.Hello(clock: now, software: "liaisond 0.1", nodeCard: nodeCard, inboxPosition: 9)),
      .hello(Frame.Hello(versions: 1...3, clock: now, software: "")), .ping, .pong, .done,
      .failure(Frame.Failure(.limit, "too many")), .deliver(envelope: [1, 2]),
      .receipts(
        Frame.Receipts(
          batch: batch, inclusions: [Frame.Receipts.Inclusion(leaf: leaf, index: 3, path: [digest, digest])])),
      .refused(message: message, Frame.Failure(.unknown, "no such room")),
      .hubCommit(Frame.HubCommit(message: message, room: room, commit: [1], welcome: nil, groupInfo: [2])),
      .hubCommit(Frame.HubCommit(message: message, room: room, commit: [1], welcome: [3], groupInfo: [2])),
      .hubAnswer(Frame.HubAnswer(.stale, epoch: 4, text: "another commit came first")),
      .keyPackagesRequest(address), .keyPackages([[1], [2, 3]]), .directoryQuery(.address(address)),
      .trustLogHeads(Frame.TrustLogHeads()), .trustNotices([]), .trustNotices([[1], [2, 3]]), .nextCard(nodeCard),
      .charters([]), .charters([[1], [2, 3]]),
      .bundleKey(BundleSecret(of: node).statement(of: handle, at: now, by: node).unverified), .bundleSeen(sequence: 7),
      .carry(to: handle, part: [1]), .carried(from: handle, part: [2, 3]),
      .notCarried(to: handle, Frame.Failure(.unavailable, "no link")),
      .trustLogHeads(Frame.TrustLogHeads(own: [1], seen: [2], proof: [digest, digest])),
      .trustLogHeads(
        Frame.TrustLogHeads(own: [1], lost: Frame.TrustLogHeads.Loss(entry: [3], index: 4, path: [digest, digest]))),
      .directoryQuery(.text("ana")), .directoryAnswer(Frame.DirectoryAnswer(cards: [memberCard])),
      .submit(envelope: [7]),
      .createRoom(Frame.CreateRoom(room: room, groupInfo: [1], ratchetTree: [2])),
      .uploadKeyPackages(keyPackages: [[1]], lastResort: [2]), .uploadKeyPackages(keyPackages: [], lastResort: nil),
      .roomStateRequest(room), .roomState(Frame.RoomState(groupInfo: [1], ratchetTree: [2], hub: handle)),
      .peersRequest, .peers([Frame.Peer(nodeCard: nodeCard, isActive: true, isLinked: false)]),
      .inboxItem(Frame.InboxItem(sequence: 1, .envelope([1]))),
      .inboxItem(Frame.InboxItem(sequence: 9, isAhead: true, .envelope([1]))),
      .inboxItem(Frame.InboxItem(sequence: 2, .receipt(Receipt(batch: batch, leaf: leaf, index: 0, path: [digest])))),
      .inboxItem(
        Frame.InboxItem(sequence: 3, .undeliverable(message: message, at: handle, Frame.Failure(.later, "full")))),
      .inboxAcknowledge(sequence: 8),
      .enrol(Frame.Enrol(secret: digest, device: device, binding: binding)),
      .enrolled(memberCard: memberCard, nodeCard: nodeCard), .roomsRequest,
      .rooms([Frame.Room(room: room, hub: handle, epoch: 7, isPresent: true, isWelcomed: false)], keyPackages: 12),
      .devicesRequest, .keyPackagesForget,
      .devices([Frame.Device(device: device.identifier, enrolledAt: now, isLinked: true, waiting: 4)]),
      .deviceInvite(secretHash: digest, expiresAt: now), .deviceRemove(device.identifier),
      .chunkQuery(room: room, [ChunkName(of: [1])]),
      .chunkMissing([]), .chunkPut(room: room, ciphertext: [1]),
      .chunkGet(room: room, ChunkName(of: [1]), origin: handle), .chunkGet(room: room, ChunkName(of: [1]), origin: nil),
      .chunk(ciphertext: [9]),
      .dutyQuery(address), .dutyAnswer(Frame.Duties()),
      .dutyAnswer(Frame.Duties(roleCards: [roleCard], offers: [offer], checks: [check])),
      .dutyChange(.offer(offer)), .dutyChange(.acceptance(dutyAcceptance)), .dutyChange(.decline(address)),
      .dutyChange(.resign(address)), .dutyChange(.answer(answer)), .comCheck(check, role: address),
      .comCheckReceipt(checkReceipt),
      .comCheckAnswer(ProvenAnswer(answer: answer, memberCard: memberCard, roleCard: roleCard)),
      .comCheckTaken(try ComCheckIdentifier(bytes: message.bytes)),
    ]
  }

  @Test("Every frame survives the round trip")
  func roundTrips() throws {
    for body in try Self.bodies() {
      let frame = Frame(request: 77, body)
      #expect(try Frame(encoded: frame.encoded) == frame)
    }
  }

  @Test("A truncated or changed frame decodes to some frame or is refused, and never traps")
  func hostile() throws {
    for body in try Self.bodies() {
      let bytes = Frame(request: 1, body).encoded
      for length in bytes.indices { _ = try? Frame(encoded: Array(bytes[..<length])) }
      for position in bytes.indices {
        var changed = bytes
        changed[position] = changed[position] &+ 128
        _ = try? Frame(encoded: changed)
      }
    }
    #expect(throws: FrameError.self) { try Frame(encoded: []) }
    #expect(throws: FrameError.self) { try Frame(encoded: [UInt8](repeating: 0, count: 1 << 20)) }
  }

  @Test("The highest common version is taken, or none")
  func versions() {
    #expect(ProtocolVersion.common(1...3, 2...5) == 3)
    #expect(ProtocolVersion.common(1...1, 2...5) == nil)
  }

  @Test("A peer's overlong words are cut to their bound")
  func bounds() throws {
    let frame = Frame(.failure(Frame.Failure(.limit, String(repeating: "x", count: 10_000))))
    guard case .failure(let failure) = try Frame(encoded: frame.encoded).body else {
      Issue.record("not a failure")
      return
    }
    #expect(failure.text.utf8.count == 256)
  }
}
