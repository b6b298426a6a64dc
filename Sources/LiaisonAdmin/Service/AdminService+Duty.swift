internal import FoundationEssentials
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol

/// Duty roles and communication checks, as administrators ask for them.
extension AdminService {
  func roles() async throws -> AdminRoles {
    guard case .roles(let roles) = try await ask(.roles) else { throw wrongAnswer }
    var answer = AdminRoles()
    answer.roles = roles.filter { $0.removal == nil }.map { role in
      var entry = AdminRole()
      entry.card = Data(role.card.tlsEncoded)
      entry.offer = Data(role.offer?.tlsEncoded ?? [])
      return entry
    }
    return answer
  }

  /// The check of this number, or all for 0.
  func comChecks(_ number: UInt64) async throws -> AdminComChecks {
    guard case .comChecks(let reports) = try await ask(.comChecks(number: number == 0 ? nil : number)) else {
      throw wrongAnswer
    }
    var answer = AdminComChecks()
    answer.checks = reports.map { AdminComCheck($0) }
    return answer
  }
}

extension AdminComCheck {
  fileprivate init(_ report: ComCheckReport) {
    self.init()
    number = report.number
    check = Data(report.check.tlsEncoded)
    countries = report.countries.map { country in
      var entry = AdminComCheck.Country()
      entry.handle = country.handle.description
      entry.receipt = Data(country.receipt?.tlsEncoded ?? [])
      entry.receiptAt = country.receiptAt?.milliseconds ?? 0
      entry.answer = Data(country.answer?.tlsEncoded ?? [])
      entry.answerAt = country.answerAt?.milliseconds ?? 0
      entry.refusal = country.refusal ?? ""
      return entry
    }
  }
}
