internal import Crypto

/// What two people compare over another channel to know that they hold the same root key, administrator's key or charter:
/// the first 16 bytes of SHA-256 over a label and the key or the charter, as hexadecimal or as eight pronounceable words.
public struct Fingerprint: Hashable, Sendable, CustomStringConvertible {
  /// 16 bytes.
  public let bytes: [UInt8]

  public init(of key: RootKey) { self.init("Liaison 1 root fingerprint", key.bytes) }

  public init(of key: AdministratorKey) { self.init("Liaison 1 administrator fingerprint", key.bytes) }

  /// That of what has a SHA-256 digest of its own, under a label, 32 bytes: its first 16.
  package init(ofDigest digest: [UInt8]) { bytes = Array(digest.prefix(16)) }

  private init(_ label: String, _ key: [UInt8]) {
    var hash = SHA256()
    hash.update(data: Array(label.utf8))
    hash.update(data: [0] + key)
    bytes = Array(hash.finalize().prefix(16))
  }

  /// Eight groups of four hexadecimal digits.
  public var hexadecimal: String {
    stride(from: 0, to: 16, by: 2).map { Hex.encode(bytes[$0..<$0 + 2]) }.joined(separator: " ")
  }

  /// Eight words of five letters, each 16 bits.
  public var words: [String] {
    Proquints.words(of: bytes)
  }

  public var description: String { words.joined(separator: "-") }

  /// Whether what a person typed, as words or as hexadecimal with any spacing, is this fingerprint.
  public func matches(_ typed: String) -> Bool {
    let letters = typed.lowercased().filter { $0.isLetter || $0.isNumber }
    return letters == words.joined() || letters == Hex.encode(bytes)
  }
}
