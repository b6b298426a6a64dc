import Sodium
import Testing

@Suite("Document cipher")
struct DocumentCipherTests {
  private let cipher: DocumentCipher
  private let chunks: [[UInt8]] = [Array("first".utf8), Array("other".utf8), Array("last".utf8)]

  init() throws { cipher = try DocumentCipher(key: .random(count: 32)) }

  private func encrypted() -> [[UInt8]] {
    chunks.indices.map { cipher.encryptChunk(chunks[$0], index: UInt64($0), isLast: $0 == chunks.count - 1) }
  }

  @Test("A document comes back chunk by chunk, in any order")
  func roundTrip() throws {
    for (index, ciphertext) in encrypted().enumerated().reversed() {
      #expect(ciphertext.count == chunks[index].count + DocumentCipher.overheadLength)
      let isLast = index == chunks.count - 1
      #expect(try cipher.decryptChunk(ciphertext, index: UInt64(index), isLast: isLast) == chunks[index])
    }
  }

  @Test("An empty document is one empty last chunk")
  func empty() throws {
    let ciphertext = cipher.encryptChunk([], index: 0, isLast: true)
    #expect(try cipher.decryptChunk(ciphertext, index: 0, isLast: true) == [])
  }

  @Test("A chunk in another's place, or with the wrong flag, is refused")
  func order() {
    let ciphertexts = encrypted()
    for (index, ciphertext) in ciphertexts.enumerated() {
      for (other, isLast) in (0..<4).flatMap({ other in [(other, false), (other, true)] })
      where other != index || isLast != (index == 2) {
        #expect(throws: SodiumError.authenticationFailed) {
          try cipher.decryptChunk(ciphertext, index: UInt64(other), isLast: isLast)
        }
      }
    }
  }

  @Test("Indexes that share low or high bits are different chunks", arguments: [0, 1, 1 << 8, 1 << 32, UInt64.max])
  func wideIndexes(index: UInt64) throws {
    let ciphertext = cipher.encryptChunk(chunks[0], index: index, isLast: false)
    #expect(try cipher.decryptChunk(ciphertext, index: index, isLast: false) == chunks[0])
    for bit in 0..<64 {
      #expect(throws: SodiumError.authenticationFailed) {
        try cipher.decryptChunk(ciphertext, index: index ^ (1 << UInt64(bit)), isLast: false)
      }
    }
  }

  @Test("Every changed byte, every truncation and another key is refused")
  func tampering() throws {
    let ciphertext = cipher.encryptChunk(chunks[0], index: 0, isLast: false)
    for index in ciphertext.indices {
      var changed = ciphertext
      changed[index] ^= 0x80
      #expect(throws: SodiumError.authenticationFailed) {
        try cipher.decryptChunk(changed, index: 0, isLast: false)
      }
      #expect(throws: SodiumError.authenticationFailed) {
        try cipher.decryptChunk(Array(ciphertext[..<index]), index: 0, isLast: false)
      }
    }
    let other = try DocumentCipher(key: .random(count: 32))
    #expect(throws: SodiumError.authenticationFailed) { try other.decryptChunk(ciphertext, index: 0, isLast: false) }
    #expect(throws: SodiumError.keyLength(expected: 32, actual: 16)) { try DocumentCipher(key: .random(count: 16)) }
  }

  @Test("A manifest is no chunk, and a chunk no manifest")
  func manifest() throws {
    let manifest = cipher.encryptManifest(chunks[0])
    #expect(try cipher.decryptManifest(manifest) == chunks[0])
    #expect(throws: SodiumError.authenticationFailed) { try cipher.decryptChunk(manifest, index: 0, isLast: true) }
    let chunk = cipher.encryptChunk(chunks[0], index: 0, isLast: true)
    #expect(throws: SodiumError.authenticationFailed) { try cipher.decryptManifest(chunk) }
  }

  @Test("Ciphertexts are those that Protocols/documents.md describes")
  func specified() throws {
    // Made from the page and draft-irtf-cfrg-xchacha with a few lines of Python, not with this project's code.
    let cipher = try DocumentCipher(key: SecretBytes(copying: Array(0..<32)))
    func hex(_ bytes: [UInt8]) -> String {
      bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
    let (chunk, manifest) = (Array("chunk".utf8), Array("manifest".utf8))
    #expect(
      hex(cipher.encryptChunk(chunk, index: 0x0102_0304_0506_0708, isLast: false))
        == "2d0758b7e1549c7a614f24cdc16952750ed1ce6e1a")
    #expect(
      hex(cipher.encryptChunk(chunk, index: 2, isLast: true)) == "6bc3002d74b39ae59c80a0a26f633e20d51ce2bbac")
    #expect(hex(cipher.encryptManifest(manifest)) == "3b22e5ccaa676bf784145ee6e006ac896fc9e4f6dbad7953")
  }

  @Test("Chunks are written where the caller says, and nothing is written of one that is not authentic")
  func buffers() throws {
    for (index, chunk) in (chunks + [[]]).enumerated() {
      var ciphertext = [UInt8](repeating: 0, count: chunk.count + DocumentCipher.overheadLength)
      var plaintext = [UInt8](repeating: 7, count: chunk.count)
      let place = UInt64(index)
      ciphertext.withUnsafeMutableBytes { ciphertext in
        chunk.withUnsafeBytes { cipher.encryptChunk($0, index: place, isLast: false, into: ciphertext) }
      }
      #expect(ciphertext == cipher.encryptChunk(chunk, index: place, isLast: false))
      func decrypt(_ ciphertext: [UInt8]) throws {
        try plaintext.withUnsafeMutableBytes { plaintext in
          try ciphertext.withUnsafeBytes { try cipher.decryptChunk($0, index: place, isLast: false, into: plaintext) }
        }
      }
      ciphertext[0] ^= 1
      #expect(throws: SodiumError.authenticationFailed) { try decrypt(ciphertext) }
      #expect(plaintext.allSatisfy { $0 == 0 || $0 == 7 })
      ciphertext[0] ^= 1
      #expect(throws: SodiumError.authenticationFailed) { try decrypt(ciphertext + [0]) }
      #expect(throws: SodiumError.authenticationFailed) { try decrypt(Array(ciphertext.dropLast())) }
      try decrypt(ciphertext)
      #expect(plaintext == chunk)
    }
  }
}
