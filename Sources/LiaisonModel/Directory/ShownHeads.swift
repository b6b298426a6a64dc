public import TLSPresentation

/// Directory heads that a device shows the members of a room, as the authenticated data of a message: nodes can read them,
/// and cannot change them. So a node that shows its own members another history than others is found out by those others.
///
/// `struct { uint8 version = 1; Signed heads<V>; } ShownHeads;`
public struct ShownHeads: Hashable, Sendable, TLSCodable {
  /// At most ``max``.
  public let heads: [Unverified<DirectoryHead>]

  /// As many heads as one message shows: of the countries in its room, and not more than fit beside a short text.
  public static let max = 32

  public init(_ heads: [Unverified<DirectoryHead>]) { self.heads = Array(heads.prefix(Self.max)) }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("shown heads have an unknown format") }
    heads = try decoder.readVector(bound: Self.max * 512)
    guard heads.count <= Self.max else { throw .tooLong(bound: Self.max) }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(vector: heads)
  }
}
