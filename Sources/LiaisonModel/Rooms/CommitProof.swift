public import TLSPresentation

/// What shows that a commit stands: enough votes of its epoch's nodes, and, where another node than the hub ordered it, the
/// promises of more than half of them. Nothing in it may be believed before ``verify(_:in:of:hub:among:from:keys:)``.
///
/// `struct { Term term; Signed promises<V>; Signed votes<V>; } CommitProof;`
public struct CommitProof: Hashable, Sendable, TLSCodable {
  public var term: Term
  /// Empty where the hub itself ordered it.
  public var promises: [Unverified<TakeoverPromise>]
  public var votes: [Unverified<CommitVote>]

  public init(term: Term, promises: [Unverified<TakeoverPromise>], votes: [Unverified<CommitVote>]) {
    self.term = term
    self.promises = promises
    self.votes = votes
  }

  /// Longest encoding, bytes: two statements of each of the most nodes.
  static let bytesMax = 2 * 1024 * 512

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    term = try decoder.read()
    promises = try decoder.readVector(bound: Self.bytesMax)
    votes = try decoder.readVector(bound: Self.bytesMax)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(term)
    encoder.write(vector: promises)
    encoder.write(vector: votes)
  }

  /// How many of so many nodes must have voted for a commit, so that it stands: half of them.
  public static func votesNeeded(of nodes: Int) -> Int { (nodes + 1) / 2 }
  /// How many of so many nodes must have promised, so that a takeover stands: more than half of them.
  public static func promisesNeeded(of nodes: Int) -> Int { nodes / 2 + 1 }

  /// Checks that it proves a commit of an epoch, with this hub and these nodes.
  /// - Parameter sender: the node from whose link it comes, whose own vote needs no other proof.
  ///
  /// Throws ``ModelError/mismatch(_:)`` where it does not.
  public func verify(
    _ digest: [UInt8], in room: RoomIdentifier, of epoch: UInt64, hub: Handle, among nodes: Set<Handle>,
    from sender: Handle?, keys: (Handle) -> [PublicKey<NodePurpose>]
  ) throws(ModelError) {
    try Self.verifyTakeover(term, promises, for: digest, in: room, of: epoch, hub: hub, among: nodes, keys: keys)
    var voters: Set<Handle> = []
    for vote in votes {
      guard let claim = try? vote.claim(), nodes.contains(claim.node), !voters.contains(claim.node) else { continue }
      guard claim.room == room, claim.epoch == epoch, claim.term == term, claim.digest == digest,
        claim.node == sender || (try? vote.verified(byOneOf: keys(claim.node))) != nil
      else { continue }
      voters.insert(claim.node)
    }
    guard voters.contains(term.orderer), voters.count >= Self.votesNeeded(of: nodes.count) else {
      throw .mismatch("too few nodes of the room have voted for the commit")
    }
  }

  /// Checks that a node may propose a commit in a term: the hub in the first, another with promises, and only what the
  /// last of their votes was for. Throws ``ModelError/mismatch(_:)`` where it may not.
  public static func verifyTakeover(
    _ term: Term, _ promises: [Unverified<TakeoverPromise>], for digest: [UInt8], in room: RoomIdentifier,
    of epoch: UInt64, hub: Handle, among nodes: Set<Handle>, keys: (Handle) -> [PublicKey<NodePurpose>]
  ) throws(ModelError) {
    if term.number == 0 {
      guard term.orderer == hub else { throw .mismatch("only the room's hub orders its commits") }
      return
    }
    guard nodes.contains(term.orderer) else { throw .mismatch("a node that is not in the room orders nothing in it") }
    var promised: [Handle: TakeoverPromise] = [:]
    for promise in promises {
      guard let claim = try? promise.claim(), nodes.contains(claim.node), promised[claim.node] == nil else { continue }
      guard claim.room == room, claim.epoch == epoch, claim.term == term,
        (try? promise.verified(byOneOf: keys(claim.node))) != nil
      else { continue }
      promised[claim.node] = claim
    }
    guard promised.count >= promisesNeeded(of: nodes.count) else {
      throw .mismatch("too few nodes of the room have signed the takeover")
    }
    if let last = promised.values.compactMap(\.voted).max(by: { $0.term < $1.term }), last.digest != digest {
      throw .mismatch("a takeover carries on what was voted for before it")
    }
  }
}
