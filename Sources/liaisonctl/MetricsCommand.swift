internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin

struct Metrics: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what the node has counted and measured since it started.",
    discussion: """
      Times are in nanoseconds where a name ends in _time. Of a histogram, the median and the percentiles are rounded up \
      to powers of two.

      Example: liaisonctl metrics --json
      """)

  @OptionGroup var node: NodeOptions

  struct Line: Encodable {
    var name: String
    var dimensions: [String: String]
    /// A counter's or a gauge's.
    var value: Double?
    /// A histogram's.
    var count: UInt64?
    var sum: Double?
    var max: Double?
    var median: Double?
    var percentile95: Double?
    var percentile99: Double?

    init(_ metric: AdminMetric) {
      name = metric.name
      dimensions = metric.dimensions
      switch metric.value {
      case .counter(let counter): value = Double(counter)
      case .gauge(let gauge): value = gauge
      case .histogram(let histogram):
        count = histogram.count
        sum = histogram.sum
        max = histogram.max
        median = histogram.median
        percentile95 = histogram.percentile95
        percentile99 = histogram.percentile99
      case nil: break
      }
    }

    var row: [String] {
      func number(_ value: Double?) -> String { value.map { "\(Int64(clamping: $0))" } ?? "" }
      let by = dimensions.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
      return [
        name, by, count.map(String.init) ?? number(value), number(median), number(percentile95), number(percentile99),
        number(max),
      ]
    }
  }

  func run() async throws {
    guard case .metrics(let answer) = try await node.ask(.metricsRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    node.output.listing(
      answer.metrics.map { Line($0) }, columns: ["NAME", "OF", "COUNT", "MEDIAN", "95 %", "99 %", "MAX"],
      empty: "Nothing was counted yet."
    ) { $0.row }
  }
}

extension Int64 {
  /// The nearest whole number that there is.
  fileprivate init(clamping value: Double) {
    self = value >= 0x1p63 ? .max : value <= -0x1p63 ? .min : value.isNaN ? 0 : Int64(value.rounded())
  }
}
