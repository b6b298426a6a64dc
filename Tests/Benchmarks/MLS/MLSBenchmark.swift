internal import ArgumentParser
internal import Foundation
internal import MLS

/// Measures the MLS library, and says what of it are the primitives.
@main
struct MLSBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mls-benchmark",
    abstract: "Measure the MLS library against the primitives that it uses.",
    discussion: """
      Times are medians of processor time; the number behind one is its ratio to the primitives that the operation \
      cannot do without, measured in the same process. Each size of group has a process of its own.
      """)

  @Option(help: "Sizes of groups.") var sizes = "2,10,100,1000,10000"
  @Option(help: "Cipher suites, by number.") var suites = "1,61518"
  @Option(help: "Where to write the rows as JSON.") var json: String?
  @Flag(help: .hidden) var child = false

  func run() throws {
    let suites = try Self.numbers(suites).map { CipherSuite(rawValue: UInt16(clamping: $0)) }
    guard suites.allSatisfy(Primitives.covers) else { throw ValidationError("only suites 1 and 61518 are measured") }
    let sizes = try Self.numbers(sizes)
    guard sizes.allSatisfy({ (2...1 << 17).contains($0) }) else {
      throw ValidationError("a group has 2 to 131072 members")
    }
    if child {
      for suite in suites {
        for size in sizes { print(try Self.encoded(GroupBenchmark.run(suite, size: size))) }
      }
      return
    }
    var all: [Row] = []
    for suite in suites {
      var rows: [Row] = []
      for size in sizes { rows += try Self.measureApart(suite, size) }
      print("\n\(suite)")
      printTable(rows)
      all += rows
    }
    if let json { try Self.encoded(all).write(toFile: json, atomically: true, encoding: .utf8) }
  }

  private static func numbers(_ list: String) throws -> [Int] {
    try list.split(separator: ",").map {
      guard let number = Int($0) else { throw ValidationError("\($0) is no number") }
      return number
    }
  }

  private static func encoded(_ rows: [Row]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return String(decoding: try encoder.encode(rows), as: UTF8.self)
  }

  /// In a process of its own, so that its memory is its own.
  private static func measureApart(_ suite: CipherSuite, _ size: Int) throws -> [Row] {
    FileHandle.standardError.write(Data("\(suite), \(size) members\n".utf8))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["--child", "--suites", "\(suite.rawValue)", "--sizes", "\(size)"]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ExitCode(process.terminationStatus) }
    return try JSONDecoder().decode([Row].self, from: data)
  }
}
