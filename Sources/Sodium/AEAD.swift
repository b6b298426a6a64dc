internal import CSodium

/// XChaCha20-Poly1305 with a 24-byte nonce (draft-irtf-cfrg-xchacha §2), as libsodium has it. The caller answers for
/// the nonce.
enum AEAD {
  static let keyLength = 32
  static let nonceLength = 24
  static let tagLength = 16

  /// Writes ciphertext and tag, `plaintext.count + 16` bytes, to `output`.
  static func encrypt(
    _ plaintext: UnsafeRawBufferPointer, context: [UInt8], nonce: [UInt8], key: SecretBytes,
    into output: UnsafeMutableRawBufferPointer
  ) {
    precondition(
      key.count == keyLength && nonce.count == nonceLength && output.count == plaintext.count + tagLength)
    let status = key.withBytePointer { key in
      crypto_aead_xchacha20poly1305_ietf_encrypt(
        output.baseAddress!.assumingMemoryBound(to: UInt8.self), nil,
        plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self), UInt64(plaintext.count),
        context, UInt64(context.count), nil, nonce, key)
    }
    precondition(status == 0, "XChaCha20-Poly1305 refuses no plaintext that fits in memory")
  }

  /// Writes the plaintext, `ciphertext.count - 16` bytes, to `output`, or throws and leaves nothing in it.
  static func decrypt(
    _ ciphertext: UnsafeRawBufferPointer, context: [UInt8], nonce: [UInt8], key: SecretBytes,
    into output: UnsafeMutableRawBufferPointer
  ) throws(SodiumError) {
    precondition(
      key.count == keyLength && nonce.count == nonceLength && output.count == ciphertext.count - tagLength)
    let status = key.withBytePointer { key in
      crypto_aead_xchacha20poly1305_ietf_decrypt(
        output.baseAddress?.assumingMemoryBound(to: UInt8.self), nil, nil,
        ciphertext.baseAddress!.assumingMemoryBound(to: UInt8.self), UInt64(ciphertext.count),
        context, UInt64(context.count), nonce, key)
    }
    guard status == 0 else { throw .authenticationFailed }
  }
}
