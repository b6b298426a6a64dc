/// The chain of path secrets from one node of a filtered direct path upwards (RFC 9420 §7.4).
package struct PathSecrets: Sendable {
  /// One a node, and its key pair.
  package let secrets: [Secret]
  package let keyPairs: [HPKEKeyPair]
  package let commitSecret: Secret

  package init(_ suite: Suite, first: Secret, count: Int) throws(MLSError) {
    var secret = first
    var secrets: [Secret] = []
    var keyPairs: [HPKEKeyPair] = []
    for _ in 0..<count {
      secrets.append(secret)
      keyPairs.append(try suite.deriveKeyPair(suite.deriveSecret(secret, "node")))
      secret = suite.deriveSecret(secret, "path")
    }
    self.secrets = secrets
    self.keyPairs = keyPairs
    commitSecret = secret
  }
}
