internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// How a commit comes to stand: half of the room's nodes, its orderer among them, keep it (rooms.md).
extension Batch {
  /// The nodes whose votes count in the epoch that a room is in: all that have somebody in it, and its hub.
  mutating func electorate(of room: RoomRecord) throws -> Set<Handle> {
    Set(try leaves(room.room).map(\.address.handle)).union([room.hub])
  }

  /// The keys by which a node's votes and promises are verified.
  func nodeKeys(of node: Handle) -> [PublicKey<NodePurpose>] {
    if node == handle { return identity.card.content.nodeKeys }
    return peers.trustedOnceCards[node]?.content.nodeKeys ?? []
  }

  // MARK: Proposing

  /// Proposes a commit in a term of this node's own, with its own vote. It stands at once where that is enough.
  mutating func propose(_ proposal: Frame.Proposal, in room: RoomRecord, step: CommitStep? = nil) throws {
    try store.saveBallot(
      RoomBallot(promised: proposal.term, voted: Frame(.proposal(proposal)).encoded, isProposer: true), of: room.room)
    memory.elections.takeovers[room.room] = nil
    memory.elections.votes[room.room] = Elections.Votes(term: proposal.term, votes: [handle: vote(for: proposal)])
    if try stand(room, proposal, step: step) { return }
    try send(proposal, to: Set(memory.links.peers.keys), in: room)
  }

  private func vote(for proposal: Frame.Proposal) -> Unverified<CommitVote> {
    Signed(
      CommitVote(
        room: proposal.commit.room, epoch: proposal.epoch, term: proposal.term, node: handle, digest: proposal.digest),
      by: identity.key
    ).unverified
  }

  private mutating func send(_ proposal: Frame.Proposal, to peers: Set<Handle>, in room: RoomRecord) throws {
    for peer in try peers.sorted() where try lacksVote(of: peer, for: proposal, in: room) {
      if let link = memory.links.peers[peer]?.link { send(Frame(.proposal(proposal)), on: link) }
    }
  }

  private mutating func lacksVote(of peer: Handle, for proposal: Frame.Proposal, in room: RoomRecord) throws -> Bool {
    try electorate(of: room).contains(peer) && memory.elections.votes[room.room]?.votes[peer] == nil
  }

  /// Sends these peers what this node has proposed and asked for, as far as they have not answered.
  mutating func askForVotes(of peers: Set<Handle>) throws {
    for peer in peers.sorted() {
      guard let link = memory.links.peers[peer]?.link else { continue }
      for body in try votesToAsk(of: peer) { send(Frame(body), on: link) }
    }
  }

  /// What this node has proposed, and the promises that it asks for, as far as a peer has not answered.
  mutating func votesToAsk(of peer: Handle) throws -> [Frame.Body] {
    var bodies: [Frame.Body] = []
    for identifier in try store.roomsWithProposals() {
      guard let room = try store.room(identifier), let proposal = try proposal(of: identifier),
        let ballot = try store.ballot(identifier), try !isSilent(in: room)
      else { continue }
      // In a higher term, of another node or of this one, nothing is proposed yet.
      if ballot.promised > proposal.term { continue }
      if memory.elections.votes[identifier]?.term != proposal.term {
        memory.elections.votes[identifier] = Elections.Votes(
          term: proposal.term, votes: [handle: vote(for: proposal)])
      }
      if try lacksVote(of: peer, for: proposal, in: room) { bodies.append(.proposal(proposal)) }
    }
    let takeovers = memory.elections.takeovers.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }
    for (identifier, takeover) in takeovers {
      guard let room = try store.room(identifier), !room.isLeft, room.epoch == takeover.epoch else {
        memory.elections.takeovers[identifier] = nil
        continue
      }
      if takeover.promises[peer] == nil, try electorate(of: room).contains(peer) {
        bodies.append(.takeoverRequest(room: identifier, epoch: takeover.epoch, number: takeover.term.number))
      }
    }
    return bodies
  }

  /// What this node voted for last in a room's present epoch.
  func proposal(of room: RoomIdentifier) throws -> Frame.Proposal? {
    guard let bytes = try store.ballot(room)?.voted else { return nil }
    guard case .proposal(let proposal)? = (try? Frame(encoded: bytes))?.body else {
      throw StoreError.unreadable("a proposal")
    }
    return proposal
  }

  /// Takes a vote for what this node has proposed.
  mutating func take(_ vote: Unverified<CommitVote>, from peer: Handle) throws {
    guard let claim = try? vote.claim(), claim.node == peer else { throw Violation("a vote is not the peer's own") }
    // By a key that has been replaced meanwhile, perhaps: it is asked for again.
    guard (try? vote.verified(byOneOf: nodeKeys(of: peer))) != nil else {
      return complain(of: peer, "a vote is not signed by a key of the peer's card")
    }
    guard let room = try store.room(claim.room), !room.isLeft, room.epoch == claim.epoch,
      try store.ballot(claim.room)?.isProposer == true, let proposal = try proposal(of: claim.room),
      proposal.term == claim.term, try electorate(of: room).contains(peer)
    else { return }
    guard proposal.digest == claim.digest else { throw Violation("a vote for another commit than was proposed") }
    var votes =
      memory.elections.votes[claim.room].flatMap { $0.term == claim.term ? $0 : nil }
      ?? Elections.Votes(term: claim.term, votes: [handle: self.vote(for: proposal)])
    votes.votes[peer] = vote
    memory.elections.votes[claim.room] = votes
    try stand(room, proposal)
  }

  /// Makes the commit the one of its epoch, once enough nodes have voted for it.
  @discardableResult
  private mutating func stand(_ room: RoomRecord, _ proposal: Frame.Proposal, step: CommitStep? = nil) throws -> Bool {
    let nodes = try electorate(of: room)
    guard let votes = memory.elections.votes[room.room], votes.term == proposal.term,
      votes.votes.keys.count(where: nodes.contains) >= CommitProof.votesNeeded(of: nodes.count)
    else { return false }
    let proof = CommitProof(
      term: proposal.term, promises: proposal.promises,
      votes: votes.votes.filter { nodes.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value))
    let valid: CommitStep
    do { valid = try step ?? self.step(of: proposal, in: room) } catch  where error is MLSError || error is RoomError {
      log(.error, "a commit that has its votes cannot be followed here: \(error)")
      return false
    }
    try accept(proposal, proof, valid, in: room)
    memory.elections.forget(room.room)
    roomsToRelease.insert(room.room)
    return true
  }

  /// Verifies what was proposed on top of the room as it is. Throws `MLSError`, `RoomError` or a `Failure`.
  mutating func step(of proposal: Frame.Proposal, in room: RoomRecord) throws -> CommitStep {
    try step(
      proposal.commit.commit, groupInfo: proposal.commit.groupInfo, at: proposal.proposedAt,
      term: proposal.term, in: room)
  }

  /// Verifies a commit on top of the room as it is, by the dates of when it was proposed. What a takeover carries on may name
  /// the hub whose own takeover first proposed it.
  mutating func step(
    _ commit: [UInt8], groupInfo: [UInt8], at time: Timestamp, term: Term, in room: RoomRecord
  ) throws -> CommitStep {
    guard commit.count <= Limits.commitBytesMax, let message = try? MLSMessage(commit), message.contentType == .commit,
      message.groupID == room.room.bytes,
      message.epoch == room.epoch
    else { throw Frame.Failure.malformed("the commit is malformed") }
    guard let state = try store.roomState(room.room) else { throw StoreError.unreadable("a room without state") }
    return try CommitStep(
      message, groupInfo: groupInfo, on: publicGroup(state), leaves: leaves(room.room),
      hubs: term.number == 0 ? [room.hub] : electorate(of: room),
      authentication: authentication(.following, at: time), at: time)
  }

  // MARK: Voting

  /// Votes for what a peer proposes in its own term, where this node has promised no higher one.
  mutating func take(_ proposal: Frame.Proposal, from peer: Handle) throws {
    guard proposal.term.orderer == peer else { throw Violation("a proposal in another node's term") }
    let identifier = proposal.commit.room
    guard let room = try store.room(identifier) else {
      return memory.elections.keepEarly(proposal, from: peer)
    }
    if proposal.epoch > room.epoch || room.isLeft && proposal.epoch == room.epoch {
      memory.elections.keepEarly(proposal, from: peer)
      if try !room.isLeft && electorate(of: room).contains(peer) { try tellPosition(in: room, to: peer) }
      return
    }
    guard !room.isLeft else { return }
    if proposal.epoch < room.epoch { return try sendCommits(from: proposal.epoch, of: room, to: peer) }
    let nodes = try electorate(of: room)
    guard nodes.contains(peer) else {
      return complain(of: peer, "a node proposes a commit in a room that it is not in")
    }
    guard try !isSilent(in: room) else { return }
    if let ballot = try store.ballot(identifier) {
      guard ballot.promised <= proposal.term else { return try tellPosition(in: room, to: peer) }
      if let voted = try self.proposal(of: identifier), voted.term == proposal.term {
        guard voted.digest == proposal.digest else {
          return complain(of: peer, "a node proposes two commits in one term")
        }
        return try tell(.vote(vote(for: voted)), to: peer)
      }
    }
    guard proposal.proposedAt <= now.adding(milliseconds: Limits.envelopeLifetimeMilliseconds) else {
      return complain(of: peer, "a commit is proposed that is dated in the future; are the clocks right?")
    }
    guard try isVotable(proposal, in: room, by: peer) else { return }
    try store.saveBallot(
      RoomBallot(promised: proposal.term, voted: Frame(.proposal(proposal)).encoded, isProposer: false), of: identifier)
    memory.elections.forget(identifier)
    try tell(.vote(vote(for: proposal)), to: peer)
  }

  /// Whether a proposal may be voted for: its term stands, and its commit is valid on top of the room as it is. One that
  /// brings in a device of a node that is not trusted here orders the room all the same, and is followed once it is trusted.
  mutating func isVotable(_ proposal: Frame.Proposal, in room: RoomRecord, by peer: Handle) throws -> Bool {
    let identifier = proposal.commit.room
    guard proposal.commit.size <= Limits.hubCommitBytesMax else {
      complain(of: peer, "a commit is proposed that is too large")
      return false
    }
    guard try store.commit(proposal.commit.message, in: identifier) == nil else {
      complain(of: peer, "a commit is proposed under another one's identifier")
      return false
    }
    do {
      try CommitProof.verifyTakeover(
        proposal.term, proposal.promises, for: proposal.digest, in: identifier, of: proposal.epoch, hub: room.hub,
        among: electorate(of: room), keys: nodeKeys)
      let step = try step(of: proposal, in: room)
      try check(proposal.commit.welcome, of: step) { CommitRefusal(epoch: room.epoch, text: $0) }
    } catch MLSError.credentialRefused {
      log(.warning, peer: peer, "a commit brings in a device of a node that is not trusted here")
    } catch let error as ModelError {
      complain(of: peer, "a commit is proposed without a right to it: \(error.sentence)")
      return false
    } catch is RoomError, is MLSError, is Frame.Failure, is CommitRefusal {
      complain(of: peer, "a commit is proposed that is not valid")
      return false
    }
    return true
  }

  /// Takes what was proposed for an epoch that the room has come to.
  mutating func takeEarlyProposals(of identifier: RoomIdentifier) throws {
    guard let room = try store.room(identifier), !room.isLeft else { return }
    for (peer, proposal) in memory.elections.takeEarly(identifier, epoch: room.epoch) {
      try store.savepoint { try take(proposal, from: peer) }
    }
  }
}
