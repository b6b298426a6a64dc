internal import CSodium

/// A file that holds a store key: sealed under a passphrase, or in clear where somebody chose so.
///
/// ```
/// 8   "storekey"
/// 1   version, 1
/// 1   0 in clear, 1 under a passphrase
///     in clear:
/// 32  key
///     under a passphrase:
/// 4   Argon2id passes, big-endian
/// 4   Argon2id memory in KiB, big-endian
/// 16  salt
/// 72  key, sealed by a ``StoreKey`` made of Argon2id's 32 bytes; everything before is the context
///     both:
/// 16  BLAKE2b of everything before
/// ```
///
/// The checksum tells a damaged file from a wrong passphrase; it is no protection against people. The key is random and
/// only wrapped, so that a passphrase changes without anything being sealed anew.
public enum KeyFile {
  private static let magic = Array("storekey".utf8)
  private static let version: UInt8 = 1
  private static let checksumLength = 16
  private static let headLength = magic.count + 2

  /// A length that no version will pass.
  private static let lengthMax = 4096

  private enum Protection: UInt8 {
    case clear = 0
    case passphrase = 1
  }

  /// Makes a random key and writes it to a new file with mode 0600. Without a passphrase it lies there in clear. The
  /// folder must exist. Throws ``KeyFileError``; never replaces a file.
  public static func create(
    at path: String, passphrase: SecretBytes?, parameters: PassphraseParameters = .moderate
  ) throws(KeyFileError) -> StoreKey {
    let key = SecretBytes.random(count: StoreKey.keyLength)
    var content = try encode(key, passphrase: passphrase, parameters: parameters)
    defer { wipe(&content) }
    try write(content, to: path, replacing: false)
    return try storeKey(key, path: path)
  }

  /// The key in the file. A passphrase is not used where the key is in clear. Throws ``KeyFileError``.
  public static func open(at path: String, passphrase: SecretBytes?) throws(KeyFileError) -> StoreKey {
    try storeKey(read(at: path, passphrase: passphrase), path: path)
  }

  /// Puts the key under another passphrase, or in clear where `new` is nil. A crash leaves the old file or the new.
  /// Throws ``KeyFileError``.
  public static func changePassphrase(
    at path: String, from old: SecretBytes?, to new: SecretBytes?, parameters: PassphraseParameters = .moderate
  ) throws(KeyFileError) {
    let key = try read(at: path, passphrase: old)
    var content = try encode(key, passphrase: new, parameters: parameters)
    defer { wipe(&content) }
    try write(content, to: path, replacing: true)
  }

  /// Whether the key in the file is under a passphrase. Throws ``KeyFileError``.
  public static func needsPassphrase(at path: String) throws(KeyFileError) -> Bool {
    var content = try load(path)
    defer { wipe(&content) }
    return try protection(of: content, path: path) == .passphrase
  }

  // MARK: Format

  private static func encode(
    _ key: SecretBytes, passphrase: SecretBytes?, parameters: PassphraseParameters
  ) throws(KeyFileError) -> [UInt8] {
    // Room for the whole file, so that growing leaves no piece of a clear key behind.
    var content: [UInt8] = []
    content.reserveCapacity(lengthMax)
    content += magic
    content.append(version)
    guard let passphrase else {
      content.append(Protection.clear.rawValue)
      key.withUnsafeBytes { content.append(contentsOf: $0) }
      content += checksum(of: content[...])
      return content
    }
    guard passphrase.count > 0 else { throw .emptyPassphrase }
    content.append(Protection.passphrase.rawValue)
    content += bigEndian(parameters.operations) + bigEndian(parameters.memoryKiB) + parameters.salt
    let wrapping = try wrappingKey(passphrase, parameters)
    content += wrapping.seal(key, context: content)
    content += checksum(of: content[...])
    return content
  }

  private static func read(at path: String, passphrase: SecretBytes?) throws(KeyFileError) -> SecretBytes {
    var content = try load(path)
    defer { wipe(&content) }
    let body = content[headLength..<(content.count - checksumLength)]
    switch try protection(of: content, path: path) {
    case .clear:
      guard body.count == StoreKey.keyLength else { throw .malformed(path: path) }
      return body.withUnsafeBytes { SecretBytes(copying: $0) }
    case .passphrase:
      let parametersLength = 8 + PassphraseParameters.saltLength
      guard body.count == parametersLength + StoreKey.keyLength + StoreKey.overheadLength else {
        throw .malformed(path: path)
      }
      let fields = Array(body.prefix(parametersLength))
      guard
        let parameters = try? PassphraseParameters(
          operations: integer(fields[0..<4]), memoryKiB: integer(fields[4..<8]), salt: Array(fields[8...]))
      else { throw .malformed(path: path) }
      guard let passphrase else { throw .passphraseRequired(path: path) }
      let wrapping = try wrappingKey(passphrase, parameters)
      do {
        return try wrapping.openSecret(
          Array(body.dropFirst(parametersLength)), context: Array(content[..<(headLength + parametersLength)]))
      } catch { throw .wrongPassphrase(path: path) }
    }
  }

  private static func protection(of content: [UInt8], path: String) throws(KeyFileError) -> Protection {
    guard content.starts(with: magic) else { throw .malformed(path: path) }
    guard content[magic.count] == version else {
      throw .unsupportedVersion(path: path, version: content[magic.count])
    }
    guard checksum(of: content.dropLast(checksumLength)) == Array(content.suffix(checksumLength)),
      let protection = Protection(rawValue: content[magic.count + 1])
    else { throw .malformed(path: path) }
    return protection
  }

  private static func wrappingKey(
    _ passphrase: SecretBytes, _ parameters: PassphraseParameters
  ) throws(KeyFileError) -> StoreKey {
    do {
      return try StoreKey(deriveKey(passphrase: passphrase, parameters: parameters))
    } catch { throw .memoryUnavailable(bytes: Int(parameters.memoryKiB) << 10) }
  }

  private static func storeKey(_ key: SecretBytes, path: String) throws(KeyFileError) -> StoreKey {
    do { return try StoreKey(key) } catch { throw .malformed(path: path) }
  }

  private static func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
    Sodium.initialize()
    var hash = [UInt8](repeating: 0, count: checksumLength)
    bytes.withUnsafeBytes { bytes in
      let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
      _ = crypto_generichash(&hash, checksumLength, base, UInt64(bytes.count), nil, 0)
    }
    return hash
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reduce(0) { $0 << 8 | UInt32($1) }
  }

  // MARK: Disk

  private static func load(_ path: String) throws(KeyFileError) -> [UInt8] {
    let content: [UInt8]?
    do {
      content = try AtomicFile.read(path, limit: lengthMax)
    } catch {
      throw error.isMissing ? .missing(path: path) : .file(error)
    }
    guard let content, content.count >= headLength + checksumLength else { throw .malformed(path: path) }
    return content
  }

  private static func write(_ content: [UInt8], to path: String, replacing: Bool) throws(KeyFileError) {
    do {
      try AtomicFile.write(content, to: path, mode: 0o600, replacing: replacing)
    } catch {
      throw error.exists ? .alreadyExists(path: path) : .file(error)
    }
  }
}
