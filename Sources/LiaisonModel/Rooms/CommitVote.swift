public import TLSPresentation

/// A node's signed statement that it keeps a commit, as the one that was proposed in a term of the epoch that it ends.
public struct CommitVote: Statement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "commit vote"

  public var room: RoomIdentifier
  public var epoch: UInt64
  public var term: Term
  /// The node that votes.
  public var node: Handle
  /// ``RoomCommit/digest``, 32 bytes.
  public var digest: [UInt8]

  public init(room: RoomIdentifier, epoch: UInt64, term: Term, node: Handle, digest: [UInt8]) {
    self.room = room
    self.epoch = epoch
    self.term = term
    self.node = node
    self.digest = digest
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a vote has an unknown format") }
    room = try decoder.read()
    epoch = try decoder.read()
    term = try decoder.read()
    node = try decoder.read()
    digest = try decoder.read(fixed: 32)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(room)
    encoder.write(epoch)
    encoder.write(term)
    encoder.write(node)
    encoder.write(fixed: digest)
  }
}
