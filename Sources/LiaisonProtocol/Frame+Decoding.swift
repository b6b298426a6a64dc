internal import FoundationEssentials
public import LiaisonModel
internal import SwiftProtobuf
internal import TLSPresentation

/// A frame that breaks the protocol; its link is closed. The text names no content.
public struct FrameError: Error, Equatable, Sendable {
  public let text: String

  init(_ text: String) { self.text = text }
}

extension Frame {
  /// Reads one frame's body, without its length.
  public init(encoded bytes: [UInt8]) throws(FrameError) {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 8
    let wire: Liaison_Link_V1_Frame
    do { wire = try Liaison_Link_V1_Frame(serializedBytes: bytes, options: options) } catch {
      throw FrameError("a frame is not of the protocol")
    }
    guard let body = wire.body else { throw FrameError("a frame has no body, or one of an unknown kind") }
    do { self.init(request: wire.request, try Body(body)) } catch let error as FrameError { throw error } catch {
      throw FrameError("a frame holds a malformed value")
    }
  }
}

extension Frame.Body {
  fileprivate init(_ wire: Liaison_Link_V1_Frame.OneOf_Body) throws {
    switch wire {
    case .hello(let hello):
      guard 1...1024 ~= hello.versionMin, hello.versionMin <= hello.versionMax else {
        throw FrameError("a Hello names no versions")
      }
      self = .hello(
        Frame.Hello(
          versions: hello.versionMin...hello.versionMax, clock: Timestamp(milliseconds: hello.clock),
          software: bounded(hello.software, 64),
          nodeCard: hello.nodeCard.isEmpty ? nil : try Unverified(tlsEncoded: Array(hello.nodeCard)),
          inboxPosition: hello.inboxPosition))
    case .ping: self = .ping
    case .pong: self = .pong
    case .failure(let failure): self = .failure(Frame.Failure(failure))
    case .done: self = .done
    case .deliver(let deliver): self = .deliver(envelope: Array(deliver.envelope))
    case .receipts(let receipts):
      guard receipts.inclusions.count <= Limits.receiptBatchMax else { throw FrameError("too many receipts at once") }
      self = .receipts(
        Frame.Receipts(
          batch: try Unverified(tlsEncoded: Array(receipts.batch)),
          inclusions: try receipts.inclusions.map { inclusion in
            guard inclusion.envelopeDigest.count == 32 else { throw FrameError("a receipt's digest is malformed") }
            return Frame.Receipts.Inclusion(
              leaf: ReceiptLeaf(
                message: try MessageIdentifier(bytes: Array(inclusion.message)),
                envelopeDigest: Array(inclusion.envelopeDigest)), index: inclusion.index,
              path: try hashes(inclusion.path, max: 32))
          }))
    case .trustLogHeads(let heads):
      guard heads.own.count <= 1024, heads.seen.count <= 1024, heads.proof.count <= 64,
        heads.proof.allSatisfy({ $0.count == 32 }), heads.lost.entry.count <= 2048, heads.lost.path.count <= 64,
        heads.lost.path.allSatisfy({ $0.count == 32 })
      else { throw FrameError("heads of trust logs are malformed") }
      self = .trustLogHeads(
        Frame.TrustLogHeads(
          own: Array(heads.own), seen: Array(heads.seen), proof: heads.proof.map { Array($0) },
          lost: !heads.hasLost
            ? nil
            : Frame.TrustLogHeads.Loss(
              entry: Array(heads.lost.entry), index: heads.lost.index, path: heads.lost.path.map { Array($0) })))
    case .trustNotices(let notices):
      guard notices.notices.count <= Limits.noticesPerFrameMax,
        notices.notices.allSatisfy({ $0.count <= 2 * Limits.statementBytesMax })
      else { throw FrameError("notices are malformed") }
      self = .trustNotices(notices.notices.map { Array($0) })
    case .charters(let charters):
      guard charters.charters.count <= Limits.chartersMax,
        charters.charters.allSatisfy({ $0.count <= Limits.charterFileBytesMax })
      else { throw FrameError("charters are malformed") }
      self = .charters(charters.charters.map { Array($0) })
    case .nextCard(let next): self = .nextCard(try Unverified(tlsEncoded: Array(next.card)))
    case .bundleKey(let key): self = .bundleKey(try Unverified(tlsEncoded: Array(key.key)))
    case .carry(let carry): self = .carry(to: try Handle(carry.to), part: Array(carry.part))
    case .carried(let carried): self = .carried(from: try Handle(carried.from), part: Array(carried.part))
    case .notCarried(let failed): self = .notCarried(to: try Handle(failed.to), Frame.Failure(failed.failure))
    case .bundleSeen(let seen): self = .bundleSeen(sequence: seen.sequence)
    case .refused(let refused):
      self = .refused(message: try MessageIdentifier(bytes: Array(refused.message)), Frame.Failure(refused.failure))
    case .hubCommit(let commit): self = .hubCommit(try Frame.HubCommit(commit))
    case .proposal(let proposal): self = .proposal(try Frame.Proposal(proposal))
    case .vote(let vote): self = .vote(try Unverified(tlsEncoded: Array(vote.vote)))
    case .takeoverRequest(let request):
      self = .takeoverRequest(
        room: try RoomIdentifier(bytes: Array(request.room)), epoch: request.epoch, number: request.number)
    case .takeoverAnswer(let answer):
      self = .takeoverAnswer(
        Frame.TakeoverAnswer(
          room: try RoomIdentifier(bytes: Array(answer.room)),
          promise: answer.promise.isEmpty ? nil : try Unverified(tlsEncoded: Array(answer.promise)),
          voted: answer.hasVoted ? try Frame.Proposal(answer.voted) : nil, refusal: bounded(answer.refusal, 256)))
    case .roomPosition(let position):
      self = .roomPosition(
        Frame.RoomPosition(
          room: try RoomIdentifier(bytes: Array(position.room)), epoch: position.epoch, number: position.number,
          asks: position.asks))
    case .roomCommits(let commits):
      guard commits.commits.count <= Limits.commitsKeptPerRoomMax else { throw FrameError("too many commits at once") }
      self = .roomCommits(
        room: try RoomIdentifier(bytes: Array(commits.room)), commits.commits.map { Array($0) })
    case .hubAnswer(let answer):
      guard let outcome = Frame.HubAnswer.Outcome(rawValue: answer.outcome.rawValue) else {
        throw FrameError("a hub's answer is of an unknown kind")
      }
      self = .hubAnswer(Frame.HubAnswer(outcome, epoch: answer.epoch, text: bounded(answer.text, 256)))
    case .keyPackagesRequest(let request): self = .keyPackagesRequest(try Address(request.address))
    case .keyPackages(let answer): self = .keyPackages(answer.keyPackages.map { Array($0) })
    case .directoryQuery(let query) where query.duty: self = .dutyQuery(try Address(query.address))
    case .directoryQuery(let query) where !query.comCheck.isEmpty:
      self = .comCheck(try Unverified(tlsEncoded: Array(query.comCheck)), role: try Address(query.address))
    case .directoryAnswer(let answer) where answer.hasDuties:
      self = .dutyAnswer(try Frame.Duties(answer.duties))
    case .directoryAnswer(let answer) where !answer.comCheckReceipt.isEmpty:
      self = .comCheckReceipt(try Unverified(tlsEncoded: Array(answer.comCheckReceipt)))
    case .dutyChange(let change): self = .dutyChange(try Frame.DutyChange(change))
    case .comCheckAnswer(let answer): self = .comCheckAnswer(try ProvenAnswer(tlsEncoded: Array(answer.answer)))
    case .comCheckTaken(let taken): self = .comCheckTaken(try ComCheckIdentifier(bytes: Array(taken.check)))
    case .directoryQuery(let query): self = .directoryQuery(try Frame.DirectoryQuery(query))
    case .directoryAnswer(let answer): self = .directoryAnswer(try Frame.DirectoryAnswer(answer))
    case .memberStatement(let statement): self = .memberStatement(try Frame.MemberStatement(statement))
    case .directoryChanged: self = .directoryChanged
    case .directoryHeads(let heads): self = .directoryHeads(try Frame.DirectoryHeads(heads))
    case .directoryContinuationRequest(let request):
      self = .directoryContinuationRequest(
        Frame.DirectoryContinuationRequest(
          handle: try Handle(request.handle), beganAt: Timestamp(milliseconds: request.beganAt), from: request.from,
          to: request.to))
    case .directoryContinuation(let continuation):
      self = .directoryContinuation(try DirectoryContinuation(continuation))
    case .directoryRecordsRequest(let request):
      self = .directoryRecordsRequest(beganAt: Timestamp(milliseconds: request.beganAt), from: request.from)
    case .directoryRecords(let records): self = .directoryRecords(try Frame.DirectoryRecords(records))
    case .directoryEntriesRequest(let request):
      guard request.indices.count <= Limits.directoryEntriesMax else { throw FrameError("too many entries at once") }
      self = .directoryEntriesRequest(request.indices)
    case .directoryEntries(let answer):
      guard answer.entries.count <= Limits.directoryEntriesMax else { throw FrameError("too many entries at once") }
      self = .directoryEntries(answer.entries.map { Array($0) })
    case .submit(let submit): self = .submit(envelope: Array(submit.envelope))
    case .createRoom(let room):
      self = .createRoom(
        Frame.CreateRoom(
          room: try RoomIdentifier(bytes: Array(room.room)), groupInfo: Array(room.groupInfo),
          ratchetTree: Array(room.ratchetTree)))
    case .uploadKeyPackages(let upload):
      self = .uploadKeyPackages(
        keyPackages: upload.keyPackages.map { Array($0) },
        lastResort: upload.lastResort.isEmpty ? nil : Array(upload.lastResort))
    case .roomStateRequest(let request): self = .roomStateRequest(try RoomIdentifier(bytes: Array(request.room)))
    case .roomState(let state):
      self = .roomState(
        Frame.RoomState(
          groupInfo: Array(state.groupInfo), ratchetTree: Array(state.ratchetTree), hub: try Handle(state.hub)))
    case .peersRequest: self = .peersRequest
    case .peers(let answer):
      self = .peers(
        try answer.peers.map {
          guard $0.directoryEvidence.count <= Limits.directoryEvidencePerCountryMax else {
            throw FrameError("too much evidence at once")
          }
          return Frame.Peer(
            nodeCard: try Unverified(tlsEncoded: Array($0.nodeCard)), isActive: $0.active, isLinked: $0.linked,
            directoryHead: $0.directoryHead.isEmpty ? nil : try Unverified(tlsEncoded: Array($0.directoryHead)),
            directoryEvidence: try $0.directoryEvidence.map { try DirectoryEvidence(tlsEncoded: Array($0)) })
        })
    case .inboxItem(let item): self = .inboxItem(try Frame.InboxItem(item))
    case .inboxAcknowledge(let acknowledge): self = .inboxAcknowledge(sequence: acknowledge.sequence)
    case .enrol(let enrol):
      guard enrol.secret.count == 32 else { throw FrameError("an invitation's secret is malformed") }
      self = .enrol(
        Frame.Enrol(
          secret: Array(enrol.secret),
          device: MemberCard.Device(
            identifier: try DeviceIdentifier(bytes: Array(enrol.device)),
            signatureKey: try DeviceSignatureKey(bytes: Array(enrol.signatureKey))),
          binding: try Unverified(tlsEncoded: Array(enrol.binding)),
          authorisation: enrol.authorisation.isEmpty
            ? nil : try DeviceAuthorisation(tlsEncoded: Array(enrol.authorisation))))
    case .enrolled(let enrolled):
      self = .enrolled(
        memberCard: try Unverified(tlsEncoded: Array(enrolled.memberCard)),
        nodeCard: try Unverified(tlsEncoded: Array(enrolled.nodeCard)))
    case .roomsRequest: self = .roomsRequest
    case .rooms(let answer):
      guard answer.rooms.count <= Limits.roomsListedMax else { throw FrameError("too many rooms at once") }
      self = .rooms(
        try answer.rooms.map {
          Frame.Room(
            room: try RoomIdentifier(bytes: Array($0.room)), hub: try Handle($0.hub), epoch: $0.epoch,
            isPresent: $0.present, isWelcomed: $0.welcomed)
        }, keyPackages: Int(answer.keyPackages))
    case .devicesRequest: self = .devicesRequest
    case .devices(let answer):
      guard answer.devices.count <= Limits.devicesPerMemberMax else { throw FrameError("too many devices at once") }
      self = .devices(
        try answer.devices.map {
          Frame.Device(
            device: try DeviceIdentifier(bytes: Array($0.device)), enrolledAt: Timestamp(milliseconds: $0.enrolledAt),
            isLinked: $0.linked, waiting: $0.waiting,
            authorisation: $0.authorisation.isEmpty
              ? nil : try DeviceAuthorisation(tlsEncoded: Array($0.authorisation)))
        })
    case .deviceInvite(let invite):
      guard invite.secretHash.count == 32 else { throw FrameError("an invitation's hash is malformed") }
      self = .deviceInvite(
        secretHash: Array(invite.secretHash), expiresAt: Timestamp(milliseconds: invite.expiresAt))
    case .keyPackagesForget: self = .keyPackagesForget
    case .deviceRemove(let remove): self = .deviceRemove(try DeviceIdentifier(bytes: Array(remove.device)))
    case .chunkQuery(let query):
      self = .chunkQuery(room: try RoomIdentifier(bytes: Array(query.room)), try query.names.map(chunkName))
    case .chunkMissing(let missing): self = .chunkMissing(try missing.names.map(chunkName))
    case .chunkPut(let put):
      self = .chunkPut(room: try RoomIdentifier(bytes: Array(put.room)), ciphertext: Array(put.ciphertext))
    case .chunkGet(let get):
      self = .chunkGet(
        room: try RoomIdentifier(bytes: Array(get.room)), try chunkName(get.name),
        origin: get.origin.isEmpty ? nil : try Handle(get.origin))
    case .chunk(let chunk): self = .chunk(ciphertext: Array(chunk.ciphertext))
    }
  }
}

extension Frame.Failure {
  fileprivate init(_ wire: Liaison_Link_V1_Failure) {
    self.init(Reason(rawValue: wire.reason.rawValue) ?? .unspecified, bounded(wire.text, 256))
  }
}

extension Frame.InboxItem {
  fileprivate init(_ wire: Liaison_Link_V1_InboxItem) throws {
    let content: Content
    switch wire.content {
    case .envelope(let bytes): content = .envelope(Array(bytes))
    case .receipt(let bytes): content = .receipt(try Receipt(tlsEncoded: Array(bytes)))
    case .undeliverable(let event):
      content = .undeliverable(
        message: try MessageIdentifier(bytes: Array(event.message)), at: try Handle(event.handle),
        Frame.Failure(event.failure))
    case nil: throw FrameError("an inbox item is empty, or of an unknown kind")
    }
    self.init(sequence: wire.sequence, isAhead: wire.ahead, content)
  }
}

private func chunkName(_ bytes: Data) throws -> ChunkName { try ChunkName(bytes: Array(bytes)) }

/// At most `bound` bytes of a text that is only shown to people.
func bounded(_ text: String, _ bound: Int) -> String {
  text.utf8.count <= bound ? text : String(decoding: text.utf8.prefix(bound), as: UTF8.self)
}

extension Frame.HubCommit {
  fileprivate init(_ wire: Liaison_Link_V1_HubCommit) throws {
    self.init(
      message: try MessageIdentifier(bytes: Array(wire.message)), room: try RoomIdentifier(bytes: Array(wire.room)),
      commit: Array(wire.commit), welcome: wire.welcome.isEmpty ? nil : Array(wire.welcome),
      groupInfo: Array(wire.groupInfo), isTakeover: wire.takeover)
  }
}

extension Frame.Proposal {
  fileprivate init(_ wire: Liaison_Link_V1_Proposal) throws {
    guard wire.hasCommit, wire.epoch < UInt64(Int64.max), wire.promises.count <= Limits.peersMax + 1 else {
      throw FrameError("a proposal is malformed")
    }
    self.init(
      commit: try Frame.HubCommit(wire.commit), epoch: wire.epoch,
      proposedAt: Timestamp(milliseconds: wire.proposedAt),
      term: Term(number: wire.number, orderer: try Handle(wire.orderer)),
      promises: try wire.promises.map { try Unverified(tlsEncoded: Array($0)) })
  }
}
