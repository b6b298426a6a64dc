public import LiaisonModel

extension Frame {
  /// A commit that its sender proposes to the nodes of a room, or that a node has voted for.
  public struct Proposal: Hashable, Sendable {
    public var commit: HubCommit
    /// The epoch that it ends.
    public var epoch: UInt64
    /// When it was first proposed.
    public var proposedAt: Timestamp
    public var term: Term
    /// None in the hub's own term.
    public var promises: [Unverified<TakeoverPromise>]

    public init(
      commit: HubCommit, epoch: UInt64, proposedAt: Timestamp, term: Term, promises: [Unverified<TakeoverPromise>]
    ) {
      self.commit = commit
      self.epoch = epoch
      self.proposedAt = proposedAt
      self.term = term
      self.promises = promises
    }

    /// ``LiaisonModel/RoomCommit/digest`` of what it proposes.
    public var digest: [UInt8] {
      RoomCommit.digest(proposedAt: proposedAt, commit: commit.commit, groupInfo: commit.groupInfo)
    }
  }

  /// What a node says to a request to promise.
  public struct TakeoverAnswer: Hashable, Sendable {
    public var room: RoomIdentifier
    public var promise: Unverified<TakeoverPromise>?
    /// What the promise names as voted for.
    public var voted: Proposal?
    /// Why there is no promise; at most 256 bytes, from a peer hostile text.
    public var refusal: String

    public init(
      room: RoomIdentifier, promise: Unverified<TakeoverPromise>?, voted: Proposal? = nil, refusal: String = ""
    ) {
      self.room = room
      self.promise = promise
      self.voted = voted
      self.refusal = refusal
    }
  }
  /// Where a node is in a room.
  public struct RoomPosition: Hashable, Sendable {
    public var room: RoomIdentifier
    public var epoch: UInt64
    /// The number of the highest term that it has promised or voted in.
    public var number: UInt32
    /// Whether the receiver is to say where it is itself.
    public var asks: Bool

    public init(room: RoomIdentifier, epoch: UInt64, number: UInt32, asks: Bool = false) {
      self.room = room
      self.epoch = epoch
      self.number = number
      self.asks = asks
    }
  }
}
