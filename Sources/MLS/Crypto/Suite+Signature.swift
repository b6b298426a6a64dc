internal import Crypto
internal import TLSPresentation

extension Suite {
  package static func signContent(_ label: String, _ content: [UInt8]) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: content.count + label.utf8.count + 16)
    encoder.write(string: "MLS 1.0 " + label)
    encoder.write(opaque: content)
    return encoder.bytes
  }

  /// `VerifyWithLabel` (RFC 9420 §5.1.2). A key or a signature that is malformed verifies nothing.
  package func verifyWithLabel(_ key: SignaturePublicKey, _ label: String, _ content: [UInt8], _ signature: [UInt8])
    -> Bool
  {
    let content = Self.signContent(label, content)
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

  package func sign(_ content: [UInt8], with secret: Secret) throws(MLSError) -> [UInt8] {
    do {
      return try secret.withUnsafeBytes { raw in
        switch signature {
        case .ed25519: try Array(Curve25519.Signing.PrivateKey(rawRepresentation: raw).signature(for: content))
        case .p256:
          try Array(
            P256.Signing.PrivateKey(rawRepresentation: raw).signature(for: SHA256.hash(data: content)).derRepresentation
          )
        case .p384:
          try Array(
            P384.Signing.PrivateKey(rawRepresentation: raw).signature(for: SHA384.hash(data: content)).derRepresentation
          )
        case .p521:
          try Array(
            P521.Signing.PrivateKey(rawRepresentation: raw).signature(for: SHA512.hash(data: content)).derRepresentation
          )
        }
      }
    } catch {
      throw .cryptographicFailure
    }
  }

  package func signaturePublicKey(of secret: Secret) throws(MLSError) -> SignaturePublicKey {
    do {
      return SignaturePublicKey(
        bytes: try secret.withUnsafeBytes { raw in
          switch signature {
          case .ed25519: try Array(Curve25519.Signing.PrivateKey(rawRepresentation: raw).publicKey.rawRepresentation)
          case .p256: try Array(P256.Signing.PrivateKey(rawRepresentation: raw).publicKey.x963Representation)
          case .p384: try Array(P384.Signing.PrivateKey(rawRepresentation: raw).publicKey.x963Representation)
          case .p521: try Array(P521.Signing.PrivateKey(rawRepresentation: raw).publicKey.x963Representation)
          }
        })
    } catch {
      throw .invalidKey
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
