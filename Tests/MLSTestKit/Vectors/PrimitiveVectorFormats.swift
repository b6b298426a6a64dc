/// A vector of the MLS working group that says which suite it is for. The formats are those of test-vectors.md of
/// mlswg/mls-implementations.
package protocol SuiteVector: Codable, Sendable {
  var cipherSuite: UInt16 { get }
}

package struct CryptoBasicsVector: SuiteVector {
  package struct RefHash: Codable, Sendable {
    package let label: String
    package let value, out: Hex
  }
  package struct Expand: Codable, Sendable {
    package let secret: Hex
    package let label: String
    package let context: Hex
    package let length: Int
    package let out: Hex
  }
  package struct Derive: Codable, Sendable {
    package let secret: Hex
    package let label: String
    package let out: Hex
  }
  package struct DeriveTree: Codable, Sendable {
    package let secret: Hex
    package let label: String
    package let generation: UInt32
    package let length: Int
    package let out: Hex
  }
  package struct Sign: Codable, Sendable {
    package let priv, pub, content: Hex
    package let label: String
    package let signature: Hex
  }
  package struct Encrypt: Codable, Sendable {
    package let priv, pub: Hex
    package let label: String
    package let context, plaintext, kemOutput, ciphertext: Hex
  }
  package let cipherSuite: UInt16
  package let refHash: RefHash
  package let expandWithLabel: Expand
  package let deriveSecret: Derive
  package let deriveTreeSecret: DeriveTree
  package let signWithLabel: Sign
  package let encryptWithLabel: Encrypt
}
