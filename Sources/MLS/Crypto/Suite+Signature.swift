internal import Crypto
internal import TLSPresentation

extension Suite {
  /// `SignContent` (RFC 9420 §5.1.2), which the caller wipes: what is signed may be a message's plaintext.
  package static func signContent(_ label: String, _ content: [UInt8]) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: content.count + label.utf8.count + 16)
    encoder.write(string: "MLS 1.0 " + label)
    encoder.write(opaque: content)
    return encoder.take()
  }

  /// `VerifyWithLabel` (RFC 9420 §5.1.2). A key or a signature that is malformed verifies nothing.
  package func verifyWithLabel(_ key: SignaturePublicKey, _ label: String, _ content: [UInt8], _ signature: [UInt8])
    -> Bool
  {
    var content = Self.signContent(label, content)
    defer { wipe(&content) }
    do {
      switch self.signature {
      case .ed25519:
        return try Curve25519.Signing.PublicKey(rawRepresentation: key.bytes).isValidSignature(signature, for: content)
      case .p256:
        let signature = try P256.Signing.ECDSASignature(derRepresentation: signature)
        return try P256.Signing.PublicKey(x963Representation: key.bytes)
          .isValidSignature(signature, for: SHA256.hash(data: content))
      case .p384:
        let signature = try P384.Signing.ECDSASignature(derRepresentation: signature)
        return try P384.Signing.PublicKey(x963Representation: key.bytes)
          .isValidSignature(signature, for: SHA384.hash(data: content))
      case .p521:
        let signature = try P521.Signing.ECDSASignature(derRepresentation: signature)
        return try P521.Signing.PublicKey(x963Representation: key.bytes)
          .isValidSignature(signature, for: SHA512.hash(data: content))
      }
    } catch {
      return false
    }
  }

  /// Throws ``MLSError/invalidKey`` unless the bytes are a public key of the signature scheme.
  package func validate(_ publicKey: SignaturePublicKey) throws(MLSError) {
    do {
      switch signature {
      case .ed25519: _ = try Curve25519.Signing.PublicKey(rawRepresentation: publicKey.bytes)
      case .p256: _ = try P256.Signing.PublicKey(x963Representation: publicKey.bytes)
      case .p384: _ = try P384.Signing.PublicKey(x963Representation: publicKey.bytes)
      case .p521: _ = try P521.Signing.PublicKey(x963Representation: publicKey.bytes)
      }
    } catch {
      throw .invalidKey
    }
  }
}
