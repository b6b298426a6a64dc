internal import CommandKit
internal import FoundationEssentials
package import LiaisonModel
package import LiaisonNode

/// What came of a communication check, country by country, as it stands at one moment (comcheck.md).
package struct ComCheckOutcome: Sendable {
  /// How far the check came in a country.
  package enum State: String, Sendable {
    case onTheWay = "on the way"
    /// The time is over, and no node held it.
    case notDelivered = "not delivered"
    /// The country's node does not take it.
    case refused
    /// A node holds it, and asks.
    case waiting
    /// A node holds it, and there is nobody whom it could ask.
    case nobody = "nobody on duty"
    /// The time is over, and whoever was asked did not acknowledge.
    case noResponse = "no response"
    case acknowledged
  }

  /// One country. Spans are by the origin's clock alone.
  package struct Row: Sendable {
    package let country: Handle
    package let state: State
    /// Milliseconds from the release to the node's receipt.
    package let delivered: UInt64?
    /// Milliseconds from the release to the acknowledgement, and from the receipt to it.
    package let acknowledged: UInt64?
    package let acknowledgedSinceDelivery: UInt64?
    /// By the country's own clocks: when its node held the check, and when the person answered.
    package let heldAt: Timestamp?
    package let answeredAt: Timestamp?
    package let role: Address?
    package let person: Address?
    /// As what the person acted, or whoever is asked.
    package let standing: RoleCard.Standing?
    /// Why the country's node does not take it; hostile text.
    package let refusal: String?
  }

  package let number: UInt64
  /// What the check is called everywhere.
  package let name: ComCheckIdentifier
  package let check: ComCheck
  package let isOver: Bool
  package let rows: [Row]

  /// What is known of a check at `now`.
  package init(_ report: ComCheckReport, at now: Timestamp) {
    number = report.number
    name = report.check.name
    check = report.content
    let isOver = now >= report.content.answerBy
    self.isOver = isOver
    rows = report.countries.map { Row($0, report.content, isOver: isOver) }
  }

  package var deliveredCount: Int { rows.count { $0.delivered != nil || $0.acknowledged != nil } }
  package var acknowledgedCount: Int { rows.count { $0.acknowledged != nil } }

  /// The span from the release within which that part of the acknowledgements came, by nearest rank; nil without any.
  package func acknowledged(within part: Double) -> UInt64? {
    let spans = rows.compactMap(\.acknowledged).sorted()
    guard !spans.isEmpty else { return nil }
    return spans[max(0, min(spans.count, Int((part * Double(spans.count)).rounded(.up))) - 1)]
  }

  /// The whole in one line, for people.
  package var summary: String {
    var text = "\(rows.count) asked, \(deliveredCount) delivered, \(acknowledgedCount) acknowledged"
    if let median = acknowledged(within: 0.5), let most = acknowledged(within: 0.9) {
      text += "; from the release to the acknowledgement: median \(median.spanFine), 90 % within \(most.spanFine)"
    }
    return text
  }
}

extension ComCheckOutcome.Row {
  fileprivate init(_ country: ComCheckReport.Country, _ check: ComCheck, isOver: Bool) {
    func span(_ start: Timestamp?, _ end: Timestamp?) -> UInt64? {
      guard let start, let end else { return nil }
      return end.milliseconds - min(end.milliseconds, start.milliseconds)
    }
    let receipt = try? country.receipt?.claim()
    let answer = try? country.answer?.answer.claim()
    let roleCard = try? country.answer?.roleCard.claim()
    self.country = country.handle
    delivered = span(check.startedAt, country.receiptAt)
    acknowledged = span(check.startedAt, country.answerAt)
    acknowledgedSinceDelivery = span(country.receiptAt, country.answerAt)
    heldAt = receipt?.heldAt
    answeredAt = answer?.answeredAt
    role = answer?.role
    person = answer?.person
    standing = roleCard?.duty.acting.standing ?? receipt?.standing
    refusal = country.refusal
    state =
      if answer != nil {
        .acknowledged
      } else if receipt?.standing == .vacant {
        .nobody
      } else if receipt != nil {
        isOver ? .noResponse : .waiting
      } else if country.refusal != nil {
        .refused
      } else {
        isOver ? .notDelivered : .onTheWay
      }
  }
}

extension RoleCard.Standing {
  /// As people read it.
  package var words: String {
    switch self {
    case .holders: "holder"
    case .alternate: "alternate"
    case .contactPoint: "contact point"
    case .vacant: "nobody"
    }
  }
}
