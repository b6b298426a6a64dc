internal import Crypto

/// A SHA-256 hash in a Merkle tree, 32 bytes. Leaves and inner nodes are hashed with different first bytes, so that
/// neither passes for the other (RFC 9162 §2.1.1).
public struct MerkleHash: Hashable, Sendable {
  /// The length in bytes.
  public static let length = 32

  /// The hash of the tree without leaves: SHA-256 of nothing.
  public static let emptyTree = MerkleHash(SHA256.hash(data: [UInt8]()))

  // Four words instead of an array: a log holds millions of these.
  private let words: Words

  private struct Words: Hashable, Sendable {
    var a: UInt64 = 0
    var b: UInt64 = 0
    var c: UInt64 = 0
    var d: UInt64 = 0
  }

  /// A hash from its 32 bytes; nil for any other length.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.length else { return nil }
    var words = Words()
    withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    self.words = words
  }

  private init(_ digest: SHA256.Digest) {
    var words = Words()
    digest.withUnsafeBytes { digest in withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: digest) } }
    self.words = words
  }

  /// The hash's 32 bytes.
  public var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

  /// The hash of a log entry: SHA-256 of 0x00 ‖ entry.
  public static func leaf(_ entry: [UInt8]) -> MerkleHash {
    var hasher = SHA256()
    hasher.update(data: [0x00] as [UInt8])
    hasher.update(data: entry)
    return MerkleHash(hasher.finalize())
  }

  /// The hash of an inner node: SHA-256 of 0x01 ‖ left ‖ right.
  public static func node(_ left: MerkleHash, _ right: MerkleHash) -> MerkleHash {
    var hasher = SHA256()
    hasher.update(data: [0x01] as [UInt8])
    withUnsafeBytes(of: left.words) { hasher.update(bufferPointer: $0) }
    withUnsafeBytes(of: right.words) { hasher.update(bufferPointer: $0) }
    return MerkleHash(hasher.finalize())
  }
}

extension MerkleHash: CustomStringConvertible {
  /// Lower-case hexadecimal, 64 characters.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
