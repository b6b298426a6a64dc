import Crypto
import MLS
import TestKit
import Testing

@Suite("Expanding one secret several times")
struct ExpansionTests {
  @Test("gives what the library's HKDF gives", arguments: CipherSuite.supported)
  func library(_ cipherSuite: CipherSuite) throws {
    let suite = try Suite(cipherSuite)
    var generator = SeededGenerator(seed: 41)
    for _ in 0..<200 {
      // Any key that the hash takes as it is, and any that it hashes first.
      let secret = Secret(generator.bytes(Int.random(in: 0...200, using: &generator)))
      let expansion = Expansion(suite, of: secret)
      for _ in 0..<3 {
        let info = generator.bytes(Int.random(in: 0...300, using: &generator))
        let length = Int.random(in: 1...suite.hashLength, using: &generator)
        let expanded = expansion.expand(info: info, length: length)
        #expect(expanded.exposedBytes == hkdf(suite, secret.exposedBytes, info, length))
        #expect(expanded == suite.expand(secret, info: info, length: length))
        #expect(expanded != expansion.expand(info: info + [0], length: length) || length < 8)
      }
    }
  }

  private func hkdf(_ suite: Suite, _ secret: [UInt8], _ info: [UInt8], _ length: Int) -> [UInt8] {
    let key =
      switch suite.hashAlgorithm {
      case .sha256: HKDF<SHA256>.expand(pseudoRandomKey: secret, info: info, outputByteCount: length)
      case .sha384: HKDF<SHA384>.expand(pseudoRandomKey: secret, info: info, outputByteCount: length)
      case .sha512: HKDF<SHA512>.expand(pseudoRandomKey: secret, info: info, outputByteCount: length)
      }
    return key.withUnsafeBytes { Array($0) }
  }
}
