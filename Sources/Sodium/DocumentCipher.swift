/// Encrypts a document in chunks, in the manner of STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: Online
/// Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance, CRYPTO 2015): every chunk's nonce holds its index
/// and whether it is the last, so that chunks cannot be swapped, dropped, repeated or cut off unnoticed. Chunks may be
/// handled in any order, one at a time.
///
/// The nonce of 24 bytes: domain (1 a chunk, 2 the manifest) ‖ 1 where it is the last, else 0 ‖ 14 zero bytes ‖ index,
/// big-endian, 8 bytes. Nothing in it is random, so **a key belongs to one content**: a document that changed, also one
/// that changed while it was being read, needs a new key.
public struct DocumentCipher: Sendable {
  /// The length of a document's key in bytes.
  public static let keyLength = 32
  /// What encryption adds to a chunk or a manifest, in bytes.
  public static let overheadLength = AEAD.tagLength

  private enum Domain: UInt8 {
    case chunk = 1
    case manifest = 2
  }

  private let key: SecretBytes

  /// A cipher for the one document that `key` (32 bytes) was made for. Throws
  /// ``SodiumError/keyLength(expected:actual:)``.
  public init(key: SecretBytes) throws(SodiumError) {
    guard key.count == Self.keyLength else { throw .keyLength(expected: Self.keyLength, actual: key.count) }
    self.key = key
  }

  /// Encrypts chunk `index`, from 0, into `ciphertext`, which is ``overheadLength`` bytes longer than `plaintext`.
  public func encryptChunk(
    _ plaintext: UnsafeRawBufferPointer, index: UInt64, isLast: Bool, into ciphertext: UnsafeMutableRawBufferPointer
  ) {
    let nonce = Self.nonce(.chunk, index: index, isLast: isLast)
    AEAD.encrypt(plaintext, context: [], nonce: nonce, key: key, into: ciphertext)
  }

  /// Encrypts chunk `index`, from 0; the result is ``overheadLength`` bytes longer.
  public func encryptChunk(_ plaintext: [UInt8], index: UInt64, isLast: Bool) -> [UInt8] {
    encrypt(plaintext, nonce: Self.nonce(.chunk, index: index, isLast: isLast))
  }

  /// Decrypts chunk `index` into `plaintext`, which is ``overheadLength`` bytes shorter than `ciphertext`. Throws
  /// ``SodiumError/authenticationFailed`` for any other index, flag, key, content or length, and leaves nothing of it in
  /// `plaintext` then.
  public func decryptChunk(
    _ ciphertext: UnsafeRawBufferPointer, index: UInt64, isLast: Bool, into plaintext: UnsafeMutableRawBufferPointer
  ) throws(SodiumError) {
    guard ciphertext.count == plaintext.count + Self.overheadLength else { throw .authenticationFailed }
    let nonce = Self.nonce(.chunk, index: index, isLast: isLast)
    try AEAD.decrypt(ciphertext, context: [], nonce: nonce, key: key, into: plaintext)
  }

  /// Decrypts chunk `index`. Throws ``SodiumError/authenticationFailed`` for any other index, flag, key or content.
  public func decryptChunk(_ ciphertext: [UInt8], index: UInt64, isLast: Bool) throws(SodiumError) -> [UInt8] {
    try decrypt(ciphertext, nonce: Self.nonce(.chunk, index: index, isLast: isLast))
  }

  /// Encrypts the document's one manifest; the result is ``overheadLength`` bytes longer.
  public func encryptManifest(_ plaintext: [UInt8]) -> [UInt8] {
    encrypt(plaintext, nonce: Self.nonce(.manifest, index: 0, isLast: true))
  }

  /// Decrypts the manifest. Throws ``SodiumError/authenticationFailed``; a chunk is no manifest.
  public func decryptManifest(_ ciphertext: [UInt8]) throws(SodiumError) -> [UInt8] {
    try decrypt(ciphertext, nonce: Self.nonce(.manifest, index: 0, isLast: true))
  }

  private static func nonce(_ domain: Domain, index: UInt64, isLast: Bool) -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: AEAD.nonceLength)
    nonce[0] = domain.rawValue
    nonce[1] = isLast ? 1 : 0
    for byte in 0..<8 { nonce[16 + byte] = UInt8(truncatingIfNeeded: index >> UInt64(56 - 8 * byte)) }
    return nonce
  }

  private func encrypt(_ plaintext: [UInt8], nonce: [UInt8]) -> [UInt8] {
    let length = plaintext.count + Self.overheadLength
    return [UInt8](unsafeUninitializedCapacity: length) { output, count in
      plaintext.withUnsafeBytes {
        let output = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(output)[..<length])
        AEAD.encrypt($0, context: [], nonce: nonce, key: key, into: output)
      }
      count = length
    }
  }

  private func decrypt(_ ciphertext: [UInt8], nonce: [UInt8]) throws(SodiumError) -> [UInt8] {
    let length = ciphertext.count - Self.overheadLength
    guard length >= 0 else { throw .authenticationFailed }
    var isAuthentic = false
    let plaintext = [UInt8](unsafeUninitializedCapacity: length) { output, count in
      ciphertext.withUnsafeBytes {
        let output = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(output)[..<length])
        isAuthentic = (try? AEAD.decrypt($0, context: [], nonce: nonce, key: key, into: output)) != nil
      }
      count = isAuthentic ? length : 0
    }
    guard isAuthentic else { throw .authenticationFailed }
    return plaintext
  }
}
