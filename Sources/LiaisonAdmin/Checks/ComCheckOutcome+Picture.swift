internal import CommandKit
internal import LiaisonModel

/// The response times by country, as a picture (SVG 1.1): one bar a country from the release on, in two shades.
extension ComCheckOutcome {
  private enum Layout {
    static let width = 960
    static let left = 96
    /// Bars end here; what is said of them stands behind.
    static let right = 640
    static let top = 132
    static let row = 26
    static let bar = 14
  }

  private enum Colour {
    static let delivery = "#9fb8c8"
    static let acknowledgement = "#1d5a7a"
    static let fault = "#a33b20"
    static let text = "#1c1c1c"
    static let faint = "#6a6a6a"
    static let line = "#d9d9d9"
  }

  /// The picture's text.
  package var svg: String {
    // Those who answered first stand first; then those who did not, and those that were not reached.
    let order = rows.sorted {
      ($0.acknowledged ?? .max, $0.delivered ?? .max, $0.country) < (
        $1.acknowledged ?? .max, $1.delivered ?? .max, $1.country
      )
    }
    let bottom = Layout.top + order.count * Layout.row
    let height = bottom + 62
    let axis = Axis(longest: rows.compactMap { $0.acknowledged ?? $0.delivered }.max() ?? 0)
    var lines = [
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Layout.width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(Layout.width) \(height)\" font-family=\"sans-serif\" font-size=\"13\" fill=\"\(Colour.text)\">",
      "<title>\(Self.xml("\(ComCheck.exercise): communication check \(number) of \(check.origin)"))</title>",
      "<rect width=\"\(Layout.width)\" height=\"\(height)\" fill=\"#ffffff\"/>",
      Self.text(24, 32, ComCheck.exercise, size: 17, weight: "bold", fill: Colour.fault),
      Self.text(
        24, 56,
        "Communication check \(number) of \(check.origin), \(check.precedence.description.uppercased()), "
          + "released \(check.startedAt.shown)",
        size: 15),
      Self.text(24, 78, summary + (isOver ? "" : " (not over yet)"), fill: Colour.faint),
    ]
    lines += legend(at: 102)
    for tick in axis.ticks {
      let x = Layout.left + axis.pixels(tick, of: Layout.right - Layout.left)
      lines.append(
        "<line x1=\"\(x)\" y1=\"\(Layout.top - 6)\" x2=\"\(x)\" y2=\"\(bottom + 4)\" stroke=\"\(Colour.line)\"/>")
      lines.append(
        Self.text(x, bottom + 20, tick == 0 ? "0" : tick.spanFine, fill: Colour.faint, anchor: "middle"))
    }
    lines.append(
      Self.text(
        Layout.left, bottom + 42, "time from the release, by the clock of \(check.origin)", fill: Colour.faint))
    for (index, row) in order.enumerated() {
      lines += bar(of: row, at: Layout.top + index * Layout.row, axis)
    }
    return (lines + ["</svg>"]).joined(separator: "\n") + "\n"
  }

  private func legend(at y: Int) -> [String] {
    [
      "<rect x=\"24\" y=\"\(y - 10)\" width=\"12\" height=\"12\" fill=\"\(Colour.delivery)\"/>",
      Self.text(42, y, "release to delivery"),
      "<rect x=\"180\" y=\"\(y - 10)\" width=\"12\" height=\"12\" fill=\"\(Colour.acknowledgement)\"/>",
      Self.text(198, y, "delivery to a person's acknowledgement"),
    ]
  }

  private func bar(of row: Row, at y: Int, _ axis: Axis) -> [String] {
    let (span, middle) = (Layout.right - Layout.left, y + Layout.bar - 2)
    func rectangle(_ start: Int, _ end: Int, _ colour: String) -> String {
      "<rect x=\"\(Layout.left + start)\" y=\"\(y)\" width=\"\(max(end - start, 2))\" "
        + "height=\"\(Layout.bar)\" fill=\"\(colour)\"/>"
    }
    var lines = [Self.text(Layout.left - 10, middle, row.country.description, weight: "bold", anchor: "end")]
    var end = 0
    if let delivered = row.delivered {
      end = axis.pixels(delivered, of: span)
      lines.append(rectangle(0, end, Colour.delivery))
      end = max(end, 2)
    }
    if let acknowledged = row.acknowledged {
      let start = end
      end = max(axis.pixels(acknowledged, of: span), start + 2)
      lines.append(rectangle(start, end, Colour.acknowledgement))
    }
    let isFault = row.acknowledged == nil && [.notDelivered, .noResponse, .refused, .nobody].contains(row.state)
    lines.append(
      Self.text(
        Layout.left + end + 8, middle, words(for: row), weight: isFault ? "bold" : "normal",
        fill: isFault ? Colour.fault : Colour.text))
    return lines
  }

  /// What is said behind a bar.
  private func words(for row: Row) -> String {
    if let acknowledged = row.acknowledged {
      let person = row.person.map { ", \($0.member)" } ?? ""
      let standing = row.standing.map { $0 == .holders ? "" : " (\($0.words))" } ?? ""
      return acknowledged.spanFine + person + standing
    }
    let delivered = row.delivered.map { ", delivered after \($0.spanFine)" } ?? ""
    return row.state.rawValue + delivered + (row.refusal.map { ": \($0.prefix(60))" } ?? "")
  }

  private static func text(
    _ x: Int, _ y: Int, _ words: String, size: Int = 13, weight: String = "normal", fill: String = Colour.text,
    anchor: String = "start"
  ) -> String {
    "<text x=\"\(x)\" y=\"\(y)\" font-size=\"\(size)\" font-weight=\"\(weight)\" fill=\"\(fill)\" "
      // A white seam keeps the marks of the axis from running through the words.
      + "text-anchor=\"\(anchor)\" stroke=\"#ffffff\" stroke-width=\"4\" paint-order=\"stroke\">\(xml(words))</text>"
  }

  /// Text as XML holds it: nothing of it is markup, and what a terminal would take for a command is written out.
  private static func xml(_ text: String) -> String {
    let entities: [Character: String] = ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;", "'": "&#39;"]
    return escaped(text).map { entities[$0] ?? String($0) }.joined()
  }
}

/// A linear axis from zero, with a mark at each round span.
private struct Axis {
  let end: UInt64
  let ticks: [UInt64]

  /// `longest` in milliseconds.
  init(longest: UInt64) {
    let steps: [UInt64] = [
      1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
    ].map { $0 * 1000 }
    let longest = max(longest, 1000)
    let step = steps.first { longest / $0 < 6 } ?? 43_200_000
    let count = (longest + step - 1) / step
    end = count * step
    ticks = (0...count).map { $0 * step }
  }

  func pixels(_ milliseconds: UInt64, of width: Int) -> Int {
    Int(Double(milliseconds) / Double(end) * Double(width) + 0.5)
  }
}
