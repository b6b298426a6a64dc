public import TLSPresentation

/// Whose order holds in an epoch of a room: number 0 is the hub's own, a higher one that of a node which takes it over.
///
/// `struct { uint32 number; opaque orderer<V>; } Term;`
public struct Term: Hashable, Sendable, Comparable, TLSCodable {
  public var number: UInt32
  public var orderer: Handle

  public init(number: UInt32, orderer: Handle) {
    self.number = number
    self.orderer = orderer
  }

  /// By number, and then by the orderer's handle: no two nodes have one term.
  public static func < (a: Term, b: Term) -> Bool { (a.number, a.orderer) < (b.number, b.orderer) }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    number = try decoder.read()
    orderer = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(number)
    encoder.write(orderer)
  }
}
