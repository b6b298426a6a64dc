internal import Foundation

/// What one measurement gave: the medians over its samples, in seconds of processor time.
struct Measurement {
  let seconds: Double
  /// Of the primitives, measured by turns with the operation, so that both meet the same machine.
  let primitives: Double
  let samples: Int
}

enum Clock {
  /// The processor time of this process, in seconds: other programs on the machine do not count. Work in parallel counts
  /// as if it were done in one thread.
  static var processorSeconds: Double { seconds(CLOCK_PROCESS_CPUTIME_ID) }
  static var wallSeconds: Double { seconds(CLOCK_MONOTONIC) }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  static func time(_ run: () throws -> Void) rethrows -> Double {
    let start = processorSeconds
    try run()
    return processorSeconds - start
  }
}

/// Measures `run`, which does its operation `batch` times, by turns with `primitives`, which does once what one operation
/// cannot do without. What `prepare` takes does not count.
func measure<Input>(
  batch: Int = 1, budget: Double = 1, samples range: ClosedRange<Int> = 3...201,
  preparing prepare: () throws -> Input, running run: (inout Input) throws -> Void,
  against primitives: () throws -> Void = {}
) rethrows -> Measurement {
  var (samples, floors): ([Double], [Double]) = ([], [])
  var spent = 0.0
  while samples.count < range.lowerBound || (spent < budget && samples.count < range.upperBound) {
    var input = try prepare()
    samples.append(try Clock.time { try run(&input) } / Double(batch))
    floors.append(try Clock.time { for _ in 0..<batch { try primitives() } } / Double(batch))
    spent += (samples[samples.count - 1] + floors[floors.count - 1]) * Double(batch)
  }
  return Measurement(seconds: median(samples), primitives: median(floors), samples: samples.count)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

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
