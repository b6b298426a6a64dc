internal import CSodium

/// The key under which a store's contents lie on disk. From one random key of 32 bytes it derives, by keyed BLAKE2b,
/// separate keys for sealing, for blind indexes and for subkeys; the random key itself is not kept.
public struct StoreKey: Sendable {
  /// The length of the random key in bytes.
  public static let keyLength = 32
  /// What sealing adds to a plaintext, in bytes: a nonce of 24 and a tag of 16.
  public static let overheadLength = AEAD.nonceLength + AEAD.tagLength

  private let sealing: SecretBytes
  private let indexing: SecretBytes
  private let parent: SecretBytes

  /// A store key from 32 random bytes. Throws ``SodiumError/keyLength(expected:actual:)``.
  public init(_ key: SecretBytes) throws(SodiumError) {
    guard key.count == Self.keyLength else { throw .keyLength(expected: Self.keyLength, actual: key.count) }
    sealing = derive(id: 1, context: "StoreKey", from: key)
    indexing = derive(id: 2, context: "StoreKey", from: key)
    parent = derive(id: 3, context: "StoreKey", from: key)
  }

  private init(unchecked key: SecretBytes) {
    sealing = derive(id: 1, context: "StoreKey", from: key)
    indexing = derive(id: 2, context: "StoreKey", from: key)
    parent = derive(id: 3, context: "StoreKey", from: key)
  }

  /// A fresh random key that no file holds.
  public static func random() -> StoreKey { StoreKey(unchecked: .random(count: keyLength)) }

  /// Seals `plaintext` with XChaCha20-Poly1305 under a random nonce. `context` says where it belongs (a table, a row)
  /// and is needed again to open it, so that sealed values cannot change places. Gives nonce ‖ ciphertext ‖ tag,
  /// ``overheadLength`` bytes more than the plaintext.
  public func seal(_ plaintext: [UInt8], context: [UInt8]) -> [UInt8] {
    plaintext.withUnsafeBytes { seal($0, context: context) }
  }

  /// The same over borrowed bytes.
  public func seal(_ plaintext: UnsafeRawBufferPointer, context: [UInt8]) -> [UInt8] {
    let nonce = secureRandom(count: AEAD.nonceLength)
    return [UInt8](unsafeUninitializedCapacity: plaintext.count + Self.overheadLength) { buffer, initializedCount in
      let length = plaintext.count + Self.overheadLength
      let output = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: length)
      output.copyBytes(from: nonce)
      AEAD.encrypt(
        plaintext, context: context, nonce: nonce, key: sealing,
        into: UnsafeMutableRawBufferPointer(rebasing: output[AEAD.nonceLength...]))
      initializedCount = output.count
    }
  }

  /// Opens what sealing made with the same key and context. Throws
  /// ``SodiumError/authenticationFailed`` for everything else.
  public func open(_ sealed: [UInt8], context: [UInt8]) throws(SodiumError) -> [UInt8] {
    guard sealed.count >= Self.overheadLength else { throw .authenticationFailed }
    var plaintext = [UInt8](repeating: 0, count: sealed.count - Self.overheadLength)
    try plaintext.withUnsafeMutableBufferPointer { (output) throws(SodiumError) in
      try open(sealed, context: context, into: UnsafeMutableRawBufferPointer(output))
    }
    return plaintext
  }

  /// Seals a secret, of whatever length, as any plaintext is sealed.
  public func seal(_ secret: SecretBytes, context: [UInt8]) -> [UInt8] {
    secret.withUnsafeBytes { seal($0, context: context) }
  }

  /// Opens what was sealed straight into locked memory. Throws ``SodiumError/authenticationFailed``.
  public func openSecret(_ sealed: [UInt8], context: [UInt8]) throws(SodiumError) -> SecretBytes {
    guard sealed.count >= Self.overheadLength else { throw .authenticationFailed }
    return try SecretBytes(count: sealed.count - Self.overheadLength) { (output) throws(SodiumError) in
      try open(sealed, context: context, into: output)
    }
  }

  private func open(
    _ sealed: [UInt8], context: [UInt8], into output: UnsafeMutableRawBufferPointer
  ) throws(SodiumError) {
    try sealed.withUnsafeBufferPointer { (sealed) throws(SodiumError) in
      try AEAD.decrypt(
        UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: sealed[AEAD.nonceLength...])), context: context,
        nonce: Array(sealed[..<AEAD.nonceLength]), key: sealing, into: output)
    }
  }

  /// An independent key of 32 bytes (libsodium's `crypto_kdf`). `context` is 8 ASCII bytes that name the purpose.
  public func subkey(id: UInt64, context: StaticString) -> SecretBytes {
    derive(id: id, context: context, from: parent)
  }

  /// A blind index: keyed BLAKE2b (RFC 7693) of `value`, 16 to 64 bytes. It finds a sealed row by a value that the
  /// disk does not show. Whoever reads the disk sees which rows share a value, and nothing else.
  public func index(_ value: [UInt8], length: Int = 16) -> [UInt8] {
    precondition((16...64).contains(length), "a blind index has 16 to 64 bytes")
    var hash = [UInt8](repeating: 0, count: length)
    let status = indexing.withBytePointer { key in
      crypto_generichash(&hash, length, value, UInt64(value.count), key, Self.keyLength)
    }
    precondition(status == 0, "BLAKE2b refuses no input of these lengths")
    return hash
  }
}

/// `crypto_kdf_derive_from_key`: BLAKE2b keyed with `key`, the identifier as salt and the context as personalisation.
func derive(id: UInt64, context: StaticString, from key: SecretBytes) -> SecretBytes {
  precondition(context.utf8CodeUnitCount == 8 && context.isASCII, "the context of a subkey is 8 ASCII bytes")
  precondition(key.count == 32)
  let context = context.withUTF8Buffer { $0.map { CChar(bitPattern: $0) } }
  return SecretBytes(count: 32) { subkey in
    let status = key.withBytePointer { key in
      crypto_kdf_derive_from_key(
        subkey.baseAddress!.assumingMemoryBound(to: UInt8.self), subkey.count, id, context, key)
    }
    precondition(status == 0, "BLAKE2b refuses no input of these lengths")
  }
}
