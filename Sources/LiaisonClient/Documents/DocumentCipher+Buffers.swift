internal import LiaisonLink
internal import NIOCore
internal import Sodium

/// Chunks in memory that is used again.
extension DocumentCipher {
  /// Encrypts chunk `index`, from 0; the result is ``overheadLength`` bytes longer.
  func encryptedChunk(_ plaintext: ByteBuffer, index: UInt64, isLast: Bool) -> ByteBuffer {
    let length = plaintext.readableBytes + Self.overheadLength
    var ciphertext = LargeBuffers.shared.take(length)
    ciphertext.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { output in
      plaintext.withUnsafeReadableBytes {
        encryptChunk($0, index: index, isLast: isLast, into: UnsafeMutableRawBufferPointer(rebasing: output[..<length]))
      }
      return length
    }
    LargeBuffers.shared.keep(ciphertext)
    return ciphertext
  }

  /// Decrypts chunk `index`; `nil` for any other index, flag, key or content.
  func decryptedChunk(_ ciphertext: ByteBuffer, index: UInt64, isLast: Bool) -> ByteBuffer? {
    let length = ciphertext.readableBytes - Self.overheadLength
    guard length >= 0 else { return nil }
    var plaintext = LargeBuffers.shared.take(length)
    let written = plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { output in
      ciphertext.withUnsafeReadableBytes {
        let output = UnsafeMutableRawBufferPointer(rebasing: output[..<length])
        return (try? decryptChunk($0, index: index, isLast: isLast, into: output)) == nil ? 0 : length
      }
    }
    LargeBuffers.shared.keep(plaintext)
    return written == length ? plaintext : nil
  }
}
