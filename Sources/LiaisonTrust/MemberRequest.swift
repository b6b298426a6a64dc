internal import Crypto
package import LiaisonModel
package import TLSPresentation

/// What a registrar asks for a member. The trust log holds its hash only, so that the log, which is handed to others,
/// says nothing of members; the salt keeps the hash from being guessed.
///
/// ```
/// struct {
///   uint8 type;                     // 1 invitation, 2 revocation
///   opaque salt[32];
///   opaque address<V>;
///   select (type) {
///     case invitation: opaque name<V>; uint8 discipline; opaque role<V>; Timestamp expires_at;
///     case revocation: opaque reason<V>;
///   }
/// } MemberRequest;
/// ```
package struct MemberRequest: Hashable, Sendable, TLSCodable {
  /// What becomes of the member.
  package enum Change: Hashable, Sendable {
    /// One more device may enrol until then; what else is said of the member counts from now on.
    case invitation(name: String, discipline: Discipline, role: String, expiresAt: Timestamp)
    /// All devices lose their rights.
    case revocation(reason: String)
  }

  /// Whom it is about.
  package let address: Address
  /// What becomes of them.
  package let change: Change
  private let salt: [UInt8]

  /// A request with a new salt.
  package init(_ address: Address, _ change: Change) {
    self.address = address
    self.change = change
    salt = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
  }

  /// The act that asks for it.
  package var act: Act {
    switch change {
    case .invitation: .memberInvited(digest)
    case .revocation: .memberRevoked(digest)
    }
  }

  /// SHA-256 of the encoding, 32 bytes.
  package var digest: MemberRequestDigest { MemberRequestDigest(Array(SHA256.hash(data: tlsEncoded))) }

  /// The longest of the texts, bytes; the node's own bounds are narrower.
  private static let textBytesMax = 512

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let type = try decoder.read(UInt8.self)
    salt = try decoder.read(fixed: 32)
    address = try decoder.read()
    switch type {
    case 1:
      let name = try decoder.readString(bound: Self.textBytesMax)
      let code = try decoder.read(UInt8.self)
      guard let discipline = Discipline(rawValue: code) else { throw .unknownValue(UInt64(code)) }
      let role = try decoder.readString(bound: Self.textBytesMax)
      change = .invitation(name: name, discipline: discipline, role: role, expiresAt: try decoder.read())
    case 2: change = .revocation(reason: try decoder.readString(bound: Self.textBytesMax))
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  package func encode(to encoder: inout TLSEncoder) {
    switch change {
    case .invitation(let name, let discipline, let role, let expiresAt):
      encoder.write(UInt8(1))
      encoder.write(fixed: salt)
      encoder.write(address)
      encoder.write(string: name)
      encoder.write(discipline.rawValue)
      encoder.write(string: role)
      encoder.write(expiresAt)
    case .revocation(let reason):
      encoder.write(UInt8(2))
      encoder.write(fixed: salt)
      encoder.write(address)
      encoder.write(string: reason)
    }
  }
}

/// SHA-256 of a ``MemberRequest``, 32 bytes.
package struct MemberRequestDigest: Hashable, Sendable, TLSCodable, CustomStringConvertible {
  private let bytes: [UInt8]

  fileprivate init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Its first 8 bytes in hexadecimal, enough to tell requests apart.
  package var description: String { Hex.encode(bytes.prefix(8)) }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { bytes = try decoder.read(fixed: 32) }

  package func encode(to encoder: inout TLSEncoder) { encoder.write(fixed: bytes) }
}
