internal import Crypto

/// Secret bytes. They are wiped when the last copy goes, compare in constant time, and never print. Encoding one is an
/// explicit act of the code that writes sealed state.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  let key: SymmetricKey

  public init(_ bytes: [UInt8]) {
    key = SymmetricKey(data: bytes)
  }

  /// Takes the bytes over, and wipes them once the secret holds them.
  package init(wiping bytes: consuming [UInt8]) {
    key = bytes.withUnsafeBytes { SymmetricKey(data: $0) }
    wipe(&bytes)
  }

  init(_ key: SymmetricKey) {
    self.key = key
  }

  /// The first bytes of a block.
  init(_ bytes: UnsafeRawBufferPointer, _ count: Int) {
    key = SymmetricKey(data: UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
  }

  /// `KDF.Nh` zero bytes, which stand for an absent secret in RFC 9420 §8.
  package static func zero(count: Int) -> Secret {
    Secret([UInt8](repeating: 0, count: count))
  }

  /// The length in bytes.
  public var count: Int { key.bitCount / 8 }

  /// A copy of the bytes, which the caller must guard.
  public var exposedBytes: [UInt8] { key.withUnsafeBytes { Array($0) } }

  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try key.withUnsafeBytes(body)
  }

  /// In constant time for secrets of one length.
  public static func == (a: Self, b: Self) -> Bool { a.key == b.key }

  public var description: String { "<redacted>" }
  public var debugDescription: String { "<redacted>" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
