internal import FoundationEssentials
internal import LiaisonModel
internal import SwiftProtobuf
internal import TLSPresentation

extension Frame {
  /// The frame's body, without its length.
  public var encoded: [UInt8] {
    var wire = Liaison_Link_V1_Frame()
    wire.request = request
    wire.body = body.wire
    // Serialising fails only for a missing required field or a message of 2 GiB; neither can be made here.
    guard let bytes: [UInt8] = try? wire.serializedBytes() else { preconditionFailure("a frame cannot be written") }
    return bytes
  }
}

extension Frame.Body {
  fileprivate var wire: Liaison_Link_V1_Frame.OneOf_Body {
    switch self {
    case .hello(let hello):
      return .hello(
        .with {
          $0.versionMin = hello.versions.lowerBound
          $0.versionMax = hello.versions.upperBound
          $0.clock = hello.clock.milliseconds
          $0.software = hello.software
          $0.nodeCard = Data(hello.nodeCard?.tlsEncoded ?? [])
          $0.inboxPosition = hello.inboxPosition
        })
    case .ping: return .ping(.init())
    case .pong: return .pong(.init())
    case .failure(let failure): return .failure(failure.wire)
    case .done: return .done(.init())
    case .deliver(let envelope): return .deliver(.with { $0.envelope = Data(envelope) })
    case .receipts(let receipts):
      return .receipts(
        .with {
          $0.batch = Data(receipts.batch.tlsEncoded)
          $0.inclusions = receipts.inclusions.map { inclusion in
            .with {
              $0.message = Data(inclusion.leaf.message.bytes)
              $0.envelopeDigest = Data(inclusion.leaf.envelopeDigest)
              $0.index = inclusion.index
              $0.path = Data(inclusion.path.joined())
            }
          }
        })
    case .trustLogHeads(let heads):
      return .trustLogHeads(
        .with {
          $0.own = Data(heads.own)
          $0.seen = Data(heads.seen)
          $0.proof = heads.proof.map { Data($0) }
          if let lost = heads.lost {
            $0.lost = .with {
              $0.entry = Data(lost.entry)
              $0.index = lost.index
              $0.path = lost.path.map { Data($0) }
            }
          }
        })
    case .trustNotices(let notices): return .trustNotices(.with { $0.notices = notices.map { Data($0) } })
    case .charters(let charters): return .charters(.with { $0.charters = charters.map { Data($0) } })
    case .nextCard(let card): return .nextCard(.with { $0.card = Data(card.tlsEncoded) })
    case .bundleKey(let key): return .bundleKey(.with { $0.key = Data(key.tlsEncoded) })
    case .carry(let peer, let part):
      return .carry(
        .with {
          $0.to = peer.description
          $0.part = Data(part)
        })
    case .carried(let peer, let part):
      return .carried(
        .with {
          $0.from = peer.description
          $0.part = Data(part)
        })
    case .notCarried(let peer, let failure):
      return .notCarried(
        .with {
          $0.to = peer.description
          $0.failure = failure.wire
        })
    case .bundleSeen(let sequence): return .bundleSeen(.with { $0.sequence = sequence })
    case .refused(let message, let failure):
      return .refused(
        .with {
          $0.message = Data(message.bytes)
          $0.failure = failure.wire
        })
    case .hubCommit(let commit): return .hubCommit(commit.wire)
    case .proposal(let proposal): return .proposal(proposal.wire)
    case .vote(let vote): return .vote(.with { $0.vote = Data(vote.tlsEncoded) })
    case .takeoverRequest(let room, let epoch, let number):
      return .takeoverRequest(
        .with {
          $0.room = Data(room.bytes)
          $0.epoch = epoch
          $0.number = number
        })
    case .takeoverAnswer(let answer):
      return .takeoverAnswer(
        .with {
          $0.room = Data(answer.room.bytes)
          $0.promise = Data(answer.promise?.tlsEncoded ?? [])
          if let voted = answer.voted { $0.voted = voted.wire }
          $0.refusal = answer.refusal
        })
    case .roomPosition(let position):
      return .roomPosition(
        .with {
          $0.room = Data(position.room.bytes)
          $0.epoch = position.epoch
          $0.number = position.number
          $0.asks = position.asks
        })
    case .roomCommits(let room, let commits):
      return .roomCommits(
        .with {
          $0.room = Data(room.bytes)
          $0.commits = commits.map { Data($0) }
        })
    case .hubAnswer(let answer):
      return .hubAnswer(
        .with {
          $0.outcome = .init(rawValue: answer.outcome.rawValue) ?? .unspecified
          $0.epoch = answer.epoch
          $0.text = answer.text
        })
    case .keyPackagesRequest(let address): return .keyPackagesRequest(.with { $0.address = address.description })
    case .keyPackages(let packages): return .keyPackages(.with { $0.keyPackages = packages.map { Data($0) } })
    case .directoryQuery(let query): return .directoryQuery(query.wire)
    case .directoryAnswer(let answer): return .directoryAnswer(answer.wire)
    case .memberStatement(let statement): return .memberStatement(statement.wire)
    case .directoryChanged: return .directoryChanged(.init())
    case .directoryHeads(let heads): return .directoryHeads(heads.wire)
    case .directoryContinuationRequest(let request): return .directoryContinuationRequest(request.wire)
    case .directoryContinuation(let continuation): return .directoryContinuation(continuation.wire)
    case .directoryRecordsRequest(let beganAt, let from):
      return .directoryRecordsRequest(
        .with {
          $0.beganAt = beganAt.milliseconds
          $0.from = from
        })
    case .directoryRecords(let records): return .directoryRecords(records.wire)
    case .directoryEntriesRequest(let indices): return .directoryEntriesRequest(.with { $0.indices = indices })
    case .directoryEntries(let entries): return .directoryEntries(.with { $0.entries = entries.map { Data($0) } })
    case .dutyQuery(let address):
      return .directoryQuery(
        .with {
          $0.address = address.description
          $0.duty = true
        })
    case .dutyAnswer(let duties): return .directoryAnswer(.with { $0.duties = duties.wire })
    case .dutyChange(let change): return .dutyChange(change.wire)
    case .comCheck(let check, let role):
      return .directoryQuery(
        .with {
          $0.address = role.description
          $0.comCheck = Data(check.tlsEncoded)
        })
    case .comCheckReceipt(let receipt):
      return .directoryAnswer(.with { $0.comCheckReceipt = Data(receipt.tlsEncoded) })
    case .comCheckAnswer(let answer): return .comCheckAnswer(.with { $0.answer = Data(answer.tlsEncoded) })
    case .comCheckTaken(let check): return .comCheckTaken(.with { $0.check = Data(check.bytes) })
    case .submit(let envelope): return .submit(.with { $0.envelope = Data(envelope) })
    case .createRoom(let room):
      return .createRoom(
        .with {
          $0.room = Data(room.room.bytes)
          $0.groupInfo = Data(room.groupInfo)
          $0.ratchetTree = Data(room.ratchetTree)
        })
    case .uploadKeyPackages(let packages, let lastResort):
      return .uploadKeyPackages(
        .with {
          $0.keyPackages = packages.map { Data($0) }
          $0.lastResort = Data(lastResort ?? [])
        })
    case .roomStateRequest(let room): return .roomStateRequest(.with { $0.room = Data(room.bytes) })
    case .roomState(let state):
      return .roomState(
        .with {
          $0.groupInfo = Data(state.groupInfo)
          $0.ratchetTree = Data(state.ratchetTree)
          $0.hub = state.hub.description
        })
    case .peersRequest: return .peersRequest(.init())
    case .peers(let peers):
      return .peers(
        .with {
          $0.peers = peers.map { peer in
            .with {
              $0.nodeCard = Data(peer.nodeCard.tlsEncoded)
              $0.active = peer.isActive
              $0.linked = peer.isLinked
              $0.directoryHead = Data(peer.directoryHead?.tlsEncoded ?? [])
              $0.directoryEvidence = peer.directoryEvidence.map { Data($0.tlsEncoded) }
            }
          }
        })
    case .inboxItem(let item): return .inboxItem(item.wire)
    case .inboxAcknowledge(let sequence): return .inboxAcknowledge(.with { $0.sequence = sequence })
    case .enrol(let enrol):
      return .enrol(
        .with {
          $0.secret = Data(enrol.secret)
          $0.device = Data(enrol.device.identifier.bytes)
          $0.signatureKey = Data(enrol.device.signatureKey.bytes)
          $0.binding = Data(enrol.binding.tlsEncoded)
          $0.authorisation = Data(enrol.authorisation?.tlsEncoded ?? [])
        })
    case .enrolled(let memberCard, let nodeCard):
      return .enrolled(
        .with {
          $0.memberCard = Data(memberCard.tlsEncoded)
          $0.nodeCard = Data(nodeCard.tlsEncoded)
        })
    case .roomsRequest: return .roomsRequest(.init())
    case .rooms(let rooms, let keyPackages):
      return .rooms(
        .with {
          $0.keyPackages = UInt32(clamping: keyPackages)
          $0.rooms = rooms.map { room in
            .with {
              $0.room = Data(room.room.bytes)
              $0.hub = room.hub.description
              $0.epoch = room.epoch
              $0.present = room.isPresent
              $0.welcomed = room.isWelcomed
            }
          }
        })
    case .devicesRequest: return .devicesRequest(.init())
    case .devices(let devices):
      return .devices(
        .with {
          $0.devices = devices.map { device in
            .with {
              $0.device = Data(device.device.bytes)
              $0.enrolledAt = device.enrolledAt.milliseconds
              $0.linked = device.isLinked
              $0.waiting = device.waiting
              $0.authorisation = Data(device.authorisation?.tlsEncoded ?? [])
            }
          }
        })
    case .deviceInvite(let hash, let expiresAt):
      return .deviceInvite(
        .with {
          $0.secretHash = Data(hash)
          $0.expiresAt = expiresAt.milliseconds
        })
    case .deviceRemove(let device): return .deviceRemove(.with { $0.device = Data(device.bytes) })
    case .keyPackagesForget: return .keyPackagesForget(.init())
    case .chunkQuery(let room, let names):
      return .chunkQuery(
        .with {
          $0.room = Data(room.bytes)
          $0.names = names.map { Data($0.bytes) }
        })
    case .chunkMissing(let names): return .chunkMissing(.with { $0.names = names.map { Data($0.bytes) } })
    case .chunkPut(let room, let ciphertext):
      return .chunkPut(
        .with {
          $0.room = Data(room.bytes)
          $0.ciphertext = Data(ciphertext.readableBytesView)
        })
    case .chunkGet(let room, let name, let origin):
      return .chunkGet(
        .with {
          $0.room = Data(room.bytes)
          $0.name = Data(name.bytes)
          $0.origin = origin?.description ?? ""
        })
    case .chunk(let ciphertext): return .chunk(.with { $0.ciphertext = Data(ciphertext.readableBytesView) })
    }
  }
}

extension Frame.Failure {
  fileprivate var wire: Liaison_Link_V1_Failure {
    .with {
      $0.reason = .init(rawValue: reason.rawValue) ?? .unspecified
      $0.text = text
    }
  }
}

extension Frame.InboxItem {
  fileprivate var wire: Liaison_Link_V1_InboxItem {
    .with {
      $0.sequence = sequence
      $0.ahead = isAhead
      switch content {
      case .envelope(let bytes): $0.envelope = Data(bytes)
      case .receipt(let receipt): $0.receipt = Data(receipt.tlsEncoded)
      case .undeliverable(let message, let handle, let failure):
        $0.undeliverable = .with {
          $0.message = Data(message.bytes)
          $0.handle = handle.description
          $0.failure = failure.wire
        }
      }
    }
  }
}

extension Frame.HubCommit {
  fileprivate var wire: Liaison_Link_V1_HubCommit {
    .with {
      $0.message = Data(message.bytes)
      $0.room = Data(room.bytes)
      $0.commit = Data(commit)
      $0.welcome = Data(welcome ?? [])
      $0.groupInfo = Data(groupInfo)
      $0.takeover = isTakeover
    }
  }
}

extension Frame.Proposal {
  fileprivate var wire: Liaison_Link_V1_Proposal {
    .with {
      $0.commit = commit.wire
      $0.epoch = epoch
      $0.proposedAt = proposedAt.milliseconds
      $0.number = term.number
      $0.orderer = term.orderer.description
      $0.promises = promises.map { Data($0.tlsEncoded) }
    }
  }
}
