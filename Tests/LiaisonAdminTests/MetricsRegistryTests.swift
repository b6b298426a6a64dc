import CoreMetrics
import LiaisonAdmin
import Testing

@Suite("The metrics of a program")
struct MetricsRegistryTests {
  @Test("are counted under their names and dimensions, and stay when their handlers go")
  func counting() {
    let registry = MetricsRegistry()
    for peer in ["xb", "xc", "xb"] {
      let counter = Counter(label: "sent", dimensions: [("peer", peer)], factory: registry)
      counter.increment(by: 2)
      counter.destroy()
    }
    Gauge(label: "queued", dimensions: [], factory: registry).record(7)
    Recorder(label: "sizes", dimensions: [], aggregate: true, factory: registry).record(3)
    Timer(label: "time", dimensions: [], factory: registry).recordNanoseconds(5)
    // Of another kind than it is known as: passed over.
    Counter(label: "queued", dimensions: [], factory: registry).increment()
    let all = registry.all
    #expect(all.map(\.name.label) == ["queued", "sent", "sent", "sizes", "time"])
    #expect(all.map(\.name.dimensions) == [[:], ["peer": "xb"], ["peer": "xc"], [:], [:]])
    #expect(all[0].value == .gauge(7))
    #expect(all[1].value == .counter(4))
    #expect(all[2].value == .counter(2))
    guard case .histogram(let sizes) = all[3].value, case .histogram(let time) = all[4].value else {
      Issue.record("no histograms: \(all)")
      return
    }
    #expect(sizes.count == 1 && sizes.sum == 3 && sizes.max == 3)
    #expect(time.count == 1 && time.sum == 5)
  }

  @Test("overflow to the greatest number, and do not trap")
  func overflow() {
    let registry = MetricsRegistry()
    let counter = Counter(label: "sent", dimensions: [], factory: registry)
    counter.increment(by: Int64.max)
    counter.increment(by: Int64.max)
    #expect(registry.all.first?.value == .counter(.max))
  }

  @Test("a histogram's quantiles are powers of two that no smaller part of the values passes")
  func quantiles() {
    var histogram = Histogram()
    #expect(histogram.quantile(0.5) == 0)
    for value in 1...1000 { histogram.record(Double(value)) }
    #expect(histogram.quantile(0.5) == 512)
    #expect(histogram.quantile(0.95) == 1000)
    #expect(histogram.quantile(0) == 1)
    #expect(histogram.quantile(2) == 1000)
    #expect(histogram.count == 1000)
    #expect(histogram.sum == 500_500)
    for odd in [-1, 0, .nan, .infinity, -.infinity, 0x1p200] as [Double] { histogram.record(odd) }
    #expect(histogram.count == 1006)
    #expect(histogram.max == 0x1p200)
    var exact = Histogram()
    for value in [1, 2, 4, 8] as [Double] { exact.record(value) }
    #expect([0.25, 0.5, 0.75, 1].map { exact.quantile($0) } == [1, 2, 4, 8])
  }
}
