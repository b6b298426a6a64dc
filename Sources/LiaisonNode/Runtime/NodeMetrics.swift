package import CoreMetrics
internal import LiaisonModel

/// A running node's counters and histograms, by way of swift-metrics. The actor that counts owns it.
package struct NodeMetrics {
  private let factory: any MetricsFactory
  private var counters: [Tally.Key: Counter] = [:]
  private var gauges: [Tally.Gauge: Gauge] = [:]
  private var deliveries: [Handle: Recorder] = [:]
  private let batchInputs: Recorder
  private let batchTime: Timer
  private let storeFailures: Counter

  /// Metrics of this factory, which is the program's own unless a test has another.
  package init(_ factory: any MetricsFactory = MetricsSystem.factory) {
    self.factory = factory
    batchInputs = Recorder(label: "liaison_batch_inputs", dimensions: [], aggregate: true, factory: factory)
    batchTime = Timer(label: "liaison_batch_time", dimensions: [], factory: factory)
    storeFailures = Counter(label: "liaison_store_failures", dimensions: [], factory: factory)
    // What never happened is seen as such.
    for counter in Tally.Counter.allCases where !counter.isByPeer {
      _ = self.counter(Tally.Key(counter: counter, peer: nil))
    }
  }

  /// One batch, which took that long, disk included.
  mutating func batch(of inputs: Int, nanoseconds: Int64) {
    batchInputs.record(inputs)
    batchTime.recordNanoseconds(nanoseconds)
  }

  mutating func storeFailed() { storeFailures.increment() }

  mutating func take(_ tally: Tally) {
    for (key, number) in tally.counts { counter(key).increment(by: number) }
    for (gauge, value) in tally.gauges { self.gauge(gauge).record(value) }
    for (peer, values) in tally.deliveryMilliseconds {
      let recorder = delivery(to: peer)
      for value in values { recorder.record(Int64(clamping: value)) }
    }
  }

  private mutating func counter(_ key: Tally.Key) -> Counter {
    if let known = counters[key] { return known }
    let counter = Counter(label: key.counter.rawValue, dimensions: Self.dimensions(key.peer), factory: factory)
    counter.increment(by: 0)
    counters[key] = counter
    return counter
  }

  private mutating func gauge(_ gauge: Tally.Gauge) -> Gauge {
    if let known = gauges[gauge] { return known }
    let made = Gauge(label: gauge.rawValue, dimensions: [], factory: factory)
    gauges[gauge] = made
    return made
  }

  private mutating func delivery(to peer: Handle) -> Recorder {
    if let known = deliveries[peer] { return known }
    let made = Recorder(
      label: "liaison_delivery_milliseconds", dimensions: Self.dimensions(peer), aggregate: true, factory: factory)
    deliveries[peer] = made
    return made
  }

  private static func dimensions(_ peer: Handle?) -> [(String, String)] { peer.map { [("peer", "\($0)")] } ?? [] }
}

extension Tally.Counter {
  /// Whether it is counted for each peer.
  fileprivate var isByPeer: Bool {
    switch self {
    case .sent, .taken, .repeated, .held, .refused, .receipts, .undeliverable, .resends, .carried: true
    case .accepted, .acceptedBytes, .submissionsRefused, .pushed, .pushedAhead, .flashLimited, .violations, .commits,
      .takeovers:
      false
    }
  }
}
