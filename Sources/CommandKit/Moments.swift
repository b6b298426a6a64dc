internal import FoundationEssentials
package import LiaisonModel

extension Timestamp {
  /// The system's clock, now.
  package static var now: Timestamp {
    Timestamp(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1000)))
  }

  /// RFC 3339 in UTC with milliseconds, as `--json` gives it: `2026-11-22T17:34:44.123Z`. What lies after the year 9999
  /// is shown as its last moment.
  package var rfc3339: String { date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)) }

  /// The same without milliseconds, for people.
  package var shown: String { date.formatted(Date.ISO8601FormatStyle()) }

  /// Reads RFC 3339, with or without fractions of a second, or a date alone: `2026-11-22`, its first moment in UTC.
  package init(rfc3339 text: String) throws(CommandError) {
    let styles = [
      Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true),
      Date.ISO8601FormatStyle().year().month().day(),
    ]
    guard let date = styles.lazy.compactMap({ try? Date(text, strategy: $0) }).first, date.timeIntervalSince1970 >= 0
    else { throw CommandError(.usage, "a time has the form 2026-11-22T17:34:44Z or 2026-11-22") }
    self.init(milliseconds: UInt64((date.timeIntervalSince1970 * 1000).rounded()))
  }

  private var date: Date {
    let lastOfYear9999: UInt64 = 253_402_300_799_999
    // The formats cut and do not round: without the half, a millisecond could be lost to binary fractions.
    return Date(timeIntervalSince1970: (Double(min(milliseconds, lastOfYear9999)) + 0.5) / 1000)
  }
}

extension UInt64 {
  /// Milliseconds as people say them, in the largest unit that is full: `0 s`, `59 s`, `4 min`, `3 h`, `12 d`.
  package var spanShown: String {
    for (unit, milliseconds) in [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000)] as [(String, UInt64)]
    where self >= milliseconds { return "\(self / milliseconds) \(unit)" }
    return "\(self / 1000) s"
  }

  /// Milliseconds as a span in which seconds count: `under 0.1 s`, `0.4 s`, `12 s`, `4 min 12 s`, `2 h 5 min`.
  package var spanFine: String {
    let seconds = self / 1000
    switch self {
    case ..<100: return "under 0.1 s"
    case ..<10_000: return "\(seconds).\(self % 1000 / 100) s"
    case ..<60_000: return "\(seconds) s"
    case ..<3_600_000: return seconds % 60 == 0 ? "\(seconds / 60) min" : "\(seconds / 60) min \(seconds % 60) s"
    default:
      let minutes = seconds / 60
      return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }
  }
}

/// A length of time as people type it: `90s`, `30m`, `12h`, `7d`, `8w`.
package struct Span: Equatable, Sendable {
  /// At least one second, at most ten years.
  package let milliseconds: UInt64

  package init(_ text: String) throws(CommandError) {
    let units: [Character: UInt64] = [
      "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000,
    ]
    guard let unit = text.last.flatMap({ units[$0] }), let count = UInt64(text.dropLast()), count > 0,
      count <= 10 * 366 * 86_400_000 / unit
    else {
      throw CommandError(.usage, "a length of time has the form 90s, 30m, 12h, 7d or 8w, and is ten years at most")
    }
    milliseconds = count * unit
  }

  /// A length of time as people read it, in its two largest units and cut below: `2 h 5 min`. Days begin at two.
  package static func shown(milliseconds: UInt64) -> String {
    let seconds = milliseconds / 1000
    let (minutes, hours) = (seconds / 60, seconds / 3600)
    let (large, small): (String, (UInt64, String)) =
      switch seconds {
      case ..<60: ("\(seconds) s", (0, ""))
      case ..<3600: ("\(minutes) min", (0, ""))
      case ..<(2 * 86_400): ("\(hours) h", (minutes % 60, "min"))
      default: ("\(hours / 24) d", (hours % 24, "h"))
      }
    return small.0 == 0 ? large : "\(large) \(small.0) \(small.1)"
  }
}
