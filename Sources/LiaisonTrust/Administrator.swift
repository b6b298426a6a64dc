package import LiaisonModel
package import TLSPresentation

/// A person who decides for the node.
///
/// `struct { AdministratorKey key; opaque name<V>; uint8 roles; } Administrator;`
package struct Administrator: Hashable, Sendable, TLSCodable {
  /// Longest name, bytes of UTF-8.
  package static let nameBytesMax = 128

  /// Signs the person's decisions.
  package let key: AdministratorKey
  /// 1 to 128 bytes.
  package let name: String
  /// What the person may decide.
  package internal(set) var roles: Set<Role>

  /// Fails where `name` is not 1 to 128 bytes long, or nobody may have all of `roles`.
  package init(key: AdministratorKey, name: String, roles: Set<Role>) throws(ModelError) {
    guard 1...Self.nameBytesMax ~= name.utf8.count else {
      throw .malformed("an administrator's name is 1 to \(Self.nameBytesMax) bytes long")
    }
    guard roles.isAllowed else { throw .malformed("an administrator has a role; an auditor has no other") }
    self.key = key
    self.name = name
    self.roles = roles
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let key = try decoder.read(AdministratorKey.self)
    let name = try decoder.readString(bound: Self.nameBytesMax)
    let roles = try decoder.readRoles()
    do { try self.init(key: key, name: name, roles: roles) } catch { throw .invalid("an administrator has no name") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(key)
    encoder.write(string: name)
    encoder.write(roles.bits)
  }
}

extension TLSDecoder {
  mutating func readRoles() throws(TLSPresentationError) -> Set<Role> {
    guard let roles = Set<Role>(bits: try read(UInt8.self)) else { throw .invalid("nobody may have these roles") }
    return roles
  }
}
