/// A private key of a suite's KEM, as `SerializePrivateKey` of RFC 9180 writes it; the 32-byte seed for X-Wing.
package struct HPKEPrivateKey: Sendable, Equatable {
  package let secret: Secret

  package init(secret: Secret) {
    self.secret = secret
  }
}

package struct HPKEKeyPair: Sendable {
  package let privateKey: HPKEPrivateKey
  package let publicKey: HPKEPublicKey
}
