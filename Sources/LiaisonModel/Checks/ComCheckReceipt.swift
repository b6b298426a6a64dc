public import TLSPresentation

/// A node's statement that it holds a communication check, and whom it asks.
///
/// ```
/// struct {
///   uint8 version = 1;
///   opaque check_digest[32];    // SHA-256 of the Signed check
///   opaque holder<V>;           // handle of the node that signs
///   uint8 standing;             // 1 holders, 2 alternate, 3 contact point, 4 nobody: who acts for the role
///   uint64 held_at;             // milliseconds since 1970, holder's clock
/// } ComCheckReceipt;
/// ```
public struct ComCheckReceipt: NodeStatement, Equatable {
  public typealias Signer = NodePurpose
  public static let label = "communication check receipt"

  public var checkDigest: [UInt8]
  public var holder: Handle
  public var standing: RoleCard.Standing
  public var heldAt: Timestamp

  public var handle: Handle { holder }

  /// `checkDigest` is 32 bytes.
  public init(checkDigest: [UInt8], holder: Handle, standing: RoleCard.Standing, heldAt: Timestamp) {
    self.checkDigest = checkDigest
    self.holder = holder
    self.standing = standing
    self.heldAt = heldAt
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a check's receipt has an unknown format") }
    checkDigest = try decoder.read(fixed: 32)
    holder = try decoder.read()
    let code = try decoder.read(UInt8.self)
    guard let standing = RoleCard.Standing(rawValue: code) else { throw .unknownValue(UInt64(code)) }
    self.standing = standing
    heldAt = try decoder.read()
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(fixed: checkDigest)
    encoder.write(holder)
    encoder.write(standing.rawValue)
    encoder.write(heldAt)
  }
}
