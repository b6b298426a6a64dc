internal import CSodium

/// The library as a whole.
public enum Sodium {
  /// Initialises libsodium once. Safe from any thread, and called by everything here that needs it.
  public static func initialize() { _ = initialized }

  // It fails only where the system has no source of randomness, and then nothing here may run.
  private static let initialized: Void = {
    precondition(sodium_init() >= 0, "libsodium found no source of randomness")
  }()
}

/// `count` random bytes from the system's generator. For secrets, see ``SecretBytes/random(count:)``.
public func secureRandom(count: Int) -> [UInt8] {
  Sodium.initialize()
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, initializedCount in
    if let base = buffer.baseAddress { randombytes_buf(base, count) }
    initializedCount = count
  }
}

/// Overwrites an array with zeros and empties it, in a way that the compiler does not remove.
/// An array that shares its storage with a copy is not wiped in that copy.
public func wipe(_ bytes: inout [UInt8]) {
  bytes.withUnsafeMutableBytes { buffer in
    if let base = buffer.baseAddress { sodium_memzero(base, buffer.count) }
  }
  bytes = []
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
public func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
  a.withUnsafeBytes { a in b.withUnsafeBytes { b in constantTimeEquals(a, b) } }
}

func constantTimeEquals(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  guard a.count == b.count else { return false }
  guard let first = a.baseAddress, let second = b.baseAddress else { return true }
  return sodium_memcmp(first, second, a.count) == 0
}
