package struct WelcomeVector: SuiteVector {
  package let cipherSuite: UInt16
  package let initPriv, signerPub, keyPackage, welcome: Hex
}

package struct MessagesVector: Codable, Sendable {
  package let mlsWelcome, mlsGroupInfo, mlsKeyPackage, ratchetTree, groupSecrets: Hex
  package let addProposal, updateProposal, removeProposal, preSharedKeyProposal, reInitProposal: Hex
  package let externalInitProposal, groupContextExtensionsProposal, commit: Hex
  package let publicMessageApplication, publicMessageProposal, publicMessageCommit, privateMessage: Hex
}

package struct PassiveClientVector: SuiteVector {
  package struct PSK: Codable, Sendable {
    package let pskId, psk: Hex
  }
  package struct Epoch: Codable, Sendable {
    package let proposals: [Hex]
    package let commit, epochAuthenticator: Hex
  }
  package let cipherSuite: UInt16
  package let externalPsks: [PSK]
  package let keyPackage, signaturePriv, encryptionPriv, initPriv, welcome: Hex
  package let ratchetTree: Hex?
  package let initialEpochAuthenticator: Hex
  package var epochs: [Epoch]

  /// By hand, since the format writes an absent tree as null.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(cipherSuite, forKey: .cipherSuite)
    try container.encode(externalPsks, forKey: .externalPsks)
    try container.encode(keyPackage, forKey: .keyPackage)
    try container.encode(signaturePriv, forKey: .signaturePriv)
    try container.encode(encryptionPriv, forKey: .encryptionPriv)
    try container.encode(initPriv, forKey: .initPriv)
    try container.encode(welcome, forKey: .welcome)
    try container.encode(ratchetTree, forKey: .ratchetTree)
    try container.encode(initialEpochAuthenticator, forKey: .initialEpochAuthenticator)
    try container.encode(epochs, forKey: .epochs)
  }
}
