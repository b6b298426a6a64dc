import Foundation
import MLS
import MLSTestKit

/// `mls-vectors write FOLDER` makes the library's own vectors; `mls-vectors count FOLDER…` counts those that there are.
@main
enum MLSVectors {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let folders = arguments.dropFirst().map { URL(fileURLWithPath: $0, isDirectory: true) }
    switch (arguments.first, folders.first) {
    case ("write", let folder?): try write(to: folder)
    case ("count", _?): for folder in folders { try count(folder) }
    default:
      FileHandle.standardError.write(Data("usage: mls-vectors write FOLDER | count FOLDER…\n".utf8))
      exit(64)
    }
  }

  private static func write(to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let generator = try VectorGenerator(.default)
    for (name, data) in try generator.reproducibleFiles().merging(generator.freshFiles(), uniquingKeysWith: { $1 }) {
      try data.write(to: folder.appendingPathComponent(name))
    }
  }

  /// One line a file and suite: how many cases, and whether the library supports the suite.
  private static func count(_ folder: URL) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() where name.hasSuffix(".json")
    {
      let data = try Data(contentsOf: folder.appendingPathComponent(name))
      guard let cases = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] else { continue }
      let suites = Dictionary(grouping: cases) { ($0["cipher_suite"] as? NSNumber)?.uint16Value }
      for (suite, cases) in suites.sorted(by: { $0.key ?? 0 < $1.key ?? 0 }) {
        let suite = suite.map { CipherSuite(rawValue: $0) }
        let supported = suite?.isSupported ?? true ? "" : ", not supported"
        print("\(name)\t\(suite?.name ?? "any suite")\t\(cases.count)\(supported)")
      }
    }
  }
}
