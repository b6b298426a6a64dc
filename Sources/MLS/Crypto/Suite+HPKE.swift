internal import Crypto
internal import TLSPresentation

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// HPKE (RFC 9180) in base mode, with the suite's algorithms. swift-crypto draws the ephemeral keys.
extension Suite {
  private var hpke: HPKE.Ciphersuite {
    let kem: HPKE.KEM =
      switch self.kem {
      case .x25519: .Curve25519_HKDF_SHA256
      case .p256: .P256_HKDF_SHA256
      case .p384: .P384_HKDF_SHA384
      case .p521: .P521_HKDF_SHA512
      case .xWing: .XWingMLKEM768X25519
      }
    let kdf: HPKE.KDF =
      switch hashAlgorithm {
      case .sha256: .HKDF_SHA256
      case .sha384: .HKDF_SHA384
      case .sha512: .HKDF_SHA512
      }
    return HPKE.Ciphersuite(kem: kem, kdf: kdf, aead: aead)
  }

  private func sender(to publicKey: HPKEPublicKey, info: [UInt8]) throws(MLSError) -> HPKE.Sender {
    let info = Data(info)
    let bytes = publicKey.bytes
    do {
      switch kem {
      case .x25519:
        let key = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
        return try HPKE.Sender(recipientKey: key, ciphersuite: hpke, info: info)
      case .p256:
        let key = try P256.KeyAgreement.PublicKey(x963Representation: bytes)
        return try HPKE.Sender(recipientKey: key, ciphersuite: hpke, info: info)
      case .p384:
        let key = try P384.KeyAgreement.PublicKey(x963Representation: bytes)
        return try HPKE.Sender(recipientKey: key, ciphersuite: hpke, info: info)
      case .p521:
        let key = try P521.KeyAgreement.PublicKey(x963Representation: bytes)
        return try HPKE.Sender(recipientKey: key, ciphersuite: hpke, info: info)
      case .xWing:
        let key = try XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)
        return try HPKE.Sender(recipientKey: key, ciphersuite: hpke, info: info)
      }
    } catch {
      throw .invalidKey
    }
  }

  private func recipient(
    _ privateKey: HPKEPrivateKey, kemOutput: [UInt8], info: [UInt8]
  ) throws(MLSError) -> HPKE.Recipient {
    let (info, kemOutput) = (Data(info), Data(kemOutput))
    do {
      return try privateKey.secret.withUnsafeBytes { raw in
        switch kem {
        case .x25519:
          let key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: raw)
          return try HPKE.Recipient(privateKey: key, ciphersuite: hpke, info: info, encapsulatedKey: kemOutput)
        case .p256:
          let key = try P256.KeyAgreement.PrivateKey(rawRepresentation: raw)
          return try HPKE.Recipient(privateKey: key, ciphersuite: hpke, info: info, encapsulatedKey: kemOutput)
        case .p384:
          let key = try P384.KeyAgreement.PrivateKey(rawRepresentation: raw)
          return try HPKE.Recipient(privateKey: key, ciphersuite: hpke, info: info, encapsulatedKey: kemOutput)
        case .p521:
          let key = try P521.KeyAgreement.PrivateKey(rawRepresentation: raw)
          return try HPKE.Recipient(privateKey: key, ciphersuite: hpke, info: info, encapsulatedKey: kemOutput)
        case .xWing:
          let key = try XWingMLKEM768X25519.PrivateKey(seedRepresentation: raw, publicKey: nil)
          return try HPKE.Recipient(privateKey: key, ciphersuite: hpke, info: info, encapsulatedKey: kemOutput)
        }
      }
    } catch {
      throw .decryptionFailed
    }
  }

  /// `EncryptWithLabel` (RFC 9420 §5.1.3).
  package func encryptWithLabel(
    _ publicKey: HPKEPublicKey, _ label: String, context: [UInt8], _ plaintext: [UInt8]
  ) throws(MLSError) -> HPKECiphertext {
    try seal(to: publicKey, info: encryptContext(label, context), plaintext)
  }

  /// `DecryptWithLabel` (RFC 9420 §5.1.3).
  package func decryptWithLabel(
    _ privateKey: HPKEPrivateKey, _ label: String, context: [UInt8], _ ciphertext: HPKECiphertext
  ) throws(MLSError) -> Secret {
    try open(ciphertext, privateKey, info: encryptContext(label, context))
  }

  private func encryptContext(_ label: String, _ context: [UInt8]) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: context.count + label.utf8.count + 16)
    encoder.write(string: "MLS 1.0 " + label)
    encoder.write(opaque: context)
    return encoder.bytes
  }

  /// `SealBase` of RFC 9180 §6.1.
  package func seal(
    to publicKey: HPKEPublicKey, info: [UInt8], authenticating data: [UInt8] = [], _ plaintext: [UInt8]
  ) throws(MLSError) -> HPKECiphertext {
    var sender = try sender(to: publicKey, info: info)
    do {
      let ciphertext = try sender.seal(plaintext, authenticating: data)
      return HPKECiphertext(kemOutput: Array(sender.encapsulatedKey), ciphertext: Array(ciphertext))
    } catch {
      throw .cryptographicFailure
    }
  }

  /// `OpenBase` of RFC 9180 §6.1.
  package func open(
    _ ciphertext: HPKECiphertext, _ privateKey: HPKEPrivateKey, info: [UInt8], authenticating data: [UInt8] = []
  ) throws(MLSError) -> Secret {
    var recipient = try recipient(privateKey, kemOutput: ciphertext.kemOutput, info: info)
    do {
      var plaintext = try recipient.open(ciphertext.ciphertext, authenticating: data)
      defer { plaintext.resetBytes(in: plaintext.startIndex..<plaintext.endIndex) }
      return Secret(SymmetricKey(data: plaintext))
    } catch {
      throw .decryptionFailed
    }
  }

  private static let externalInitLabel = "MLS 1.0 external init secret"

  /// The sender's side of external initialization (RFC 9420 §8.3).
  package func externalInit(to externalPub: HPKEPublicKey) throws(MLSError) -> (kemOutput: [UInt8], initSecret: Secret)
  {
    let sender = try sender(to: externalPub, info: [])
    do {
      let secret = try sender.exportSecret(context: Array(Self.externalInitLabel.utf8), outputByteCount: hashLength)
      return (Array(sender.encapsulatedKey), Secret(secret))
    } catch {
      throw .cryptographicFailure
    }
  }

  /// The group's side of external initialization (RFC 9420 §8.3).
  package func externalInit(_ externalPriv: HPKEPrivateKey, kemOutput: [UInt8]) throws(MLSError) -> Secret {
    let recipient = try recipient(externalPriv, kemOutput: kemOutput, info: [])
    do {
      return Secret(
        try recipient.exportSecret(context: Array(Self.externalInitLabel.utf8), outputByteCount: hashLength))
    } catch {
      throw .decryptionFailed
    }
  }

  /// Throws ``MLSError/invalidKey`` unless the bytes are a public key of the KEM.
  package func validate(_ publicKey: HPKEPublicKey) throws(MLSError) {
    let bytes = publicKey.bytes
    do {
      switch kem {
      case .x25519: _ = try Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
      case .p256: _ = try P256.KeyAgreement.PublicKey(x963Representation: bytes)
      case .p384: _ = try P384.KeyAgreement.PublicKey(x963Representation: bytes)
      case .p521: _ = try P521.KeyAgreement.PublicKey(x963Representation: bytes)
      case .xWing: _ = try XWingMLKEM768X25519.PublicKey(rawRepresentation: bytes)
      }
    } catch {
      throw .invalidKey
    }
  }

  /// The public key that belongs to a private key.
  package func publicKey(of privateKey: HPKEPrivateKey) throws(MLSError) -> HPKEPublicKey {
    do {
      return HPKEPublicKey(
        bytes: try privateKey.secret.withUnsafeBytes { raw in
          switch kem {
          case .x25519:
            try Array(Curve25519.KeyAgreement.PrivateKey(rawRepresentation: raw).publicKey.rawRepresentation)
          case .p256: try Array(P256.KeyAgreement.PrivateKey(rawRepresentation: raw).publicKey.x963Representation)
          case .p384: try Array(P384.KeyAgreement.PrivateKey(rawRepresentation: raw).publicKey.x963Representation)
          case .p521: try Array(P521.KeyAgreement.PrivateKey(rawRepresentation: raw).publicKey.x963Representation)
          case .xWing:
            try Array(
              XWingMLKEM768X25519.PrivateKey(seedRepresentation: raw, publicKey: nil).publicKey.rawRepresentation)
          }
        })
    } catch {
      throw .invalidKey
    }
  }
}
