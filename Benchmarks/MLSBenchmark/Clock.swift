internal import Foundation

/// What one measurement gave: the median over its samples.
struct Measurement {
  let seconds: Double
  let samples: Int
}

enum Clock {
  /// The processor time of this process, in seconds: other programs on the machine do not count. Work in parallel does,
  /// so that it costs what it would in one thread.
  static var processorSeconds: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
  static var wallSeconds: Double { seconds(CLOCK_MONOTONIC) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The median processor time of one `run` out of `batch`. What `prepare` takes does not count.
func measure<Input>(
  batch: Int = 1, budget: Double = 0.5, samples range: ClosedRange<Int> = 3...101,
  preparing prepare: () throws -> Input, running run: (inout Input) throws -> Void
) rethrows -> Measurement {
  var samples: [Double] = []
  var spent = 0.0
  while samples.count < range.lowerBound || (spent < budget && samples.count < range.upperBound) {
    var input = try prepare()
    let start = Clock.processorSeconds
    try run(&input)
    let sample = Clock.processorSeconds - start
    spent += sample
    samples.append(sample / Double(batch))
  }
  samples.sort()
  return Measurement(seconds: samples[samples.count / 2], samples: samples.count)
}

/// The same for what needs no preparation, `batch` times a sample.
func measure(batch: Int, _ run: () throws -> Void) rethrows -> Double {
  try measure(
    batch: batch, budget: 0.2, preparing: {}, running: { (_: inout Void) in for _ in 0..<batch { try run() } }
  ).seconds
}

enum Memory {
  /// The largest resident size since the last ``resetPeak()``, in bytes.
  static var peak: Int { field("VmHWM:") }
  static var present: Int { field("VmRSS:") }

  /// Gives freed memory back and starts counting the peak anew (proc(5), `clear_refs`).
  static func resetPeak() {
    // glibc's, which its module for Swift does not have.
    if let symbol = dlsym(nil, "malloc_trim") {
      _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
    }
    try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
  }

  private static func field(_ name: String) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return kibibytes << 10
  }
}
