/// Values counted in buckets that double: as small as a few hundred bytes, and exact enough to tell 1 ms from 2.
package struct Histogram: Sendable, Equatable {
  /// Values recorded.
  package private(set) var count: UInt64 = 0
  package private(set) var sum: Double = 0
  package private(set) var max: Double = 0
  /// How many values are no greater than 2^index and greater than the bucket before.
  private var buckets = [UInt64](repeating: 0, count: 64)

  package init() {}

  /// Negative values and what is no number count as 0.
  package mutating func record(_ value: Double) {
    let value = value > 0 && value.isFinite ? value : 0
    count += 1
    sum += value
    max = Swift.max(max, value)
    let index = value <= 1 ? 0 : Swift.min(63, Int(value.exponent) + (value.significand == 1 ? 0 : 1))
    buckets[index] += 1
  }

  /// The least power of two that is no less than this part of all values; no more than the greatest of them.
  package func quantile(_ part: Double) -> Double {
    guard count > 0 else { return 0 }
    let wanted = UInt64((Double(count) * Swift.min(Swift.max(part, 0), 1)).rounded(.up))
    var seen: UInt64 = 0
    for (index, number) in buckets.enumerated() {
      seen += number
      if seen >= Swift.max(wanted, 1) { return Swift.min(max, Double(sign: .plus, exponent: index, significand: 1)) }
    }
    return max
  }
}
