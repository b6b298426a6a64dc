package import CoreMetrics
internal import Synchronization

/// What a program has counted and measured since it started, kept in memory: a few numbers for each metric, however
/// often it is counted.
package final class MetricsRegistry: MetricsFactory {
  /// A metric's name and dimensions.
  package struct Name: Hashable, Comparable, Sendable {
    package let label: String
    package let dimensions: [String: String]

    package static func < (a: Self, b: Self) -> Bool {
      (a.label, a.dimensions.sorted { $0.key < $1.key }.description)
        < (b.label, b.dimensions.sorted { $0.key < $1.key }.description)
    }
  }

  /// A metric as it stands.
  package enum Value: Sendable, Equatable {
    case counter(Int64)
    case gauge(Double)
    case histogram(Histogram)
  }

  /// Metrics of different names and dimensions that are kept: far more than a node with every country has.
  private static let metricsMax = 100_000

  private let metrics = Mutex<[Name: Metric]>([:])

  package init() {}

  /// Every metric, by name.
  package var all: [(name: Name, value: Value)] {
    metrics.withLock { $0 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value.current) }
  }

  private func metric(_ label: String, _ dimensions: [(String, String)], _ initial: Value) -> Metric {
    let name = Name(label: label, dimensions: Dictionary(dimensions, uniquingKeysWith: { $1 }))
    return metrics.withLock { metrics in
      if let known = metrics[name] { return known }
      let metric = Metric(initial)
      if metrics.count < Self.metricsMax { metrics[name] = metric }
      return metric
    }
  }

  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    metric(label, dimensions, .counter(0))
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    metric(label, dimensions, aggregate ? .histogram(Histogram()) : .gauge(0))
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    metric(label, dimensions, .gauge(0))
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    metric(label, dimensions, .histogram(Histogram()))
  }

  // A metric stays for as long as the program runs: whoever asks for it again goes on counting.
  package func destroyCounter(_ handler: any CounterHandler) {}
  package func destroyRecorder(_ handler: any RecorderHandler) {}
  package func destroyMeter(_ handler: any MeterHandler) {}
  package func destroyTimer(_ handler: any TimerHandler) {}
}

/// One metric. What is recorded of the wrong kind is passed over.
private final class Metric: CounterHandler, RecorderHandler, MeterHandler, TimerHandler {
  private let value: Mutex<MetricsRegistry.Value>

  init(_ initial: MetricsRegistry.Value) { value = Mutex(initial) }

  var current: MetricsRegistry.Value { value.withLock { $0 } }

  func increment(by amount: Int64) {
    value.withLock { value in
      guard case .counter(let count) = value else { return }
      let (sum, overflow) = count.addingReportingOverflow(amount)
      value = .counter(overflow ? .max : sum)
    }
  }

  func reset() {
    value.withLock { value in if case .counter = value { value = .counter(0) } }
  }

  func record(_ recorded: Int64) { record(Double(recorded)) }

  func record(_ recorded: Double) {
    value.withLock { value in
      switch value {
      case .counter: break
      case .gauge: value = .gauge(recorded)
      case .histogram(var histogram):
        histogram.record(recorded)
        value = .histogram(histogram)
      }
    }
  }

  func set(_ new: Int64) { record(Double(new)) }
  func set(_ new: Double) { record(new) }
  func increment(by amount: Double) { add(amount) }
  func decrement(by amount: Double) { add(-amount) }
  func recordNanoseconds(_ duration: Int64) { record(Double(duration)) }

  private func add(_ amount: Double) {
    value.withLock { value in if case .gauge(let present) = value { value = .gauge(present + amount) } }
  }
}
