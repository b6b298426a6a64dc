package import LiaisonModel
package import TLSPresentation

/// What a country tells its peers of another: its administrators suspended or revoked it, or activated it again.
///
/// ```
/// struct {
///   uint8 version = 1; Handle issuer; Handle handle; RootKey root; uint8 standing; opaque reason<V>;
///   Timestamp decided_at;
/// } RevocationNotice;
/// ```
package struct RevocationNotice: Statement, Equatable {
  package typealias Signer = NodePurpose
  package static let label = "revocation notice"

  /// How the issuer stands to the other since then.
  package enum Standing: UInt8, Sendable {
    /// Again, after it was suspended.
    case active = 1
    case suspended = 2
    case revoked = 3
  }

  /// Whose administrators decided.
  package var issuer: Handle
  /// About whom.
  package var handle: Handle
  /// The root key by which the issuer knew it.
  package var rootKey: RootKey
  package var standing: Standing
  /// The administrators' words; empty where they gave none. From a peer it is hostile text: escape it.
  package var reason: String
  /// When they decided. Of two notices of one issuer about one root key the later counts.
  package var decidedAt: Timestamp

  package init(
    issuer: Handle, handle: Handle, rootKey: RootKey, standing: Standing, reason: String, decidedAt: Timestamp
  ) {
    self.issuer = issuer
    self.handle = handle
    self.rootKey = rootKey
    self.standing = standing
    self.reason = reason
    self.decidedAt = decidedAt
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a notice has an unknown version") }
    issuer = try decoder.read()
    handle = try decoder.read()
    rootKey = try decoder.read()
    let code = try decoder.read(UInt8.self)
    guard let standing = Standing(rawValue: code) else { throw .unknownValue(UInt64(code)) }
    self.standing = standing
    reason = try decoder.readString(bound: Limits.reasonBytesMax)
    decidedAt = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(issuer)
    encoder.write(handle)
    encoder.write(rootKey)
    encoder.write(standing.rawValue)
    encoder.write(string: reason)
    encoder.write(decidedAt)
  }

  /// For people, one sentence.
  package var sentence: String {
    let why = reason.isEmpty ? "" : ": \(reason)"
    return switch standing {
    case .active: "\(issuer) gives notice that it activated \(handle) again"
    case .suspended: "\(issuer) gives notice that it suspended \(handle)\(why)"
    case .revoked: "\(issuer) gives notice that it revoked \(handle)\(why)"
    }
  }
}
