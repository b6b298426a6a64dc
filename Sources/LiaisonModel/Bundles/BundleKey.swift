public import TLSPresentation

/// A node's statement of the key that bundles for it are sealed to. It travels on links and at the head of each bundle,
/// so that whoever had either can seal the next one.
public struct BundleKey: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "bundle key"

  /// The node whose key it is.
  public var handle: Handle
  /// A public key of X-Wing, 1,216 bytes.
  public var publicKey: [UInt8]
  /// Of two of a node, the later one counts.
  public var issuedAt: Timestamp

  /// A statement that is still to be signed. `publicKey` has ``Limits/bundleKeyBytes`` bytes.
  public init(handle: Handle, publicKey: [UInt8], issuedAt: Timestamp) {
    self.handle = handle
    self.publicKey = publicKey
    self.issuedAt = issuedAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a bundle key has an unknown format") }
    handle = try decoder.read()
    publicKey = try decoder.read(fixed: Limits.bundleKeyBytes)
    issuedAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(handle)
    encoder.write(fixed: publicKey)
    encoder.write(issuedAt)
  }
}
