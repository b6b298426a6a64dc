internal import Crypto
package import LiaisonModel
package import TLSPresentation

/// What a registrar asks for a member or a duty role, or a trust officer of the duty officers of countries. The trust log
/// holds its hash only, so that the log, which is handed to others, says nothing of members; the salt keeps the hash from
/// being guessed.
///
/// ```
/// struct {
///   uint8 type;                     // 1 invitation, 2 revocation, 20 role, 21 role_removal, 22 com_check
///   opaque salt[32];
///   opaque address<V>;
///   select (type) {
///     case invitation: opaque name<V>; uint8 discipline; opaque role<V>; Timestamp expires_at;
///     case revocation: opaque reason<V>;
///     case role:       opaque title<V>; Address holders<V>; optional<Address> alternate; optional<Address> contact_point;
///     case role_removal: opaque reason<V>;
///     case com_check:  opaque countries<V>;      // handles, opaque<V> each; none for all
///                      uint8 precedence; uint64 within;  // milliseconds
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
    /// The address is a duty role's, which these people hold from now on.
    case role(RoleCard.Duty)
    /// The role is no more.
    case roleRemoval(reason: String)
    /// Those countries' duty officers, or all active peers', are asked for a human acknowledgement within that time. The
    /// address is the own duty officer's.
    case comCheck(countries: [Handle], Precedence, withinMilliseconds: UInt64)
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
    case .role, .roleRemoval: .dutyRoleChanged(digest)
    case .comCheck: .comCheckStarted(digest)
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
    case 20:
      change = .role(
        RoleCard.Duty(
          title: try decoder.readString(bound: Self.textBytesMax),
          holders: try decoder.readVector(bound: Limits.roleHoldersMax * 98), alternate: try decoder.readOptional(),
          contactPoint: try decoder.readOptional()))
    case 21: change = .roleRemoval(reason: try decoder.readString(bound: Self.textBytesMax))
    case 22:
      let countries = try decoder.readVector(of: Handle.self, bound: Limits.peersMax * 33)
      let code = try decoder.read(UInt8.self)
      guard let precedence = Precedence(rawValue: code) else { throw .unknownValue(UInt64(code)) }
      change = .comCheck(countries: countries, precedence, withinMilliseconds: try decoder.read())
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
    case .role(let duty):
      encoder.write(UInt8(20))
      encoder.write(fixed: salt)
      encoder.write(address)
      encoder.write(string: duty.title)
      encoder.write(vector: duty.holders)
      encoder.write(optional: duty.alternate)
      encoder.write(optional: duty.contactPoint)
    case .roleRemoval(let reason):
      encoder.write(UInt8(21))
      encoder.write(fixed: salt)
      encoder.write(address)
      encoder.write(string: reason)
    case .comCheck(let countries, let precedence, let within):
      encoder.write(UInt8(22))
      encoder.write(fixed: salt)
      encoder.write(address)
      encoder.write(vector: countries)
      encoder.write(precedence.rawValue)
      encoder.write(within)
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
