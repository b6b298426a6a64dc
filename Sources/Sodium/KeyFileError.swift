/// Why a key file gave no key, or was not written.
public enum KeyFileError: Error, Equatable, Sendable {
  /// There is no file at `path`.
  case missing(path: String)
  /// A new key would have replaced the one at `path`, and with it everything sealed under it.
  case alreadyExists(path: String)
  /// The file is no key file, or is damaged.
  case malformed(path: String)
  /// The file was written by a later version of the format.
  case unsupportedVersion(path: String, version: UInt8)
  /// The key is under a passphrase, and none was given.
  case passphraseRequired(path: String)
  /// The passphrase does not open the key.
  case wrongPassphrase(path: String)
  /// An empty passphrase protects nothing; keeping a key in clear is asked for by giving none.
  case emptyPassphrase
  /// The machine could not give the memory that Argon2 needs, in bytes.
  case memoryUnavailable(bytes: Int)
  /// The system refused a file operation.
  case file(FileError)

  /// A stable name, for logs and programs.
  public var code: String {
    switch self {
    case .missing: "key-missing"
    case .alreadyExists: "key-exists"
    case .malformed: "key-malformed"
    case .unsupportedVersion: "key-version"
    case .passphraseRequired: "passphrase-required"
    case .wrongPassphrase: "passphrase-wrong"
    case .emptyPassphrase: "passphrase-empty"
    case .memoryUnavailable: "memory-unavailable"
    case .file: "key-file"
    }
  }
}

extension KeyFileError: CustomStringConvertible {
  /// One sentence for people; it holds no secret.
  public var description: String {
    switch self {
    case .missing(let path): "there is no key file at \(path)"
    case .alreadyExists(let path): "there is a key file at \(path) already, and it is not replaced"
    case .malformed(let path): "\(path) is not a key file, or is damaged"
    case .unsupportedVersion(let path, let version): "\(path) has version \(version), which this program does not know"
    case .passphraseRequired(let path): "the key in \(path) is under a passphrase"
    case .wrongPassphrase(let path): "the passphrase does not open \(path)"
    case .emptyPassphrase: "an empty passphrase protects nothing"
    case .memoryUnavailable(let bytes): "the passphrase needs \(bytes >> 20) MiB of memory, which this machine refused"
    case .file(let error): error.description
    }
  }
}
