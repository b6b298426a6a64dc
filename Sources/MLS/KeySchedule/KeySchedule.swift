package import TLSPresentation

/// One epoch's run of the key schedule (RFC 9420 §8). It lives only until ``EpochSecrets`` and the secret tree have been
/// taken from it.
package struct KeySchedule: Sendable {
  package let joinerSecret: Secret
  package let welcomeSecret: Secret
  package let encryptionSecret: Secret
  package let secrets: EpochSecrets

  /// From the epoch before.
  package init(
    _ suite: Suite, initSecret: Secret, commitSecret: Secret, pskSecret: Secret, context: GroupContext
  ) {
    let extracted = suite.extract(salt: initSecret, inputKeyMaterial: commitSecret)
    let joinerSecret = suite.expandWithLabel(
      extracted, "joiner", context: context.tlsEncoded, length: suite.hashLength)
    self.init(suite, joinerSecret: joinerSecret, pskSecret: pskSecret, context: context)
  }

  /// From a Welcome.
  package init(_ suite: Suite, joinerSecret: Secret, pskSecret: Secret, context: GroupContext) {
    let member = suite.extract(salt: joinerSecret, inputKeyMaterial: pskSecret)
    let epochSecret = suite.expandWithLabel(member, "epoch", context: context.tlsEncoded, length: suite.hashLength)
    self.init(
      suite, joinerSecret: joinerSecret, welcomeSecret: suite.deriveSecret(member, "welcome"), epochSecret: epochSecret)
  }

  /// For a group's first epoch, whose epoch secret is random (RFC 9420 §11). There is no joiner then.
  package init(_ suite: Suite, epochSecret: Secret) {
    self.init(suite, joinerSecret: Secret([]), welcomeSecret: Secret([]), epochSecret: epochSecret)
  }

  private init(_ suite: Suite, joinerSecret: Secret, welcomeSecret: Secret, epochSecret: Secret) {
    self.joinerSecret = joinerSecret
    self.welcomeSecret = welcomeSecret
    encryptionSecret = suite.deriveSecret(epochSecret, "encryption")
    secrets = EpochSecrets(suite, epochSecret: epochSecret)
  }

  /// The secret that opens a Welcome's group info, known before the group context is.
  package static func welcomeSecret(_ suite: Suite, joinerSecret: Secret, pskSecret: Secret) -> Secret {
    suite.deriveSecret(suite.extract(salt: joinerSecret, inputKeyMaterial: pskSecret), "welcome")
  }

  /// RFC 9420 §12.4.3.1.
  package static func welcomeKey(_ suite: Suite, _ welcomeSecret: Secret) -> (key: Secret, nonce: [UInt8]) {
    (
      suite.expandWithLabel(welcomeSecret, "key", context: [], length: suite.keyLength),
      suite.expandWithLabel(welcomeSecret, "nonce", context: [], length: suite.nonceLength).exposedBytes
    )
  }
}

/// The secrets of an epoch that are kept while it lasts (RFC 9420 §8, table 4). The encryption secret is not among them:
/// the secret tree consumes it.
package struct EpochSecrets: Sendable, Equatable, TLSCodable {
  package let senderData: Secret
  package let exporter: Secret
  package let external: Secret
  package let confirmationKey: Secret
  package let membershipKey: Secret
  package let resumptionPSK: Secret
  package let epochAuthenticator: Secret
  package let initSecret: Secret

  package init(_ suite: Suite, epochSecret: Secret) {
    senderData = suite.deriveSecret(epochSecret, "sender data")
    exporter = suite.deriveSecret(epochSecret, "exporter")
    external = suite.deriveSecret(epochSecret, "external")
    confirmationKey = suite.deriveSecret(epochSecret, "confirm")
    membershipKey = suite.deriveSecret(epochSecret, "membership")
    resumptionPSK = suite.deriveSecret(epochSecret, "resumption")
    epochAuthenticator = suite.deriveSecret(epochSecret, "authentication")
    initSecret = suite.deriveSecret(epochSecret, "init")
  }

  package func externalKeyPair(_ suite: Suite) throws(MLSError) -> HPKEKeyPair { try suite.deriveKeyPair(external) }

  /// `MLS-Exporter` (RFC 9420 §8.5).
  package func export(_ suite: Suite, label: String, context: [UInt8], length: Int) -> Secret {
    suite.expandWithLabel(
      suite.deriveSecret(exporter, label), "exported", context: suite.hash(context), length: length)
  }

  package func confirmationTag(_ suite: Suite, confirmedTranscriptHash: [UInt8]) -> [UInt8] {
    suite.mac(key: confirmationKey, confirmedTranscriptHash)
  }

  package func isConfirmationTag(_ tag: [UInt8], _ suite: Suite, confirmedTranscriptHash: [UInt8]) -> Bool {
    suite.isValidMAC(tag, key: confirmationKey, confirmedTranscriptHash)
  }

  package func encode(to encoder: inout TLSEncoder) {
    for secret in [
      senderData, exporter, external, confirmationKey, membershipKey, resumptionPSK, epochAuthenticator, initSecret,
    ] { encoder.write(sealing: secret) }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    senderData = try decoder.readSecret()
    exporter = try decoder.readSecret()
    external = try decoder.readSecret()
    confirmationKey = try decoder.readSecret()
    membershipKey = try decoder.readSecret()
    resumptionPSK = try decoder.readSecret()
    epochAuthenticator = try decoder.readSecret()
    initSecret = try decoder.readSecret()
  }
}

extension TLSEncoder {
  /// Writes a secret into state that the caller seals, or into a plaintext that is about to be encrypted.
  package mutating func write(sealing secret: Secret) {
    secret.withUnsafeBytes { write(opaque: $0) }
  }
}

extension TLSDecoder {
  package mutating func readSecret() throws(TLSPresentationError) -> Secret {
    Secret(wiping: try readOpaque())
  }
}

extension EpochSecrets {
  /// These without all that leads further than to the messages of this epoch.
  package var forLateMessagesOnly: EpochSecrets { EpochSecrets(senderDataOnly: senderData) }

  private init(senderDataOnly: Secret) {
    senderData = senderDataOnly
    let none = Secret([])
    (exporter, external, confirmationKey, membershipKey) = (none, none, none, none)
    (resumptionPSK, epochAuthenticator, initSecret) = (none, none, none)
  }
}
