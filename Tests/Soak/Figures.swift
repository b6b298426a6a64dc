internal import Foundation
internal import ProcessKit

/// What a node holds at one time.
struct Figures {
  let process: Int32
  let resident: Double
  let files: Int

  private static let columns = ["when", "node", "RSS MiB", "peak MiB", "own MiB", "files", "threads", "store KiB"]

  static func printHeading() { say(row(columns)) }

  /// The figures of every node, which are printed.
  static func take(_ when: String, _ network: SoakNetwork) -> [Figures] {
    network.countries.map { country in
      guard let process = country.daemon?.identifier else {
        // It was killed a moment ago.
        say(row([when, country.handle, "-"]))
        return Figures(process: 0, resident: 0, files: 0)
      }
      let resident = Usage.mebibytes("VmRSS", process)
      let files = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd").count) ?? 0
      let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task").count) ?? 0
      let store = ["", "-wal"].reduce(0) { sum, suffix in
        let path = country.home + "/node.sqlite" + suffix
        return sum + ((try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0)
      }
      say(
        row([
          when, country.handle, String(format: "%.1f", resident),
          String(format: "%.1f", Usage.mebibytes("VmHWM", process)),
          String(format: "%.1f", Usage.mebibytes("RssAnon", process)), "\(files)", "\(threads)", "\(store / 1024)",
        ]))
      return Figures(process: process, resident: resident, files: files)
    }
  }

  /// What the node that nothing killed may hold at the end: some more than at the start, when it had done nothing, and
  /// little more than halfway.
  static func judge(_ start: [Figures], _ middle: [Figures], _ end: [Figures], of spared: Int, _ findings: Findings) {
    guard [start, middle, end].allSatisfy({ $0.indices.contains(spared) }) else {
      return findings.add("a figure is missing")
    }
    if Set([start, middle, end].map { $0[spared].process }).count > 1 {
      findings.add("the spared node is another one")
    }
    if end[spared].resident - start[spared].resident > 64 { findings.add("the spared node grew by more than 64 MiB") }
    if end[spared].resident - middle[spared].resident > 24 {
      findings.add("the spared node grew by more than 24 MiB in the second half")
    }
    for index in end.indices where end[index].files > start[index].files + 8 {
      findings.add("a node holds \(end[index].files) files, and \(start[index].files) at the start")
    }
  }

  private static func row(_ cells: [String]) -> String {
    cells.map { String(repeating: " ", count: max(0, 10 - $0.count)) + $0 }.joined(separator: " ")
  }
}
