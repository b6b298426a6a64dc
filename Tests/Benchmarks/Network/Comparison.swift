internal import Foundation

/// Our figures beside those of the systems that people would use instead, as ratios, with what is to be reached.
enum Comparison {
  private struct Figure: Decodable {
    let system: String
    let metric: String
    let value: Double?
  }

  private enum Wanted {
    case atLeast(Double)
    case atMost(Double)
    /// Nothing in particular.
    case any

    func words(of ratio: Double) -> String {
      switch self {
      case .atLeast(let bound): "\(ratio >= bound ? "reached" : "missed"): at least \(bound)"
      case .atMost(let bound): "\(ratio <= bound ? "reached" : "missed"): at most \(bound)"
      case .any: ""
      }
    }
  }

  private static let rows: [(ours: String, system: String, theirs: String, wanted: Wanted)] = [
    ("16x32_rate", "prosody", "sql_16senders_window32_rate", .atLeast(5)),
    ("16x32_rate", "prosody", "internal_16senders_window32_rate", .atLeast(1)),
    ("16x32_rate", "prosody+omemo", "1sender_window32_rate", .atLeast(20)),
    ("16x32_rate", "nncp", "online_16senders_end_to_end", .atLeast(20)),
    ("16x32_rate", "nats", "16senders_window32_rate", .any),
    ("1x1_latency_p50", "prosody", "sql_1sender_window1_latency_p50", .atMost(0.7)),
    ("1x1_latency_p99", "prosody", "sql_1sender_window1_latency_p99", .atMost(1)),
    ("node_rate", "nats", "16senders_window32_rate", .atLeast(2)),
    ("document_rate", "nncp", "document", .any),
    ("document_rate", "ssh", "age_pipe_ssh_document", .any),
    ("small_documents_rate", "syncthing", "files_64KiB_sync", .any),
    ("document_peak_rss_xa", "nncp", "document_peak_rss", .any),
  ]

  /// Prints the ratios of the figures in `ours` to those in `peers`, both JSON, a line a figure.
  static func show(ours: String, peers: String) throws {
    let (our, their) = (try figures(ours), try figures(peers))
    print("\nours / theirs")
    for row in rows {
      let name = "\(row.ours) / \(row.system) \(row.theirs)"
      let padded = name.padding(toLength: max(name.count, 64), withPad: " ", startingAt: 0)
      guard let one = our["liaison \(row.ours)"], let other = their["\(row.system) \(row.theirs)"] else {
        print("  \(padded)         - not measured")
        continue
      }
      print("  \(padded)\(String(format: "%10.2f", one / other)) \(row.wanted.words(of: one / other))")
    }
  }

  private static func figures(_ path: String) throws -> [String: Double] {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
    let all = lines.compactMap { try? JSONDecoder().decode(Figure.self, from: Data($0.utf8)) }
    return Dictionary(
      all.compactMap { figure in figure.value.map { ("\(figure.system) \(figure.metric)", $0) } },
      uniquingKeysWith: { $1 })
  }
}
