internal import LiaisonModel
internal import LiaisonProtocol

/// Votes and promises that this node is collecting, and proposals that came too early. What is lost of it with the process
/// is asked for again.
struct Elections: Sendable {
  /// Votes for what this node has proposed.
  struct Votes: Sendable {
    let term: Term
    var votes: [Handle: Unverified<CommitVote>] = [:]
  }

  /// A takeover that this node asks the others for.
  struct Takeover: Sendable {
    let epoch: UInt64
    let term: Term
    /// What it proposes, where nothing has been voted for.
    var own: Frame.Proposal
    var promises: [Handle: Unverified<TakeoverPromise>] = [:]
    /// What was voted for in the highest term that a promise names.
    var voted: Frame.Proposal?
    /// Why others do not promise.
    var refusals: [Handle: String] = [:]
  }

  var votes: [RoomIdentifier: Votes] = [:]
  var takeovers: [RoomIdentifier: Takeover] = [:]
  private var early: [(peer: Handle, proposal: Frame.Proposal)] = []

  /// Keeps a proposal of an epoch that has not come here; the oldest goes where there are too many.
  mutating func keepEarly(_ proposal: Frame.Proposal, from peer: Handle) {
    early.removeAll { $0.proposal.commit.room == proposal.commit.room && $0.peer == peer }
    early.append((peer, proposal))
    if early.count > Limits.earlyProposalsMax { early.removeFirst() }
  }

  /// Those of a room whose epoch has come.
  mutating func takeEarly(_ room: RoomIdentifier, epoch: UInt64) -> [(peer: Handle, proposal: Frame.Proposal)] {
    let due = early.filter { $0.proposal.commit.room == room && $0.proposal.epoch <= epoch }
    if !due.isEmpty { early.removeAll { $0.proposal.commit.room == room && $0.proposal.epoch <= epoch } }
    return due
  }

  /// A room has gone on.
  mutating func forget(_ room: RoomIdentifier) {
    votes[room] = nil
    takeovers[room] = nil
  }
}
