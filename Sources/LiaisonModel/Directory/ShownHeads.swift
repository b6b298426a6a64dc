public import TLSPresentation

/// Directory heads that a device shows the members of a room, as the authenticated data of a message: nodes can read them,
/// and cannot change them. So a node that shows its own members another history than others is found out by those others.
///
/// `struct { uint8 version = 1; Signed heads<V>; } ShownHeads;`
public struct ShownHeads: Hashable, Sendable, TLSCodable {
  /// At most ``Limits/shownHeadsMax``.
  public let heads: [Unverified<DirectoryHead>]

  public init(_ heads: [Unverified<DirectoryHead>]) { self.heads = Array(heads.prefix(Limits.shownHeadsMax)) }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("shown heads have an unknown format") }
    heads = try decoder.readVector(bound: Limits.shownHeadsMax * 512)
    guard heads.count <= Limits.shownHeadsMax else { throw .tooLong(bound: Limits.shownHeadsMax) }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(vector: heads)
  }
}
