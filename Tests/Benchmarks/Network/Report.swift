internal import Foundation
internal import LiaisonClient

/// Prints each figure as it is measured, for people, and writes it as a line of JSON.
final class Report {
  private struct Line: Encodable {
    let system = "liaison"
    let version = NodeClient.software
    let metric: String
    let value: Double
    let unit: String
    let n: Int
    let note: String
  }

  private let file: FileHandle?

  init(json path: String?) {
    file = path.flatMap {
      _ = FileManager.default.createFile(atPath: $0, contents: nil)
      return FileHandle(forWritingAtPath: $0)
    }
  }

  /// A headline.
  func section(_ title: String) { print("\n\(title)") }

  /// One figure: `count` is how many samples it is of.
  func add(_ metric: String, _ value: Double, _ unit: String, count: Int = 1, _ note: String = "") {
    let shown = value >= 1000 ? String(format: "%.0f", value) : String(format: "%.4g", value)
    let name = metric.padding(toLength: max(metric.count, 40), withPad: " ", startingAt: 0)
    let padded = String(repeating: " ", count: max(0, 10 - shown.count)) + shown
    print("  \(name)\(padded) \(unit)\(note.isEmpty ? "" : "   \(note)")")
    fflush(nil)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let line = Line(metric: metric, value: value, unit: unit, n: count, note: note)
    if let data = try? encoder.encode(line) { file?.write(data + Data("\n".utf8)) }
  }

  /// The usual quantiles of times in seconds, shown in milliseconds.
  func add(latencies name: String, _ seconds: [Double]) {
    let sorted = seconds.sorted()
    guard !sorted.isEmpty else { return }
    for (label, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
      let index = min(sorted.count - 1, Int(share * Double(sorted.count)))
      add("\(name)_\(label)", sorted[index] * 1000, "ms", count: sorted.count)
    }
  }
}
