internal import Crypto

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The algorithms of a supported cipher suite. Having one means that the suite is supported, so its functions need not
/// say that it is not.
package struct Suite: Sendable, Hashable {
  package enum KEMAlgorithm: Sendable { case x25519, p256, p384, p521, xWing }
  package enum HashAlgorithm: Sendable { case sha256, sha384, sha512 }
  package enum SignatureAlgorithm: Sendable { case ed25519, p256, p384, p521 }

  package let cipherSuite: CipherSuite
  package let kem: KEMAlgorithm
  package let hashAlgorithm: HashAlgorithm
  let aead: HPKE.AEAD
  package let signature: SignatureAlgorithm

  package init(_ cipherSuite: CipherSuite) throws(MLSError) {
    self.cipherSuite = cipherSuite
    switch cipherSuite {
    case .x25519AES128GCMSHA256Ed25519:
      (kem, hashAlgorithm, aead, signature) = (.x25519, .sha256, .AES_GCM_128, .ed25519)
    case .p256AES128GCMSHA256P256: (kem, hashAlgorithm, aead, signature) = (.p256, .sha256, .AES_GCM_128, .p256)
    case .x25519ChaCha20Poly1305SHA256Ed25519:
      (kem, hashAlgorithm, aead, signature) = (.x25519, .sha256, .chaChaPoly, .ed25519)
    case .p521AES256GCMSHA512P521: (kem, hashAlgorithm, aead, signature) = (.p521, .sha512, .AES_GCM_256, .p521)
    case .p384AES256GCMSHA384P384: (kem, hashAlgorithm, aead, signature) = (.p384, .sha384, .AES_GCM_256, .p384)
    case .xWingAES256GCMSHA384Ed25519: (kem, hashAlgorithm, aead, signature) = (.xWing, .sha384, .AES_GCM_256, .ed25519)
    default: throw .unsupportedCipherSuite(cipherSuite)
    }
  }

  package static func == (a: Self, b: Self) -> Bool { a.cipherSuite == b.cipherSuite }
  package func hash(into hasher: inout Hasher) { hasher.combine(cipherSuite) }

  /// `KDF.Nh`, in bytes.
  package var hashLength: Int {
    switch hashAlgorithm {
    case .sha256: 32
    case .sha384: 48
    case .sha512: 64
    }
  }

  /// `AEAD.Nk`, in bytes.
  package var keyLength: Int { aead == .AES_GCM_128 ? 16 : 32 }

  /// `AEAD.Nn`, in bytes: the same for every AEAD of the registry.
  package var nonceLength: Int { 12 }

  package func hash(_ bytes: [UInt8]) -> [UInt8] {
    switch hashAlgorithm {
    case .sha256: Array(SHA256.hash(data: bytes))
    case .sha384: Array(SHA384.hash(data: bytes))
    case .sha512: Array(SHA512.hash(data: bytes))
    }
  }

  /// HMAC with the suite's hash: `MAC` of RFC 9420 §5.1.
  package func mac(key: Secret, _ bytes: [UInt8]) -> [UInt8] {
    switch hashAlgorithm {
    case .sha256: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: key.key))
    case .sha384: Array(HMAC<SHA384>.authenticationCode(for: bytes, using: key.key))
    case .sha512: Array(HMAC<SHA512>.authenticationCode(for: bytes, using: key.key))
    }
  }

  /// Whether a tag is the ``mac(key:_:)`` of the bytes, compared in constant time.
  package func isValidMAC(_ tag: [UInt8], key: Secret, _ bytes: [UInt8]) -> Bool {
    switch hashAlgorithm {
    case .sha256: HMAC<SHA256>.isValidAuthenticationCode(tag, authenticating: bytes, using: key.key)
    case .sha384: HMAC<SHA384>.isValidAuthenticationCode(tag, authenticating: bytes, using: key.key)
    case .sha512: HMAC<SHA512>.isValidAuthenticationCode(tag, authenticating: bytes, using: key.key)
    }
  }

  /// `KDF.Extract`, which is HMAC keyed with the salt (RFC 5869 §2.2).
  package func extract(salt: Secret, inputKeyMaterial: Secret) -> Secret {
    inputKeyMaterial.withUnsafeBytes { material in
      switch hashAlgorithm {
      case .sha256: Secret(SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: material, using: salt.key)))
      case .sha384: Secret(SymmetricKey(data: HMAC<SHA384>.authenticationCode(for: material, using: salt.key)))
      case .sha512: Secret(SymmetricKey(data: HMAC<SHA512>.authenticationCode(for: material, using: salt.key)))
      }
    }
  }

  /// `KDF.Expand` (RFC 5869 §2.3). `length` is at most 255 × Nh, which callers see to.
  package func expand(_ secret: Secret, info: [UInt8], length: Int) -> Secret {
    switch hashAlgorithm {
    case .sha256: Secret(HKDF<SHA256>.expand(pseudoRandomKey: secret.key, info: info, outputByteCount: length))
    case .sha384: Secret(HKDF<SHA384>.expand(pseudoRandomKey: secret.key, info: info, outputByteCount: length))
    case .sha512: Secret(HKDF<SHA512>.expand(pseudoRandomKey: secret.key, info: info, outputByteCount: length))
    }
  }

  /// AEAD encryption; the tag follows the ciphertext.
  package func seal(_ plaintext: [UInt8], key: Secret, nonce: [UInt8], authenticating data: [UInt8]) throws(MLSError)
    -> [UInt8]
  {
    do {
      if aead == .chaChaPoly {
        let box = try ChaChaPoly.seal(
          plaintext, using: key.key, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: data)
        return Array(box.ciphertext) + box.tag
      }
      let box = try AES.GCM.seal(plaintext, using: key.key, nonce: AES.GCM.Nonce(data: nonce), authenticating: data)
      return Array(box.ciphertext) + box.tag
    } catch {
      throw .cryptographicFailure
    }
  }

  package func open(_ ciphertext: [UInt8], key: Secret, nonce: [UInt8], authenticating data: [UInt8]) throws(MLSError)
    -> [UInt8]
  {
    guard ciphertext.count >= Self.tagLength else { throw .decryptionFailed }
    let (body, tag) = (ciphertext.dropLast(Self.tagLength), ciphertext.suffix(Self.tagLength))
    do {
      if aead == .chaChaPoly {
        let box = try ChaChaPoly.SealedBox(nonce: ChaChaPoly.Nonce(data: nonce), ciphertext: body, tag: tag)
        return Self.moved(try ChaChaPoly.open(box, using: key.key, authenticating: data))
      }
      let box = try AES.GCM.SealedBox(nonce: AES.GCM.Nonce(data: nonce), ciphertext: body, tag: tag)
      return Self.moved(try AES.GCM.open(box, using: key.key, authenticating: data))
    } catch {
      throw .decryptionFailed
    }
  }

  /// The bytes, which are wiped where they were.
  private static func moved(_ plaintext: consuming Data) -> [UInt8] {
    let bytes = plaintext.withUnsafeBytes { Array($0) }
    let range = plaintext.startIndex..<plaintext.endIndex
    plaintext.resetBytes(in: range)
    return bytes
  }

  /// Of every AEAD of the registry, in bytes.
  private static let tagLength = 16
}
