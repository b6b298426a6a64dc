import Foundation

/// The checkout that the tests were built from.
enum SourceTree {
  static let root: URL = {
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root
  }()

  static var isPresent: Bool { FileManager.default.fileExists(atPath: root.appendingPathComponent("Sources/MLS").path) }

  /// The text of all Swift files of a folder.
  static func text(under path: String) throws -> String {
    let folder = root.appendingPathComponent(path)
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
    return try files.map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined()
  }
}
