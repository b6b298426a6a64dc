import Foundation
import MLS
import Testing

/// The vectors of the MLS working group and of HPKE and X-Wing: in the folder that LIAISON_VECTORS names, or else in
/// `../shared/vectors` beside the checkout.
enum Vectors {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["LIAISON_VECTORS"] { return URL(fileURLWithPath: path) }
    var root = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { root.deleteLastPathComponent() }
    return root.deletingLastPathComponent().appendingPathComponent("shared/vectors")
  }()

  static func exist(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: folder.appendingPathComponent(path).path)
  }

  static func load<Case: Decodable>(_ path: String, of _: Case.Type = Case.self) throws -> [Case] {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode([Case].self, from: Data(contentsOf: folder.appendingPathComponent(path)))
  }

  /// The suites of the registry that the library supports.
  static let suites: [CipherSuite] = [1, 2, 3, 5, 7].map { CipherSuite(rawValue: $0) }
}

/// Bytes that stand in JSON as hexadecimal digits.
struct Hex: Decodable, Hashable, CustomStringConvertible {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  init(from decoder: any Decoder) throws {
    let digits = Array(try decoder.singleValueContainer().decode(String.self).utf8)
    func nibble(_ digit: UInt8) throws -> UInt8 {
      guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { throw CocoaError(.coderReadCorrupt) }
      return UInt8(value)
    }
    guard digits.count % 2 == 0 else { throw CocoaError(.coderReadCorrupt) }
    bytes = try stride(from: 0, to: digits.count, by: 2).map { try nibble(digits[$0]) << 4 | nibble(digits[$0 + 1]) }
  }

  var secret: Secret { Secret(bytes) }

  var description: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}

/// A vector that says which suite it is for.
protocol SuiteVector: Decodable {
  var cipherSuite: UInt16 { get }
}

extension Vectors {
  /// The cases of one suite; there must be as many as stated, so that none is passed over silently.
  static func load<Case: SuiteVector>(
    _ path: String, _ suite: CipherSuite, expecting count: Int, of _: Case.Type = Case.self
  ) throws -> [Case] {
    let cases = try load(path, of: Case.self).filter { $0.cipherSuite == suite.rawValue }
    try #require(cases.count == count, "\(path): \(cases.count) cases of \(suite)")
    return cases
  }
}

/// Accepts every credential.
struct AcceptAll: AuthenticationService {
  func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError) {}

  func validateSuccessor(old: Credential, new: Credential) throws(MLSError) {}
}
