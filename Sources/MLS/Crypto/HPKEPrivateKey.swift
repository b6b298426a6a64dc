/// A private key of a suite's KEM, as `SerializePrivateKey` of RFC 9180 writes it; the 32-byte seed for X-Wing.
struct HPKEPrivateKey: Sendable, Equatable {
  let secret: Secret
}

struct HPKEKeyPair: Sendable {
  let privateKey: HPKEPrivateKey
  let publicKey: HPKEPublicKey
}
