internal import CommandKit
internal import LiaisonModel

extension ComCheckOutcome {
  /// Rows for a terminal, a heading first; cells are not escaped.
  package var table: [[String]] {
    let heading = [
      "COUNTRY", "STATE", "DELIVERED AFTER", "ACKNOWLEDGED AFTER", "SINCE DELIVERY", "BY", "AS",
    ]
    return [heading]
      + rows.map { row in
        [
          row.country.description, row.state.rawValue + (row.refusal.map { ": \($0)" } ?? ""),
          row.delivered?.spanFine ?? "-", row.acknowledged?.spanFine ?? "-",
          row.acknowledgedSinceDelivery?.spanFine ?? "-", row.person?.description ?? "-",
          row.standing.map { standing in
            standing == .vacant
              ? "-" : "\(row.role ?? ComCheck.role(at: row.country)), \(standing.words)"
          } ?? "-",
        ]
      }
  }

  /// Comma-separated values (RFC 4180): one line a country, spans in seconds, times in RFC 3339.
  package var csv: String {
    let heading =
      "exercise,check,origin,precedence,released_at,answer_by,country,state,delivered_after_s,acknowledged_after_s,"
      + "acknowledged_since_delivery_s,held_at_by_country,answered_at_by_person,role,person,standing,reason"
    let lines = rows.map { row in
      [
        ComCheck.exercise, name.description, check.origin.description, check.precedence.description,
        check.startedAt.rfc3339, check.answerBy.rfc3339, row.country.description, row.state.rawValue,
        row.delivered.map(Self.seconds) ?? "", row.acknowledged.map(Self.seconds) ?? "",
        row.acknowledgedSinceDelivery.map(Self.seconds) ?? "", row.heldAt?.rfc3339 ?? "",
        row.answeredAt?.rfc3339 ?? "", row.role?.description ?? "", row.person?.description ?? "",
        row.standing?.name ?? "", row.refusal ?? "",
      ].map(Self.cell).joined(separator: ",")
    }
    return ([heading] + lines).joined(separator: "\r\n") + "\r\n"
  }

  private static func seconds(_ milliseconds: UInt64) -> String {
    let rest = String(milliseconds % 1000)
    return "\(milliseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
  }

  /// What others wrote is no formula to the program that opens it, and no end of the cell.
  private static func cell(_ text: String) -> String {
    let plain = escaped(text)
    let isFormula = plain.first.map { "=+-@".contains($0) } ?? false
    let quoted = (isFormula ? "'" + plain : plain).split(separator: "\"", omittingEmptySubsequences: false)
    return quoted.count > 1 || plain.contains(",") || isFormula
      ? "\"\(quoted.joined(separator: "\"\""))\"" : plain
  }
}
