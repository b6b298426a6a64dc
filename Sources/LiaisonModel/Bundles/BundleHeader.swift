public import TLSPresentation

/// What a bundle says of itself in clear, signed by the node that made it.
public struct BundleHeader: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "bundle"

  /// The node that made it.
  public var from: Handle
  /// The node that it is for.
  public var to: Handle
  /// Names it for ever.
  public var bundle: BundleIdentifier
  /// The maker's clock.
  public var madeAt: Timestamp
  /// SHA-256 of the public key that it is sealed to; empty where it holds nothing but its head, since the maker has no
  /// key of the other node yet.
  public var sealedTo: [UInt8]
  /// HPKE's encapsulated key (RFC 9180 §4.1), 1,120 bytes; empty with ``sealedTo``.
  public var encapsulatedKey: [UInt8]

  public var handle: Handle { from }

  /// A header that is still to be signed.
  public init(
    from: Handle, to: Handle, bundle: BundleIdentifier, madeAt: Timestamp, sealedTo: [UInt8] = [],
    encapsulatedKey: [UInt8] = []
  ) {
    self.from = from
    self.to = to
    self.bundle = bundle
    self.madeAt = madeAt
    self.sealedTo = sealedTo
    self.encapsulatedKey = encapsulatedKey
  }

  /// Whether there is anything in it besides its head.
  public var isSealed: Bool { !sealedTo.isEmpty }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a bundle has an unknown format") }
    from = try decoder.read()
    to = try decoder.read()
    bundle = try decoder.read()
    madeAt = try decoder.read()
    sealedTo = try decoder.readOpaque(bound: 32)
    encapsulatedKey = try decoder.readOpaque(bound: Limits.bundleEncapsulationBytes)
    let isGreeting = sealedTo.isEmpty && encapsulatedKey.isEmpty
    guard isGreeting || (sealedTo.count == 32 && encapsulatedKey.count == Limits.bundleEncapsulationBytes) else {
      throw .invalid("a bundle is sealed to half a key")
    }
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(fixed: binding)
    encoder.write(opaque: encapsulatedKey)
  }

  /// All but the encapsulated key: what the seal is bound to, so that nobody puts another name on it.
  var binding: [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: 160)
    encoder.write(UInt8(1))
    encoder.write(from)
    encoder.write(to)
    encoder.write(bundle)
    encoder.write(madeAt)
    encoder.write(opaque: sealedTo)
    return encoder.bytes
  }
}

public enum BundleTag: Sendable {}

/// Names a bundle.
public typealias BundleIdentifier = Identifier<BundleTag>

/// The last part of a bundle, signed by the node that made it: whoever has it knows that nothing is missing or changed.
public struct BundleEnd: Statement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "bundle end"

  public var bundle: BundleIdentifier
  /// Bytes of the file before this part.
  public var size: UInt64
  /// SHA-256 of them.
  public var digest: [UInt8]

  /// A statement that is still to be signed.
  public init(bundle: BundleIdentifier, size: UInt64, digest: [UInt8]) {
    self.bundle = bundle
    self.size = size
    self.digest = digest
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("the end of a bundle has an unknown format") }
    bundle = try decoder.read()
    size = try decoder.read()
    digest = try decoder.read(fixed: 32)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(bundle)
    encoder.write(size)
    encoder.write(fixed: digest)
  }
}

/// The first part of a bundle.
///
/// `struct { Signed card; Signed key; Signed header; } BundleHead;`
public struct BundleHead: TLSCodable, Sendable {
  /// The maker's node card, as it was when the bundle was made.
  public var card: Unverified<NodeCard>
  /// What the maker's own bundles are to be sealed to.
  public var key: Unverified<BundleKey>
  public var header: Unverified<BundleHeader>

  /// A head of these parts.
  public init(card: Unverified<NodeCard>, key: Unverified<BundleKey>, header: Unverified<BundleHeader>) {
    self.card = card
    self.key = key
    self.header = header
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    card = try decoder.read()
    key = try decoder.read()
    header = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(card)
    encoder.write(key)
    encoder.write(header)
  }
}
