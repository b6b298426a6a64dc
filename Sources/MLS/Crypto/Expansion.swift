internal import Crypto

/// `KDF.Expand` of one secret (RFC 5869 §2.3), one block at most, any number of times. Such a block is HMAC of the info and
/// a byte, and what HMAC makes of its key is made once. A message derives five keys of two secrets: with the library's HKDF,
/// which has no such state, that takes longer than signing it, and decrypting takes up to 1.6 times its AEAD and
/// verification instead of 1.4. A test holds it against that HKDF.
package struct Expansion {
  private enum MAC {
    case sha256(HMAC<SHA256>)
    case sha384(HMAC<SHA384>)
    case sha512(HMAC<SHA512>)
  }

  private let mac: MAC

  package init(_ suite: Suite, of secret: Secret) {
    mac =
      switch suite.hashAlgorithm {
      case .sha256: .sha256(HMAC(key: secret.key))
      case .sha384: .sha384(HMAC(key: secret.key))
      case .sha512: .sha512(HMAC(key: secret.key))
      }
  }

  /// `length` is at most Nh.
  package func expand(info: [UInt8], length: Int) -> Secret {
    let input = info + [1]
    switch mac {
    case .sha256(var mac):
      mac.update(data: input)
      return mac.finalize().withUnsafeBytes { Secret($0, length) }
    case .sha384(var mac):
      mac.update(data: input)
      return mac.finalize().withUnsafeBytes { Secret($0, length) }
    case .sha512(var mac):
      mac.update(data: input)
      return mac.finalize().withUnsafeBytes { Secret($0, length) }
    }
  }

  /// `ExpandWithLabel` (RFC 9420 §8).
  package func expandWithLabel(_ label: String, context: [UInt8], length: Int) -> Secret {
    expand(info: Suite.kdfLabel(label, context: context, length: length), length: length)
  }
}
