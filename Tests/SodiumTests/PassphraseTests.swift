import Sodium
import Testing

@Suite("Passphrase")
struct PassphraseTests {
  private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

  @Test("A key depends on the passphrase and on every parameter")
  func derivation() throws {
    let salt = [UInt8](repeating: 7, count: 16)
    let parameters = try PassphraseParameters(operations: 1, memoryKiB: 8, salt: salt)
    let key = try deriveKey(passphrase: secret("correct horse"), parameters: parameters)
    #expect(key.count == 32)
    #expect(try deriveKey(passphrase: secret("correct horse"), parameters: parameters) == key)
    #expect(try deriveKey(passphrase: secret("correct hors"), parameters: parameters) != key)
    for other in [
      try PassphraseParameters(operations: 2, memoryKiB: 8, salt: salt),
      try PassphraseParameters(operations: 1, memoryKiB: 16, salt: salt),
      PassphraseParameters.minimum,
    ] {
      #expect(try deriveKey(passphrase: secret("correct horse"), parameters: other) != key)
    }
  }

  @Test("Parameters outside the bounds do not exist")
  func bounds() throws {
    for (operations, memoryKiB): (UInt32, UInt32) in [(0, 8), (11, 8), (1, 7), (1, 1 << 20 + 1), (.max, .max)] {
      #expect(throws: SodiumError.parametersOutOfBounds) {
        try PassphraseParameters(operations: operations, memoryKiB: memoryKiB)
      }
    }
    #expect(throws: SodiumError.parametersOutOfBounds) {
      try PassphraseParameters(operations: 1, memoryKiB: 8, salt: [1, 2, 3])
    }
    #expect(try PassphraseParameters(operations: 10, memoryKiB: 1 << 20).salt.count == 16)
  }

  @Test("The default costs 256 MiB, and salts do not repeat")
  func moderate() {
    #expect(PassphraseParameters.moderate.memoryKiB == 256 << 10)
    #expect(PassphraseParameters.moderate.operations == 3)
    #expect(PassphraseParameters.moderate.salt != PassphraseParameters.moderate.salt)
  }
}
