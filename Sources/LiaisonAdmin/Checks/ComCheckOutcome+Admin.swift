internal import FoundationEssentials
package import LiaisonModel
internal import LiaisonNode
internal import TLSPresentation

extension ComCheckOutcome {
  /// What a node's answer says of a check, at `now`. Throws where it is malformed.
  package init(_ answer: AdminComCheck, at now: Timestamp) throws {
    let check = try Unverified<ComCheck>(tlsEncoded: Array(answer.check))
    let countries = try answer.countries.map { entry in
      var country = ComCheckReport.Country(handle: try Handle(entry.handle))
      if !entry.receipt.isEmpty { country.receipt = try Unverified(tlsEncoded: Array(entry.receipt)) }
      if !entry.answer.isEmpty { country.answer = try ProvenAnswer(tlsEncoded: Array(entry.answer)) }
      if entry.receiptAt != 0 { country.receiptAt = Timestamp(milliseconds: entry.receiptAt) }
      if entry.answerAt != 0 { country.answerAt = Timestamp(milliseconds: entry.answerAt) }
      country.refusal = entry.refusal.isEmpty ? nil : entry.refusal
      return country
    }
    self.init(
      ComCheckReport(number: answer.number, check: check, content: try check.claim(), countries: countries), at: now)
  }
}
