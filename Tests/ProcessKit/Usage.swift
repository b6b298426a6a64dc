internal import Foundation

/// What processes used, as proc(5) counts it.
public enum Usage {
  /// Processor seconds of a process, user and system, since it began.
  public static func processorSeconds(_ process: Int32) -> Double {
    guard let stat = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = stat.lastIndex(of: ")")
    else { return 0 }
    let fields = stat[end...].split(separator: " ")
    guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return 0 }
    return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  public static func processorSeconds(of countries: [Country]) -> Double {
    countries.compactMap(\.daemon?.identifier).reduce(0) { $0 + processorSeconds($1) }
  }

  /// Of this process.
  public static var ownProcessorSeconds: Double { processorSeconds(getpid()) }

  /// A field of /proc/PID/status in MiB.
  public static func mebibytes(_ field: String, _ process: Int32) -> Double {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix(field + ":") }),
      let number = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Double($0) })
    else { return 0 }
    return number / 1024
  }

  /// Forgets a process's largest resident size, so that the next one read is of what follows.
  public static func resetPeak(_ process: Int32) {
    try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/\(process)/clear_refs"))
  }
}

/// Seconds of a clock that nobody sets.
public func monotonicSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
