package import LiaisonModel
package import TLSPresentation

/// A person who decides for the node.
package struct Administrator: Hashable, Sendable, TLSCodable {
  /// What the person may decide.
  package enum Role: UInt8, Sendable, CustomStringConvertible {
    /// Everything.
    case owner = 1

    package var description: String {
      switch self {
      case .owner: "owner"
      }
    }
  }

  /// Signs the person's decisions.
  package var key: AdministratorKey
  /// 1 to 128 bytes.
  package var name: String
  /// What the person may decide.
  package var role: Role

  /// Fails where `name` is not 1 to 128 bytes long.
  package init(key: AdministratorKey, name: String, role: Role) throws(ModelError) {
    guard 1...128 ~= name.utf8.count else { throw .malformed("an administrator's name is 1 to 128 bytes long") }
    self.key = key
    self.name = name
    self.role = role
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let key = try decoder.read(AdministratorKey.self)
    let name = try decoder.readString(bound: 128)
    let code = try decoder.read(UInt8.self)
    guard let role = Role(rawValue: code) else { throw .unknownValue(UInt64(code)) }
    do { try self.init(key: key, name: name, role: role) } catch { throw .invalid("an administrator has no name") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(key)
    encoder.write(string: name)
    encoder.write(role.rawValue)
  }
}
