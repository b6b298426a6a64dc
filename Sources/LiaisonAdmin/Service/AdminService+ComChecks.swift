internal import FoundationEssentials
internal import LiaisonModel
package import LiaisonNode
internal import LiaisonProtocol

/// Communication checks, as administrators ask for them.
extension AdminService {
  /// The check of this number, or the figures of all for 0.
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
  /// A check as it is known.
  package init(_ report: ComCheckReport) {
    self.init()
    number = report.number
    check = Data(report.check.tlsEncoded)
    countries = report.countries.map { country in
      var entry = AdminComCheck.Country()
      entry.handle = country.handle.description
      entry.receiptAt = country.receiptAt?.milliseconds ?? 0
      entry.receipt = Data(country.receipt?.tlsEncoded ?? [])
      entry.answerAt = country.answerAt?.milliseconds ?? 0
      entry.answer = Data(country.answer?.tlsEncoded ?? [])
      entry.refusal = country.refusal ?? ""
      return entry
    }
  }
}
