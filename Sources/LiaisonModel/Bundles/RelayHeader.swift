public import TLSPresentation

/// What begins one direction of a tunnel between two nodes through a third: the header of a bundle that has no end, under a
/// label of its own. Its ``BundleHeader/bundle`` is the identifier that the receiver chose for this tunnel, so that nothing
/// of an earlier one is taken for new.
public struct RelayHeader: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "relay"

  public var header: BundleHeader

  public var handle: Handle { header.from }

  /// A statement that is still to be signed.
  public init(_ header: BundleHeader) { self.header = header }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    header = try decoder.read()
    guard header.isSealed else { throw .invalid("a tunnel is sealed to no key") }
  }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(header) }
}

/// What a third node carries between two others, and cannot read.
///
/// ```
/// struct {
///   uint8 type;
///   select (type) {
///     case 1: opaque tunnel[16]; Signed key;                  // ask
///     case 2: opaque tunnel[16]; Signed key; Signed header;   // open
///     case 3: opaque segment<V>;
///   }
/// } RelayPart;
/// ```
public enum RelayPart: TLSCodable, Sendable {
  /// The sender wants a tunnel, which is to be opened under this identifier of its choice.
  case ask(BundleIdentifier, Unverified<BundleKey>)
  /// The sender's direction is opened; the other is to be opened under its identifier.
  case open(BundleIdentifier, Unverified<BundleKey>, Unverified<RelayHeader>)
  /// A segment of a bundle.
  case segment([UInt8])

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .ask(try decoder.read(), try decoder.read())
    case 2: self = .open(try decoder.read(), try decoder.read(), try decoder.read())
    case 3: self = .segment(try decoder.readOpaque(bound: Limits.bundlePartBytesMax))
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .ask(let tunnel, let key):
      encoder.write(UInt8(1))
      encoder.write(tunnel)
      encoder.write(key)
    case .open(let tunnel, let key, let header):
      encoder.write(UInt8(2))
      encoder.write(tunnel)
      encoder.write(key)
      encoder.write(header)
    case .segment(let segment):
      encoder.write(UInt8(3))
      encoder.write(opaque: segment)
    }
  }
}
