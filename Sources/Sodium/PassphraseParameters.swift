internal import CSodium

/// What Argon2id (RFC 9106, version 1.3, one lane) needs beside the passphrase. Only values within the bounds exist,
/// so that parameters read from a file can cost a person a minute and a gigabyte at the very most.
public struct PassphraseParameters: Equatable, Sendable {
  /// The accepted memory, in KiB: 8 KiB, which is Argon2's own least, to 1 GiB.
  public static let memoryKiBBounds: ClosedRange<UInt32> = 8...(1 << 20)
  /// The accepted number of passes over that memory.
  public static let operationsBounds: ClosedRange<UInt32> = 1...10
  /// The length of a salt in bytes.
  public static let saltLength = 16

  /// Passes over the memory.
  public let operations: UInt32
  /// Memory in KiB.
  public let memoryKiB: UInt32
  /// 16 random bytes.
  public let salt: [UInt8]

  /// Parameters with a fresh salt unless one is given. Throws ``SodiumError/parametersOutOfBounds``.
  public init(operations: UInt32, memoryKiB: UInt32, salt: [UInt8]? = nil) throws(SodiumError) {
    let salt = salt ?? secureRandom(count: Self.saltLength)
    guard Self.operationsBounds.contains(operations), Self.memoryKiBBounds.contains(memoryKiB),
      salt.count == Self.saltLength
    else { throw .parametersOutOfBounds }
    self.init(operations, memoryKiB, salt)
  }

  private init(_ operations: UInt32, _ memoryKiB: UInt32, _ salt: [UInt8]) {
    self.operations = operations
    self.memoryKiB = memoryKiB
    self.salt = salt
  }

  /// 3 passes over 256 MiB with a fresh salt: about a second. What people's passphrases get.
  public static var moderate: Self { Self(3, 256 << 10, secureRandom(count: saltLength)) }

  /// 1 pass over 8 KiB with a fresh salt. It protects nothing and is for tests alone.
  public static var minimum: Self { Self(1, 8, secureRandom(count: saltLength)) }
}

/// A key of 32 bytes from a passphrase by Argon2id. Throws ``SodiumError/memoryUnavailable(bytes:)``.
public func deriveKey(
  passphrase: SecretBytes, parameters: PassphraseParameters
) throws(SodiumError) -> SecretBytes {
  let memoryBytes = Int(parameters.memoryKiB) << 10
  return try SecretBytes(count: 32) { (key: UnsafeMutableRawBufferPointer) throws(SodiumError) in
    let status = passphrase.withUnsafeBytes { passphrase in
      crypto_pwhash(
        key.baseAddress!.assumingMemoryBound(to: UInt8.self), UInt64(key.count),
        passphrase.baseAddress!.assumingMemoryBound(to: CChar.self), UInt64(passphrase.count),
        parameters.salt, UInt64(parameters.operations), memoryBytes, crypto_pwhash_ALG_ARGON2ID13)
    }
    guard status == 0 else { throw .memoryUnavailable(bytes: memoryBytes) }
  }
}
