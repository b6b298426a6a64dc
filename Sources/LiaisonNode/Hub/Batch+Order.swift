internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Giving commits their one order, in the rooms whose hub this node is.
extension Batch {
  /// Who asks for a commit.
  enum Committer {
    case device(DeviceIdentifier, Address)
    case peer(Handle)
  }

  /// A commit of one of this node's devices: for this hub, or for another, or to be ordered in its place.
  mutating func forwardOrOrder(
    _ commit: Frame.HubCommit, by device: DeviceIdentifier, of address: Address, _ request: UInt64, on link: LinkID
  ) throws {
    guard let room = try store.room(commit.room), try leaves(commit.room).contains(where: { $0.address == address })
    else { throw Frame.Failure.unknown("this node knows no such room") }
    let isOrderedHere = try room.hub == handle || commit.isTakeover && isGone(room.hub) || isProposed(commit)
    if isOrderedHere { return try order(commit, for: .device(device, address), answering: request, on: link) }
    // Whatever was asked of the others, its hub is there to decide.
    if !isGone(room.hub) { memory.elections.takeovers[commit.room] = nil }
    try relay(.hubCommit(commit), .hubCommit, to: room.hub, for: request, on: link)
  }

  /// Whether this node has voted for a commit, or knows that it stands: nobody may refuse it any more.
  private func isProposed(_ request: Frame.HubCommit) throws -> Bool {
    if try proposal(of: request.room)?.commit.message == request.message { return true }
    return try store.commit(request.message, in: request.room) != nil
  }

  /// Answers for a commit to its room's order.
  mutating func order(
    _ commit: Frame.HubCommit, for committer: Committer, answering request: UInt64, on link: LinkID
  ) throws {
    let verdict: Frame.Body
    do {
      // What a refused commit wrote, if anything, is undone before its answer is given.
      verdict = try store.savepoint { try decide(commit, for: committer) }
    } catch let refusal as CommitRefusal {
      rosters[commit.room] = nil
      verdict = .hubAnswer(Frame.HubAnswer(.refused, epoch: refusal.epoch, text: refusal.text))
    }
    answer(request, verdict, on: link)
  }

  private mutating func decide(_ request: Frame.HubCommit, for asker: Committer) throws -> Frame.Body {
    guard let room = try store.room(request.room), !room.isLeft else {
      throw Frame.Failure.unknown("this node is not the hub of such a room")
    }
    let before = try leaves(request.room)
    guard before.contains(where: { asker.speaks(for: $0.address) }) else {
      throw Frame.Failure.unknown("this node is not the hub of such a room")
    }
    guard room.hub == handle || asker.isHere else {
      throw Frame.Failure.unavailable("\(room.hub) orders the room now, and your node will learn it")
    }
    func answer(_ outcome: Frame.HubAnswer.Outcome, _ epoch: UInt64) -> Frame.Body {
      .hubAnswer(Frame.HubAnswer(outcome, epoch: epoch))
    }
    if let known = try store.commit(request.message, in: request.room) {
      let content = try? RoomCommit(tlsEncoded: known.content)
      guard content.map({ $0.commit == request.commit && $0.groupInfo == request.groupInfo }) ?? true else {
        throw Frame.Failure.conflict("another commit has this identifier")
      }
      return answer(.accepted, known.epoch + 1)
    }
    func refused(_ text: String) -> CommitRefusal { CommitRefusal(epoch: room.epoch, text: text) }
    guard try store.message(request.message, from: handle) == nil else {
      throw Frame.Failure.conflict("a message has this identifier")
    }
    guard request.commit.count <= Limits.commitBytesMax, request.size <= Limits.hubCommitBytesMax,
      let commit = try? MLSMessage(request.commit),
      commit.wireFormat == .publicMessage, commit.contentType == .commit, commit.groupID == request.room.bytes,
      let epoch = commit.epoch
    else { throw refused("the commit is malformed") }
    if epoch < room.epoch { return answer(.stale, room.epoch) }
    // Another node ordered it meanwhile, and this one will learn of it.
    guard epoch == room.epoch else { throw Frame.Failure.later("the room's epoch \(epoch) is not known here yet") }
    guard try !isSilent(in: room) else {
      let others = try electorate(of: room).subtracting([handle])
      throw Frame.Failure.unavailable(
        "\(handle) was restored from a backup: "
          + (others.count == 1
            ? "it orders the room again once \(others.first.map(\.description) ?? "") has said what it knows of it"
            : "another node has to order this epoch of the room"))
    }
    let ballot = try store.ballot(request.room)
    if let ballot, let voted = try proposal(of: request.room) {
      if voted.commit.message == request.message {
        guard voted.commit.commit == request.commit, voted.commit.groupInfo == request.groupInfo else {
          throw Frame.Failure.conflict("another commit has this identifier")
        }
        // Whoever took it over from here may be gone too.
        if !ballot.isProposer, memory.elections.takeovers[request.room] == nil, room.hub == handle || isGone(room.hub) {
          try beginTakeover(with: voted, above: ballot.promised.number, in: room)
        }
        return answer(.accepted, room.epoch + 1)
      }
      // The epoch ends by that, or by what takes its place.
      if ballot.isProposer { return answer(.stale, room.epoch + 1) }
    }
    guard let state = try store.roomState(request.room) else { throw StoreError.unreadable("a room without state") }
    let base = try publicGroup(state)
    let step: CommitStep
    do {
      step = try CommitStep(
        commit, groupInfo: request.groupInfo, on: base, leaves: before, hubs: [room.hub, handle],
        authentication: authentication(.ordering, at: now), at: now)
    } catch MLSError.credentialRefused {
      if case .publicMessage(let message) = commit, message.sender == .newMemberCommit {
        // It tries again: its own card may be on its way here, or a clock wrong.
        throw Frame.Failure.unavailable("the hub does not trust the card of this device now")
      }
      throw refused("the hub does not trust the card of a device that the commit brings in")
    } catch let failure as Frame.Failure {
      throw refused(failure.text)
    } catch let error as RoomError {
      throw refused(error.sentence)
    } catch is MLSError { throw refused("the commit is not valid") }
    guard asker.speaks(for: step.committer.address), asker.isDevice(step.committer.device) else {
      throw refused("a commit is asked for by its own device, through its own node")
    }
    try check(request.welcome, of: step, refused)
    let removed = try step.welcomed.first { leaf in
      try leaf.address.handle == handle && store.device(leaf.device) == nil
    }
    guard removed == nil else { throw refused("a device that the commit brings in was removed from its node") }
    do { try permit(step, asked: asker) } catch let failure as Frame.Failure { throw refused(failure.text) }
    let proposal = Frame.Proposal(
      commit: request, epoch: epoch, proposedAt: now, term: Term(number: 0, orderer: handle), promises: [])
    if room.hub == handle, (ballot?.promised.number ?? 0) == 0 {
      try propose(proposal, in: room, step: step)
      return answer(.accepted, step.newEpoch)
    }
    return try takeOver(proposal, in: room)
  }

  /// Orders a commit in a higher term than others may hold, once enough nodes have promised it.
  private mutating func takeOver(_ proposal: Frame.Proposal, in room: RoomRecord) throws -> Frame.Body {
    let nodes = try electorate(of: room)
    guard room.hub == handle || nodes.count > 2 else {
      return .failure(
        .unavailable("without \(room.hub) no majority of the room's nodes is left: start a successor of the room"))
    }
    if memory.elections.takeovers[room.room]?.epoch == room.epoch {
      memory.elections.takeovers[room.room]?.own = proposal
      if let takeover = memory.elections.takeovers[room.room] {
        try askForPromises(takeover, of: Set(memory.links.peers.keys), in: room)
      }
    } else {
      try beginTakeover(with: proposal, above: try store.ballot(room.room)?.promised.number ?? 0, in: room)
    }
    if try isProposed(proposal.commit) {
      return .hubAnswer(Frame.HubAnswer(.accepted, epoch: room.epoch + 1))
    }
    return .failure(try takeoverProgress(in: room))
  }

  /// Throws where a policy keeps the commit out of the room's order: of the node that asks, or of one that comes in.
  private func permit(_ step: CommitStep, asked asker: Committer) throws {
    let before = Set(step.before.map(\.address))
    let known = Set(before.map(\.handle))
    for leaf in step.welcomed where !known.contains(leaf.address.handle) {
      try permit(.relaying, with: leaf.address.handle)
    }
    guard case .peer(let peer) = asker else { return }
    try permit(.relaying, with: peer)
    try permitEntry(of: Set(step.welcomed.map(\.address)).subtracting(before), by: peer)
  }

  /// Somebody was added exactly where there is a Welcome, and it is for as many as were added.
  func check(
    _ welcome: [UInt8]?, of step: CommitStep, _ refused: (String) -> CommitRefusal
  ) throws {
    guard let welcome else {
      guard step.welcomed.isEmpty else { throw refused("the commit adds devices without a welcome") }
      return
    }
    guard case .welcome(let content)? = try? MLSMessage(welcome), content.cipherSuite == step.group.cipherSuite,
      content.newMembers.count == step.welcomed.count, !step.welcomed.isEmpty
    else { throw refused("the welcome is not for those whom the commit adds") }
    let names = step.welcomed.count * 98
    guard
      welcome.count + step.groupInfo.count + step.group.ratchetTree.tlsEncoded.count + names + 64
        <= Limits.envelopePayloadBytesMax
    else { throw refused("the welcome is too large; add fewer devices at a time") }
  }

  /// Makes the commit the one of its epoch, and queues it for everybody whom it concerns.
  mutating func accept(
    _ proposal: Frame.Proposal, _ proof: CommitProof, _ step: CommitStep, in room: RoomRecord
  ) throws {
    let request = proposal.commit
    let commit = RoomCommit(
      epoch: room.epoch, proposedAt: proposal.proposedAt, commit: request.commit, groupInfo: request.groupInfo,
      proof: proof)
    try advance(room, by: step, commit, message: request.message)
    tally.count(.commits)

    // A device may have used the identifier for something else meanwhile.
    let isFree = try store.message(request.message, from: handle) == nil
    let envelope = isFree ? request.message : MessageIdentifier(using: &random)
    let key = try insert(envelope, .commit, commit.tlsEncoded, of: request.room)
    for peer in Set(step.before.map(\.address.handle)).union([room.hub]).subtracting([handle]).sorted() {
      try queue(key, for: peer)
    }
    try putInbox(.message(key), of: step.witnesses(at: handle))

    guard let welcome = request.welcome else { return }
    let tree = step.group.ratchetTree.tlsEncoded
    let added = Dictionary(grouping: step.welcomed, by: \.address.handle)
    for (peer, leaves) in added.sorted(by: { $0.key < $1.key }) where peer != handle {
      let welcome = RoomWelcome(
        welcome: welcome, groupInfo: request.groupInfo, ratchetTree: tree, added: Set(leaves.map(\.address)).sorted())
      try queue(
        try insert(MessageIdentifier(using: &random), .welcome, welcome.tlsEncoded, of: request.room), for: peer)
    }
    try handOver(
      welcome, groupInfo: request.groupInfo, ratchetTree: tree, epoch: step.newEpoch, to: added[handle] ?? [],
      in: request.room, origin: handle, at: now)
  }

  /// Takes a room to the epoch that a commit opens. The hub stays with it, also without anybody in it.
  mutating func advance(
    _ room: RoomRecord, by step: CommitStep, _ commit: RoomCommit, message: MessageIdentifier
  ) throws {
    try store.insertCommit(
      CommitRecord(message: message, epoch: room.epoch, digest: commit.digest, content: commit.tlsEncoded),
      in: room.room)
    var next = room
    next.epoch = step.newEpoch
    next.hub = step.hub
    if next.hub == handle || step.after.contains(where: { $0.address.handle == handle }) {
      try store.advanceRoom(
        next, state: RoomState(publicGroup: step.group.serialized, groupInfo: step.groupInfo), leaves: step.after)
    } else {
      next.isLeft = true
      try store.leaveRoom(next)
    }
    rosters[room.room] = nil
    memory.elections.forget(room.room)
  }

  /// Makes an envelope of this node's own.
  mutating func insert(
    _ message: MessageIdentifier, _ kind: Envelope.Kind, _ payload: [UInt8], of room: RoomIdentifier
  ) throws -> MessageKey {
    // Above everything else: messages of the new epoch wait for it.
    let envelope = Envelope(
      message: message, room: room, origin: handle, precedence: .flash, acceptedAt: now, kind: kind, payload: payload)
    let bytes = envelope.tlsEncoded
    return try store.insertMessage(
      MessageRecord(
        message: message, origin: handle, room: room, digest: Envelope.digest(ofEncoded: bytes), acceptedAt: now,
        sender: nil), envelope: bytes)
  }

  /// The order must reach also those who are away or suspended: they can catch up with nothing else.
  private mutating func queue(_ key: MessageKey, for peer: Handle) throws {
    try store.enqueue(key, for: peer, precedence: .flash, at: now)
    peersToServe.insert(peer)
  }
}

/// A commit that will never be valid.
struct CommitRefusal: Error {
  let epoch: UInt64
  let text: String
}

extension Batch.Committer {
  /// Whether it is one of this node's devices.
  fileprivate var isHere: Bool { if case .device = self { true } else { false } }

  /// Whether the asker may speak for a member.
  fileprivate func speaks(for address: Address) -> Bool {
    switch self {
    case .device(_, let own): address == own
    case .peer(let handle): address.handle == handle
    }
  }

  /// Whether the committing device is the asker, as far as that is known here.
  fileprivate func isDevice(_ device: DeviceIdentifier) -> Bool {
    switch self {
    case .device(let own, _): device == own
    case .peer: true
    }
  }
}
