package import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A professional's folder: a key file, and a database that is sealed with the key in it.
package enum Profile {
  /// The key file's name in the folder.
  package static let keyName = "key"
  /// The database's name in the folder.
  package static let databaseName = "profile.sqlite"

  /// Whether the folder holds a profile.
  package static func exists(at folder: String) -> Bool { access("\(folder)/\(keyName)", F_OK) == 0 }

  /// Whether the profile's key is under a passphrase. Throws `KeyFileError`.
  package static func needsPassphrase(at folder: String) throws -> Bool {
    try requireFolder(folder)
    return try KeyFile.needsPassphrase(at: "\(folder)/\(keyName)")
  }

  /// Makes the folder, a new key and an empty database. Without a passphrase the key lies there in clear. `random` gives
  /// as many bytes as it is asked for, fit for keys; only simulations have another. Throws `KeyFileError` and
  /// ``ClientError``.
  package static func create(
    at folder: String, passphrase: SecretBytes?, parameters: PassphraseParameters = .moderate,
    random: @escaping @Sendable (Int) -> [UInt8] = systemRandom
  ) throws -> Engine {
    guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
      throw ClientError(
        .cannotCreate, "profile-folder", "the folder \(folder) cannot be made: \(String(cString: strerror(errno)))")
    }
    let key = try KeyFile.create(at: "\(folder)/\(keyName)", passphrase: passphrase, parameters: parameters)
    return try engine(folder, key, random)
  }

  /// Opens the profile. Throws `KeyFileError`, for a wrong passphrase too, and ``ClientError``.
  package static func open(
    at folder: String, passphrase: SecretBytes?, random: @escaping @Sendable (Int) -> [UInt8] = systemRandom
  ) throws -> Engine {
    try requireFolder(folder)
    return try engine(folder, KeyFile.open(at: "\(folder)/\(keyName)", passphrase: passphrase), random)
  }

  private static func requireFolder(_ folder: String) throws(ClientError) {
    guard exists(at: folder) else {
      throw ClientError(
        .noInput, "profile-missing", "there is no profile in \(folder); make one with: liaison join INVITATION")
    }
  }

  private static func engine(
    _ folder: String, _ key: StoreKey, _ random: @escaping @Sendable (Int) -> [UInt8]
  ) throws -> Engine {
    // A key file is only ever made, and never replaced, while the profile is in use.
    AtomicFile.removeLeftovers(in: folder)
    // Files that SQLite makes are the user's alone.
    let mask = umask(0o077)
    defer { umask(mask) }
    return Engine(store: try ProfileStore(path: "\(folder)/\(databaseName)", key: key), random: random)
  }

  /// Bytes from the system's generator, fit for keys.
  @Sendable package static func systemRandom(_ count: Int) -> [UInt8] {
    secureRandom(count: count)
  }
}
