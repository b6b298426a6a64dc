public import TLSPresentation

/// A node's signed consent that another orders an epoch of a room: from now on it votes in that epoch in no lower term.
public struct TakeoverPromise: Statement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "takeover promise"

  /// What a node has voted for.
  public struct Vote: Hashable, Sendable, TLSCodable {
    public var term: Term
    /// ``RoomCommit/digest``, 32 bytes.
    public var digest: [UInt8]

    public init(term: Term, digest: [UInt8]) {
      self.term = term
      self.digest = digest
    }

    public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      term = try decoder.read()
      digest = try decoder.read(fixed: 32)
    }

    public func encode(to encoder: inout TLSEncoder) {
      encoder.write(term)
      encoder.write(fixed: digest)
    }
  }

  public var room: RoomIdentifier
  public var epoch: UInt64
  public var term: Term
  /// The node that promises.
  public var node: Handle
  /// Its last vote in the epoch, if it has given one.
  public var voted: Vote?

  public init(room: RoomIdentifier, epoch: UInt64, term: Term, node: Handle, voted: Vote?) {
    self.room = room
    self.epoch = epoch
    self.term = term
    self.node = node
    self.voted = voted
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a promise has an unknown format") }
    room = try decoder.read()
    epoch = try decoder.read()
    term = try decoder.read()
    node = try decoder.read()
    voted = try decoder.readOptional()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(room)
    encoder.write(epoch)
    encoder.write(term)
    encoder.write(node)
    encoder.write(optional: voted)
  }
}
