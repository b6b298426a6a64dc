internal import LiaisonModel
internal import LiaisonProtocol

/// Which frames a link of each kind may bring, and who deals with them.
extension Batch {
  mutating func take(_ frame: Frame, from peer: Handle, _ link: LinkID) throws {
    switch frame.body {
    case .deliver(let envelope): try deliver(envelope, from: peer)
    case .receipts(let receipts): try take(receipts, from: peer)
    case .refused(let message, let failure): try take(refusal: failure, of: message, from: peer)
    case .bundleKey(let key): try take(key, from: peer)
    case .carry(let other, let part): carry(part, from: peer, to: other, on: link)
    case .carried(let other, let part): try take(carried: part, of: other, by: peer, on: link)
    case .notCarried(let other, let failure): takeNotCarried(to: other, failure, by: peer)
    case .hubCommit(let commit): try order(commit, for: .peer(peer), answering: try frame.asking, on: link)
    case .keyPackagesRequest(let address):
      try permit(.directory, with: peer)
      let packages = try takeKeyPackages(of: address, by: .peer(peer))
      answer(try frame.asking, .keyPackages(packages), on: link)
    case .directoryQuery(let query): try answer(query, from: peer, on: link, try frame.asking)
    case .directoryChanged:
      memory.directories.plan(peer, at: now.adding(milliseconds: Limits.directoryChangedMilliseconds))
    case .dutyQuery(let role): try answer(dutyOf: role, from: peer, on: link, try frame.asking)
    case .proposal(let proposal): try take(proposal, from: peer)
    case .vote(let vote): try take(vote, from: peer)
    case .takeoverRequest(let room, let epoch, let number):
      try promise(in: room, epoch: epoch, Term(number: number, orderer: peer))
    case .takeoverAnswer(let answer): try take(answer, from: peer)
    case .roomPosition(let position): try take(position, from: peer, isFresh: link != .bundle)
    case .roomCommits(let room, let commits): try take(commits, of: room, from: peer)
    case .directoryHeads(let heads): try take(heads, from: peer)
    case .directoryContinuationRequest(let question):
      answer(try frame.asking, .directoryContinuation(try continuation(question)), on: link)
    case .comCheck, .comCheckAnswer, .comCheckTaken:
      guard link != .bundle, !LinkID.isTunnel(link) else {
        throw Violation("a communication check, which goes by the peer's own link alone")
      }
      try takeComCheck(frame, from: peer, on: link)
    case .hubAnswer, .keyPackages, .directoryAnswer, .directoryContinuation, .dutyAnswer, .comCheckReceipt, .failure:
      try relayAnswer(frame, from: peer, link)
    default: throw Violation("a frame of a kind that nodes do not send one another")
    }
  }

  private mutating func takeComCheck(_ frame: Frame, from peer: Handle, on link: LinkID) throws {
    switch frame.body {
    case .comCheck(let check, let role): try take(check, for: role, from: peer, on: link, try frame.asking)
    case .comCheckAnswer(let answer): try take(answer, from: peer)
    case .comCheckTaken(let check): try takeComCheckTaken(check, by: peer)
    default: break
    }
  }

  mutating func take(_ frame: Frame, from device: DeviceIdentifier, _ link: LinkID) throws {
    guard let open = memory.links.devices[link] else { return }
    if case .inboxAcknowledge(let sequence) = frame.body { return try acknowledge(device, through: sequence) }
    let request = try frame.asking
    switch frame.body {
    case .submit(let envelope):
      do { try submit(envelope, by: device, of: open.address) } catch let failure as Frame.Failure {
        tally.count(.submissionsRefused)
        throw failure
      }
      answer(request, .done, on: link)
    case .createRoom(let room):
      try create(room, by: device)
      answer(request, .done, on: link)
    case .hubCommit(let commit): try forwardOrOrder(commit, by: device, of: open.address, request, on: link)
    case .uploadKeyPackages(let keyPackages, let lastResort):
      try keep(keyPackages, lastResort: lastResort, of: device, open.address)
      answer(request, .done, on: link)
    case .keyPackagesRequest(let address): try fetchKeyPackages(of: address, by: device, request, on: link)
    case .directoryQuery(let query): try answer(query, request, on: link)
    case .dutyQuery(let address): try answer(dutyOf: address, by: open.address, request, on: link)
    case .dutyChange(let change):
      answer(request, .dutyAnswer(try take(change, by: device, of: open.address)), on: link)
    case .roomStateRequest(let room):
      answer(request, .roomState(try state(of: room, for: device, open.address)), on: link)
    case .directoryContinuationRequest(let question) where question.handle != handle:
      try relay(frame.body, .directoryContinuation, to: question.handle, for: request, on: link)
    case .directoryContinuationRequest(let question):
      answer(request, .directoryContinuation(try continuation(question)), on: link)
    case .directoryRecordsRequest(let beganAt, let from):
      answer(request, .directoryRecords(try directoryRecords(beganAt: beganAt, from: from)), on: link)
    case .directoryEntriesRequest(let indices):
      answer(request, .directoryEntries(try directoryEntries(indices, about: open.address)), on: link)
    case .peersRequest: answer(request, .peers(try peerList()), on: link)
    case .roomsRequest:
      let rooms = try rooms(of: open.address, for: device)
      answer(request, .rooms(rooms, keyPackages: try store.keyPackageCount(for: device)), on: link)
    case .keyPackagesForget:
      try store.removeKeyPackages(of: device)
      answer(request, .done, on: link)
    case .memberStatement(let statement):
      try take(statement, by: device, of: open.address)
      answer(request, .done, on: link)
    case .devicesRequest: answer(request, .devices(try devices(of: open.address)), on: link)
    case .deviceInvite(let hash, let expiresAt):
      try invite(secretHash: hash, of: open.address, until: expiresAt)
      answer(request, .done, on: link)
    case .deviceRemove(let other):
      try remove(other, of: open.address, by: device)
      answer(request, .done, on: link)
    default: throw Violation("a frame of a kind that devices do not send")
    }
  }

  mutating func take(_ frame: Frame, bringing key: DeviceLinkKey, _ link: LinkID) throws {
    guard case .enrol(let enrol) = frame.body else { throw Violation("another frame than Enrol on an enrolment link") }
    let request = try frame.asking
    let card: Unverified<MemberCard>
    do {
      card = try self.enrol(enrol, linkKey: key)
    } catch let failure as Frame.Failure {
      // One request, one answer: a stranger has no second guess on this link.
      answer(request, .failure(failure), on: link)
      close(link, nil)
      return
    }
    answer(request, .enrolled(memberCard: card, nodeCard: identity.card.unverified), on: link)
    close(link, nil)
  }

  /// The peers as a device is shown them, this node first.
  private mutating func peerList() throws -> [Frame.Peer] {
    let heads = Dictionary(
      try knownDirectories().compactMap { known in known.head.map { (known.handle, $0) } }, uniquingKeysWith: { $1 })
    let evidence = Dictionary(grouping: try knownEvidence(), by: \.handle).mapValues {
      Array($0.map(\.evidence).prefix(Limits.directoryEvidencePerCountryMax))
    }
    let own = Frame.Peer(
      nodeCard: identity.card.unverified, isActive: true, isLinked: true,
      directoryHead: try directoryHead().unverified, directoryEvidence: evidence[handle] ?? [])
    let others = peers.peers.values.filter { $0.standing != .known }.sorted {
      $0.card.content.handle < $1.card.content.handle
    }
    return [own]
      + others.map { peer in
        Frame.Peer(
          nodeCard: peer.card.unverified, isActive: peer.standing == .active,
          isLinked: memory.links.peers[peer.card.content.handle] != nil,
          directoryHead: heads[peer.card.content.handle],
          directoryEvidence: evidence[peer.card.content.handle] ?? [])
      }
  }
}

extension Frame {
  /// The number that the answer carries. Throws where a request has none.
  fileprivate var asking: UInt64 {
    get throws {
      guard request != 0 else { throw Violation("a request without a number") }
      return request
    }
  }
}
