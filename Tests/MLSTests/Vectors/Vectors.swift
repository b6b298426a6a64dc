import Foundation
import MLS
import MLSTestKit
import TestKit
import Testing

/// The vectors of the MLS working group and of HPKE and X-Wing.
extension Vectors {
  static func exist(_ path: String) -> Bool {
    let (folder, file) = parts(path)
    return directory(folder).map { FileManager.default.fileExists(atPath: $0.appendingPathComponent(file).path) }
      ?? false
  }

  static func load<Case: Decodable>(_ path: String, of _: Case.Type = Case.self) throws -> [Case] {
    let (folder, file) = parts(path)
    return try load(try #require(directory(folder)).appendingPathComponent(file))
  }

  static func load<Case: Decodable>(_ file: URL, of _: Case.Type = Case.self) throws -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([Case].self, from: Data(contentsOf: file))
  }

  private static func parts(_ path: String) -> (folder: String, file: String) {
    let parts = path.split(separator: "/", maxSplits: 1)
    return (String(parts[0]), String(parts[1]))
  }

  /// The suites of the registry that the library supports.
  static let suites: [CipherSuite] = [1, 2, 3, 5, 7].map { CipherSuite(rawValue: $0) }
}

extension Vectors {
  /// The cases of one suite; there must be as many as stated, so that none is passed over silently.
  static func load<Case: SuiteVector>(
    _ path: String, _ suite: CipherSuite, expecting count: Int, of _: Case.Type = Case.self
  ) throws -> [Case] {
    let cases = try load(path, of: Case.self).filter { $0.cipherSuite == suite.rawValue }
    try #require(cases.count == count, "\(path): \(cases.count) cases of \(suite)")
    print("vectors: \(path), \(suite): \(cases.count)")
    return cases
  }
}
