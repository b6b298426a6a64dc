/// Why a cryptographic operation gave no result.
public enum SodiumError: Error, Equatable, Sendable {
  /// The bytes were not made with this key for this place, or were changed since. It says no more on purpose.
  case authenticationFailed
  /// A key has the wrong length, in bytes.
  case keyLength(expected: Int, actual: Int)
  /// Argon2 parameters outside ``PassphraseParameters``' bounds.
  case parametersOutOfBounds
  /// The machine could not give the memory that Argon2 was told to use, in bytes.
  case memoryUnavailable(bytes: Int)

  /// A stable name, for logs and programs.
  public var code: String {
    switch self {
    case .authenticationFailed: "authentication-failed"
    case .keyLength: "key-length"
    case .parametersOutOfBounds: "parameters-out-of-bounds"
    case .memoryUnavailable: "memory-unavailable"
    }
  }
}

extension SodiumError: CustomStringConvertible {
  /// One sentence for people; it holds no secret.
  public var description: String {
    switch self {
    case .authenticationFailed: "the sealed data does not open: another key, another place, or altered"
    case .keyLength(let expected, let actual): "a key has \(actual) bytes instead of \(expected)"
    case .parametersOutOfBounds: "the cost of the passphrase is outside the accepted bounds"
    case .memoryUnavailable(let bytes): "the passphrase needs \(bytes >> 20) MiB of memory, which this machine refused"
    }
  }
}
