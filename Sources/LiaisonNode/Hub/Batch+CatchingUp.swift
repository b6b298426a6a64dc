internal import LiaisonModel
internal import LiaisonProtocol
internal import LiaisonRooms
internal import MLS
internal import TLSPresentation

/// Nodes that are behind in a room, because they were away or come from a backup: where each is, and what it lacks (rooms.md).
extension Batch {
  /// Whether this node may have promised, voted or ordered in the room's present epoch and has forgotten it, since its store
  /// comes from a backup: then it does none of it. In a room of two nodes that is over once the other one has said where
  /// it is; in a larger one when an epoch has come that began afterwards.
  mutating func isSilent(in room: RoomRecord) throws -> Bool {
    guard let restoredAt = room.restoredAt else { return false }
    let count = try electorate(of: room).count
    guard count > 2 else { return count == 2 }
    guard room.epoch > 0, let content = try store.commit(ending: room.epoch - 1, in: room.room)?.content,
      let opening = try? RoomCommit(tlsEncoded: content)
    else { return true }
    return opening.proposedAt <= restoredAt.adding(milliseconds: Limits.clockErrorMillisecondsMax)
  }

  /// Where this node is in a room.
  private func position(in room: RoomRecord, asks: Bool = false) throws -> Frame.Body {
    let number = try store.ballot(room.room)?.promised.number ?? 0
    return .roomPosition(Frame.RoomPosition(room: room.room, epoch: room.epoch, number: number, asks: asks))
  }

  /// Tells a peer where this node is in a room.
  mutating func tellPosition(in room: RoomRecord, to peer: Handle) throws {
    try tell(position(in: room), to: peer)
  }

  /// This node's store comes from a backup.
  mutating func noteRestored() throws {
    guard !memory.elections.isRestoredNoted else { return }
    memory.elections = Elections()
    memory.elections.isRestoredNoted = true
    try store.noteRestored(at: now)
    for (peer, link) in memory.links.peers.sorted(by: { $0.key < $1.key }) {
      for body in try positionsToAsk(of: peer) { send(Frame(body), on: link.link) }
    }
  }

  /// What a node that was restored from a backup asks a peer: where it is in the rooms that they share.
  mutating func positionsToAsk(of peer: Handle) throws -> [Frame.Body] {
    let since = now.subtracting(milliseconds: Limits.envelopeLifetimeMilliseconds)
    var bodies: [Frame.Body] = []
    for identifier in try store.roomsRestored(since: since) {
      guard let room = try store.room(identifier), !room.isLeft, try electorate(of: room).contains(peer) else {
        continue
      }
      bodies.append(try position(in: room, asks: true))
    }
    return bodies
  }

  /// A peer says where it is: it gets what it lacks, or gives what is missing here, or a higher term is needed.
  /// One that came in a bundle may be old, and commits of before on their way.
  mutating func take(_ position: Frame.RoomPosition, from peer: Handle, isFresh: Bool = true) throws {
    guard let room = try store.room(position.room), !room.isLeft else { return }
    if position.epoch < room.epoch { try sendCommits(from: position.epoch, of: room, to: peer) }
    let nodes = try electorate(of: room)
    guard nodes.contains(peer) else { return }
    if position.asks || position.epoch > room.epoch { try tellPosition(in: room, to: peer) }
    guard position.epoch <= room.epoch else { return }
    if nodes.count == 2, room.restoredAt != nil, isFresh {
      // The only one who could know more does not.
      try store.forgetRestored(room.room)
      try askForVotes(of: [peer])
    }
    guard position.epoch == room.epoch else { return }
    if position.number > 0 { memory.elections.name(position.number, in: room.room) }
  }

  /// Sends a peer the commits that followed, of epochs in which it took part, as far as they are kept.
  mutating func sendCommits(from epoch: UInt64, of room: RoomRecord, to peer: Handle) throws {
    guard memory.elections.mayCatchUp(peer, at: now) else { return }
    var commits: [[UInt8]] = []
    var bytes = 0
    for epoch in epoch..<room.epoch {
      guard commits.count < Limits.commitsKeptPerRoomMax,
        try peer == room.hub || store.tookPart(peer, in: room.room, epoch: epoch),
        let content = try store.commit(ending: epoch, in: room.room)?.content, !content.isEmpty,
        commits.isEmpty || bytes + content.count <= Limits.catchUpBytes
      else { break }
      bytes += content.count
      commits.append(content)
    }
    if !commits.isEmpty { try tell(.roomCommits(room: room.room, commits), to: peer) }
  }

  /// Takes commits that another node passes on, each with its proof.
  mutating func take(_ commits: [[UInt8]], of identifier: RoomIdentifier, from peer: Handle) throws {
    for bytes in commits {
      guard let commit = try? RoomCommit(tlsEncoded: bytes), let room = try store.room(identifier), !room.isLeft else {
        return
      }
      if commit.epoch < room.epoch { continue }
      guard commit.epoch == room.epoch else { return }
      do {
        try store.savepoint {
          let key = try insert(MessageIdentifier(using: &random), .commit, bytes, of: identifier)
          guard case .placed = try follow(commit, in: room, key, from: peer) else { throw UntrustedLeaf() }
        }
      } catch let failure as Frame.Failure {
        rosters[identifier] = nil
        return complain(of: peer, "a commit that a node passed on was not taken: \(failure.text)")
      } catch is UntrustedLeaf {
        rosters[identifier] = nil
        return
      }
    }
  }
}
