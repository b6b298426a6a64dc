internal import FoundationEssentials
internal import LiaisonNode
internal import LiaisonProtocol

/// Duty roles, as administrators ask for them.
extension AdminService {
  func roles() async throws -> AdminRoles {
    guard case .roles(let roles) = try await ask(.roles) else { throw wrongAnswer }
    var answer = AdminRoles()
    answer.roles = roles.map { role in
      var entry = AdminRole()
      entry.card = Data(role.card.tlsEncoded)
      entry.offer = Data(role.offer?.tlsEncoded ?? [])
      return entry
    }
    return answer
  }
}
