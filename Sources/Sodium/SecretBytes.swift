internal import CSodium

/// A secret in memory of its own: between guard pages, locked against swapping where the system allows it, kept out
/// of core dumps, read-only once made, and wiped when the last reference goes. It prints as `<redacted>` and is never
/// `Codable`. Each takes several pages, so it is for keys and passphrases, not for messages.
public final class SecretBytes: Sendable {
  /// The length in bytes.
  public let count: Int

  // Read-only for the whole life of the object, by the memory protection itself; hence safe to share.
  nonisolated(unsafe) private let base: UnsafeMutableRawPointer

  /// A secret of `count` bytes, which `body` fills; they are zero before.
  public init<Failure: Error>(
    count: Int, initializingWith body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(count >= 0)
    Sodium.initialize()
    // As with Swift's own allocations, there is no going on without memory.
    guard let base = sodium_malloc(count) else { preconditionFailure("no locked memory for \(count) bytes") }
    self.base = base
    self.count = count
    sodium_memzero(base, count)
    try body(UnsafeMutableRawBufferPointer(start: base, count: count))
    sodium_mprotect_readonly(base)
  }

  /// A copy of `bytes`, which stay as they are.
  public convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
  }

  /// A copy of `bytes`, which stay as they are.
  public convenience init(copying bytes: [UInt8]) {
    self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
  }

  /// Takes `bytes` over and wipes the array, as ``wipe(_:)`` does.
  public convenience init(wiping bytes: inout [UInt8]) {
    self.init(copying: bytes)
    wipe(&bytes)
  }

  /// `count` random bytes that were never elsewhere.
  public static func random(count: Int) -> SecretBytes {
    SecretBytes(count: count) { randombytes_buf($0.baseAddress!, count) }
  }

  deinit {
    sodium_free(base)
  }

  /// Lends the bytes to `body`, which must not let the pointer or a copy escape.
  public func withUnsafeBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  func withBytePointer<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
    body(UnsafePointer(base.assumingMemoryBound(to: UInt8.self)))
  }
}

extension SecretBytes: Equatable {
  /// Compares in a time that depends on the lengths alone.
  public static func == (a: SecretBytes, b: SecretBytes) -> Bool {
    a.withUnsafeBytes { a in b.withUnsafeBytes { b in constantTimeEquals(a, b) } }
  }
}

extension SecretBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Always `<redacted>`.
  public var description: String { "<redacted>" }
  /// Always `<redacted>`.
  public var debugDescription: String { "<redacted>" }
  /// A mirror without children.
  public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
