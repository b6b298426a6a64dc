internal import LiaisonModel
internal import LiaisonProtocol
internal import MLS
internal import TLSPresentation

/// Ordering an epoch in the place of a hub that is gone, with the promises of more than half of the room's nodes (rooms.md).
extension Batch {
  /// Whether a room's hub has not been reached for so long, or is so little trusted, that another may take the room over.
  func isGone(_ hub: Handle) -> Bool {
    guard hub != handle else { return false }
    guard peers.isActive(hub) else { return true }
    guard memory.links.peers[hub] == nil, let since = memory.awaySince[hub] else { return false }
    return since.adding(milliseconds: memory.hubAwayMilliseconds) <= now
  }

  /// Asks for the promises of a term of this node's own, which it promises itself.
  mutating func beginTakeover(with own: Frame.Proposal, above number: UInt32, in room: RoomRecord) throws {
    guard number < UInt32.max else { return }
    let term = Term(number: number + 1, orderer: handle)
    let ballot = try store.ballot(room.room)
    let voted = try proposal(of: room.room)
    try store.saveBallot(
      RoomBallot(promised: term, voted: ballot?.voted, isProposer: ballot?.isProposer ?? false), of: room.room)
    var takeover = Elections.Takeover(epoch: room.epoch, term: term, own: own)
    takeover.promises[handle] = promise(term, voted, in: room)
    takeover.voted = voted
    memory.elections.votes[room.room] = nil
    memory.elections.takeovers[room.room] = takeover
    try askForPromises(takeover, of: Set(memory.links.peers.keys), in: room)
    try proposeWhereTakenOver(room)
  }

  /// Asks these peers, as far as they have not promised.
  mutating func askForPromises(_ takeover: Elections.Takeover, of peers: Set<Handle>, in room: RoomRecord) throws {
    for peer in try electorate(of: room).intersection(peers).sorted() where takeover.promises[peer] == nil {
      guard let link = memory.links.peers[peer]?.link else { continue }
      send(
        Frame(.takeoverRequest(room: room.room, epoch: takeover.epoch, number: takeover.term.number)), on: link)
    }
  }

  private func promise(_ term: Term, _ voted: Frame.Proposal?, in room: RoomRecord) -> Unverified<TakeoverPromise> {
    let vote = voted.map { TakeoverPromise.Vote(term: $0.term, digest: $0.digest) }
    return Signed(
      TakeoverPromise(room: room.room, epoch: room.epoch, term: term, node: handle, voted: vote), by: identity.key
    ).unverified
  }

  /// A peer asks for this node's promise.
  mutating func promise(in identifier: RoomIdentifier, epoch: UInt64, _ term: Term) throws {
    let peer = term.orderer
    guard let room = try store.room(identifier), !room.isLeft, term.number > 0 else { return }
    // What the peer lacks it must have first; and the same here.
    guard epoch == room.epoch else {
      return try take(Frame.RoomPosition(room: identifier, epoch: epoch, number: 0), from: peer)
    }
    guard try electorate(of: room).contains(peer) else {
      return complain(of: peer, "a node asks to take over a room that it is not in")
    }
    var refusal: String?
    if try isSilent(in: room) {
      refusal = "\(handle) was restored from a backup"
    } else if try peer != room.hub && !isGone(room.hub) && (store.ballot(identifier)?.promised.number ?? 0) == 0 {
      refusal = "\(handle) reaches \(room.hub)"
    }
    if let refusal {
      return try tell(
        .takeoverAnswer(Frame.TakeoverAnswer(room: identifier, promise: nil, refusal: refusal)), to: peer)
    }
    let ballot = try store.ballot(identifier)
    if let ballot, ballot.promised > term { return try tellPosition(in: room, to: peer) }
    // Nobody uses them up.
    guard try term.number <= termNumberMax(in: room) else {
      return complain(of: peer, "a node asks for a term that is far beyond all others")
    }
    let voted = try proposal(of: identifier)
    try store.saveBallot(
      RoomBallot(promised: term, voted: ballot?.voted, isProposer: ballot?.isProposer ?? false), of: identifier)
    memory.elections.forget(identifier)
    try tell(
      .takeoverAnswer(Frame.TakeoverAnswer(room: identifier, promise: promise(term, voted, in: room), voted: voted)),
      to: peer)
  }

  /// Takes a promise, or a refusal. With enough promises this node proposes: what was last voted for, or its own.
  mutating func take(_ answer: Frame.TakeoverAnswer, from peer: Handle) throws {
    guard var takeover = memory.elections.takeovers[answer.room], let room = try store.room(answer.room), !room.isLeft,
      room.epoch == takeover.epoch, try electorate(of: room).contains(peer)
    else { return }
    guard let promise = answer.promise else {
      takeover.refusals[peer] = answer.refusal
      memory.elections.takeovers[answer.room] = takeover
      return
    }
    guard let claim = try? promise.claim(), claim.node == peer else {
      throw Violation("a promise is not the peer's own")
    }
    guard (try? promise.verified(byOneOf: nodeKeys(of: peer))) != nil else {
      return complain(of: peer, "a promise is not signed by a key of the peer's card")
    }
    guard claim.room == answer.room, claim.epoch == takeover.epoch, claim.term == takeover.term else { return }
    if let vote = claim.voted {
      guard let voted = answer.voted, voted.commit.room == answer.room, voted.epoch == room.epoch,
        voted.term == vote.term, voted.digest == vote.digest, vote.term < takeover.term
      else { throw Violation("a promise without the commit that it names") }
      // Whoever proposes it votes for it.
      guard try isVotable(voted, in: room, by: peer) else { return }
      if takeover.voted.map({ $0.term < vote.term }) ?? true { takeover.voted = voted }
    }
    takeover.refusals[peer] = nil
    takeover.promises[peer] = promise
    memory.elections.takeovers[answer.room] = takeover
    try proposeWhereTakenOver(room)
  }

  /// Proposes in a term that enough nodes have promised.
  private mutating func proposeWhereTakenOver(_ room: RoomRecord) throws {
    guard let takeover = memory.elections.takeovers[room.room] else { return }
    let nodes = try electorate(of: room)
    guard takeover.promises.count >= CommitProof.promisesNeeded(of: nodes.count) else { return }
    guard try store.ballot(room.room)?.promised == takeover.term else { return }
    var proposal = takeover.voted ?? takeover.own
    proposal.term = takeover.term
    proposal.promises = takeover.promises.sorted { $0.key < $1.key }.map(\.value)
    log(
      .warning, peer: room.hub == handle ? nil : room.hub,
      "more than half of a room's nodes have signed that this node orders an epoch of it")
    tally.count(.takeovers)
    try propose(proposal, in: room)
  }

  /// Where a takeover of a room's present epoch stands, in words for a person.
  mutating func takeoverProgress(in room: RoomRecord) throws -> Frame.Failure {
    let nodes = try electorate(of: room)
    let needed = CommitProof.promisesNeeded(of: nodes.count)
    let takeover = memory.elections.takeovers[room.room]
    let refusals = takeover?.refusals.sorted { $0.key < $1.key }.map(\.value).joined(separator: ", ") ?? ""
    return .unavailable(
      "\(takeover?.promises.count ?? 0) of the \(needed) nodes that it takes have signed the takeover"
        + (refusals.isEmpty ? "" : ": \(refusals)"))
  }

  /// Begins higher terms: above those that others have named, and where nothing came of the last one.
  mutating func outbid() throws {
    let named = memory.elections.takeNamed().sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
    for (identifier, number) in named {
      guard let room = try store.room(identifier), !room.isLeft, try !isSilent(in: room) else { continue }
      let promised = try store.ballot(identifier)?.promised.number ?? 0
      let above = min(number, promised.addingReportingOverflow(Limits.termStepMax).partialValue)
      guard above >= promised, try above < termNumberMax(in: room) else { continue }
      if let takeover = memory.elections.takeovers[identifier], number >= takeover.term.number {
        try beginTakeover(with: takeover.own, above: above, in: room)
      } else if let ballot = try store.ballot(identifier), ballot.isProposer, number > ballot.promised.number,
        let proposal = try proposal(of: identifier)
      {
        try beginTakeover(with: proposal, above: above, in: room)
      }
    }
    for identifier in try store.roomsWithProposals() where memory.elections.takeovers[identifier] == nil {
      guard let room = try store.room(identifier), let proposal = try proposal(of: identifier),
        let ballot = try store.ballot(identifier), ballot.promised > proposal.term, try !isSilent(in: room),
        try ballot.promised.number < termNumberMax(in: room)
      else { continue }
      try beginTakeover(with: proposal, above: ballot.promised.number, in: room)
    }
  }

  /// The highest number that honest nodes may have come to in a room's epoch by now.
  mutating func termNumberMax(in room: RoomRecord) throws -> UInt32 {
    guard room.epoch > 0, let content = try store.commit(ending: room.epoch - 1, in: room.room)?.content,
      let opening = try? RoomCommit(tlsEncoded: content)
    else { return UInt32.max / 2 }
    let passed = now.milliseconds - min(now.milliseconds, opening.proposedAt.milliseconds)
    let steps = UInt64(Limits.termStepMax) * 2 * (passed / Limits.termIntervalMilliseconds)
    return UInt32(clamping: min(UInt64(Limits.termNumberStart) + steps, UInt64(UInt32.max / 2)))
  }
}
