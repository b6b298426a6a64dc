internal import Crypto

/// `DeriveKeyPair` of RFC 9180 §7.1.3, which swift-crypto does not offer.
///
/// For X-Wing (`MLKEM768X25519`, KEM 0x647A) the drafts derive with SHAKE256, which no dependency offers. This library
/// derives the 32-byte X-Wing seed with the construction that RFC 9180 gives DHKEM(X25519), over HKDF-SHA384:
///
///     suite_id = "KEM" || 0x647A
///     dkp_prk  = HKDF-Extract(salt: "", ikm: "HPKE-v1" || suite_id || "dkp_prk" || ikm)
///     seed     = HKDF-Expand(dkp_prk, info: 0x0020 || "HPKE-v1" || suite_id || "sk", L: 32)
///
/// The key pair is X-Wing's expansion of that seed.
extension Suite {
  package func deriveKeyPair(_ inputKeyMaterial: Secret) throws(MLSError) -> HPKEKeyPair {
    let prk = labeledExtract("dkp_prk", inputKeyMaterial)
    switch kem {
    case .x25519, .xWing: return try keyPair(labeledExpand(prk, "sk", [], length: 32))
    case .p256: return try rejectionSampled(prk, length: 32, mask: 0xFF)
    case .p384: return try rejectionSampled(prk, length: 48, mask: 0xFF)
    case .p521: return try rejectionSampled(prk, length: 66, mask: 0x01)
    }
  }

  /// A fresh key pair.
  package func generateKeyPair(_ random: RandomSource) throws(MLSError) -> HPKEKeyPair {
    try deriveKeyPair(random.secret(max(hashLength, 32)))
  }

  private func keyPair(_ secret: Secret) throws(MLSError) -> HPKEKeyPair {
    let privateKey = HPKEPrivateKey(secret: secret)
    return HPKEKeyPair(privateKey: privateKey, publicKey: try publicKey(of: privateKey))
  }

  /// For the NIST curves: candidates until one is a scalar of the group, 256 at most.
  private func rejectionSampled(_ prk: Secret, length: Int, mask: UInt8) throws(MLSError) -> HPKEKeyPair {
    for counter in UInt8.min ... .max {
      var candidate = labeledExpand(prk, "candidate", [counter], length: length).exposedBytes
      candidate[0] &= mask
      if let pair = try? keyPair(Secret(wiping: consume candidate)) { return pair }
    }
    throw .invalidKey
  }

  private var kemIdentifier: [UInt8] {
    switch kem {
    case .x25519: [0x00, 0x20]
    case .p256: [0x00, 0x10]
    case .p384: [0x00, 0x11]
    case .p521: [0x00, 0x12]
    case .xWing: [0x64, 0x7A]
    }
  }

  private func labeledExtract(_ label: String, _ material: Secret) -> Secret {
    var input = Array("HPKE-v1KEM".utf8) + kemIdentifier + Array(label.utf8)
    material.withUnsafeBytes { input.append(contentsOf: $0) }
    return extract(salt: Secret([]), inputKeyMaterial: Secret(wiping: consume input))
  }

  private func labeledExpand(_ prk: Secret, _ label: String, _ info: [UInt8], length: Int) -> Secret {
    let lengthBytes = [UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)]
    return expand(
      prk, info: lengthBytes + Array("HPKE-v1KEM".utf8) + kemIdentifier + Array(label.utf8) + info, length: length)
  }
}
