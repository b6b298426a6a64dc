internal import LiaisonLink
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
  /// The highest numbers of terms that others have named, by room.
  private var named: [RoomIdentifier: UInt32] = [:]
  private var catchingUp: [Handle: TokenBucket] = [:]
  /// Whether a device has shown, since this process began, that the store comes from a backup.
  var isRestoredNoted = false
  private var early: [(peer: Handle, proposal: Frame.Proposal)] = []

  /// Keeps a proposal of an epoch that has not come here; the oldest goes where there are too many.
  mutating func keepEarly(_ proposal: Frame.Proposal, from peer: Handle) {
    early.removeAll { $0.proposal.commit.room == proposal.commit.room && $0.peer == peer }
    early.append((peer, proposal))
    if early.count(where: { $0.peer == peer }) > Limits.earlyProposalsPerPeerMax,
      let first = early.firstIndex(where: { $0.peer == peer })
    {
      early.remove(at: first)
    }
    while early.count > Limits.earlyProposalsMax
      || early.reduce(0, { $0 + $1.proposal.commit.size }) > Limits.earlyProposalsBytesMax
    {
      early.removeFirst()
    }
  }

  /// Remembers a number that another node has promised.
  mutating func name(_ number: UInt32, in room: RoomIdentifier) { named[room] = max(named[room] ?? 0, number) }

  mutating func takeNamed() -> [RoomIdentifier: UInt32] {
    defer { named = [:] }
    return named
  }

  /// Whether a peer may be sent commits once more.
  mutating func mayCatchUp(_ peer: Handle, at now: Timestamp) -> Bool {
    catchingUp[
      peer,
      default: TokenBucket(
        burst: Limits.catchUpBurst, intervalMilliseconds: Limits.catchUpIntervalMilliseconds, at: now.milliseconds)
    ].take(at: now.milliseconds)
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
