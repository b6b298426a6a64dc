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

  /// Encrypts chunk `index`, from 0, into `ciphertext`, which becomes ``overheadLength`` bytes longer than
  /// `plaintext`. What the buffer held is replaced; its memory is used again.
  public func encryptChunk(
    _ plaintext: UnsafeRawBufferPointer, index: UInt64, isLast: Bool, into ciphertext: inout [UInt8]
  ) {
    encrypt(plaintext, nonce: Self.nonce(.chunk, index: index, isLast: isLast), into: &ciphertext)
  }

  /// Encrypts chunk `index`, from 0; the result is ``overheadLength`` bytes longer.
  public func encryptChunk(_ plaintext: [UInt8], index: UInt64, isLast: Bool) -> [UInt8] {
    var ciphertext: [UInt8] = []
    plaintext.withUnsafeBytes { encryptChunk($0, index: index, isLast: isLast, into: &ciphertext) }
    return ciphertext
  }

  /// Decrypts chunk `index` into `plaintext`, whose memory is used again. Throws ``SodiumError/authenticationFailed``
  /// for any other index, flag, key or content, and leaves `plaintext` empty then.
  public func decryptChunk(
    _ ciphertext: UnsafeRawBufferPointer, index: UInt64, isLast: Bool, into plaintext: inout [UInt8]
  ) throws(SodiumError) {
    try decrypt(ciphertext, nonce: Self.nonce(.chunk, index: index, isLast: isLast), into: &plaintext)
  }

  /// Decrypts chunk `index`. Throws ``SodiumError/authenticationFailed`` for any other index, flag, key or content.
  public func decryptChunk(_ ciphertext: [UInt8], index: UInt64, isLast: Bool) throws(SodiumError) -> [UInt8] {
    var plaintext: [UInt8] = []
    try ciphertext.withUnsafeBufferPointer { (ciphertext) throws(SodiumError) in
      try decryptChunk(UnsafeRawBufferPointer(ciphertext), index: index, isLast: isLast, into: &plaintext)
    }
    return plaintext
  }

  /// Encrypts the document's one manifest; the result is ``overheadLength`` bytes longer.
  public func encryptManifest(_ plaintext: [UInt8]) -> [UInt8] {
    var ciphertext: [UInt8] = []
    plaintext.withUnsafeBytes {
      encrypt($0, nonce: Self.nonce(.manifest, index: 0, isLast: true), into: &ciphertext)
    }
    return ciphertext
  }

  /// Decrypts the manifest. Throws ``SodiumError/authenticationFailed``; a chunk is no manifest.
  public func decryptManifest(_ ciphertext: [UInt8]) throws(SodiumError) -> [UInt8] {
    var plaintext: [UInt8] = []
    try ciphertext.withUnsafeBufferPointer { (ciphertext) throws(SodiumError) in
      let nonce = Self.nonce(.manifest, index: 0, isLast: true)
      try decrypt(UnsafeRawBufferPointer(ciphertext), nonce: nonce, into: &plaintext)
    }
    return plaintext
  }

  private static func nonce(_ domain: Domain, index: UInt64, isLast: Bool) -> [UInt8] {
    var nonce = [UInt8](repeating: 0, count: AEAD.nonceLength)
    nonce[0] = domain.rawValue
    nonce[1] = isLast ? 1 : 0
    for byte in 0..<8 { nonce[16 + byte] = UInt8(truncatingIfNeeded: index >> UInt64(56 - 8 * byte)) }
    return nonce
  }

  private func encrypt(_ plaintext: UnsafeRawBufferPointer, nonce: [UInt8], into ciphertext: inout [UInt8]) {
    ciphertext.resize(to: plaintext.count + Self.overheadLength)
    ciphertext.withUnsafeMutableBytes { AEAD.encrypt(plaintext, context: [], nonce: nonce, key: key, into: $0) }
  }

  private func decrypt(
    _ ciphertext: UnsafeRawBufferPointer, nonce: [UInt8], into plaintext: inout [UInt8]
  ) throws(SodiumError) {
    guard ciphertext.count >= Self.overheadLength else {
      plaintext.removeAll(keepingCapacity: true)
      throw .authenticationFailed
    }
    plaintext.resize(to: ciphertext.count - Self.overheadLength)
    do {
      try plaintext.withUnsafeMutableBufferPointer { (output) throws(SodiumError) in
        try AEAD.decrypt(
          ciphertext, context: [], nonce: nonce, key: key, into: UnsafeMutableRawBufferPointer(output))
      }
    } catch {
      plaintext.removeAll(keepingCapacity: true)
      throw error
    }
  }
}

extension [UInt8] {
  /// Brings an array to a length while its memory is kept; what it holds is not specified.
  fileprivate mutating func resize(to count: Int) {
    if count < self.count { removeLast(self.count - count) }
    if count > self.count { append(contentsOf: repeatElement(0, count: count - self.count)) }
  }
}
