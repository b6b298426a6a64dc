internal import Crypto

/// Counts and hashes a bundle's bytes as they come.
public struct BundleDigest: Sendable {
  private var hash = SHA256()
  public private(set) var size: UInt64 = 0

  public init() {}

  public mutating func add(_ bytes: [UInt8]) {
    hash.update(data: bytes)
    size += UInt64(bytes.count)
  }

  /// The statement about all that was added.
  public func end(of bundle: BundleIdentifier) -> BundleEnd {
    BundleEnd(bundle: bundle, size: size, digest: Array(hash.finalize()))
  }
}
