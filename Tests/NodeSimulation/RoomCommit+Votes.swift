package import LiaisonModel

extension RoomCommit {
  /// The same with votes of these nodes, in a term of its own.
  package func voted(in room: RoomIdentifier, by nodes: [SimulatedNode], term: Term) -> RoomCommit {
    var commit = self
    commit.proof = CommitProof(
      term: term, promises: [],
      votes: nodes.map { node in
        Signed(
          CommitVote(room: room, epoch: epoch, term: term, node: node.handle, digest: digest), by: node.nodeKey
        ).unverified
      })
    return commit
  }
}
