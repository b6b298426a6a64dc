package struct SecretTreeVector: SuiteVector {
  package struct SenderData: Codable, Sendable {
    package let senderDataSecret, ciphertext, key, nonce: Hex
  }
  package struct Generation: Codable, Sendable {
    package let generation: UInt32
    package let handshakeKey, handshakeNonce, applicationKey, applicationNonce: Hex
  }
  package let cipherSuite: UInt16
  package let senderData: SenderData
  package let encryptionSecret: Hex
  package let leaves: [[Generation]]
}

package struct KeyScheduleVector: SuiteVector {
  package struct Exporter: Codable, Sendable {
    package let label: String
    package let context: Hex
    package let length: Int
    package let secret: Hex
  }
  package struct Epoch: Codable, Sendable {
    package let treeHash, commitSecret, pskSecret, confirmedTranscriptHash, groupContext: Hex
    package let joinerSecret, welcomeSecret, initSecret, senderDataSecret, encryptionSecret, exporterSecret: Hex
    package let epochAuthenticator, externalSecret, confirmationKey, membershipKey, resumptionPsk, externalPub: Hex
    package let exporter: Exporter
  }
  package let cipherSuite: UInt16
  package let groupId, initialInitSecret: Hex
  package let epochs: [Epoch]
}

package struct PSKSecretVector: SuiteVector {
  package struct PSK: Codable, Sendable {
    package let pskId, psk, pskNonce: Hex
  }
  package let cipherSuite: UInt16
  package let psks: [PSK]
  package let pskSecret: Hex
}

package struct TranscriptHashVector: SuiteVector {
  package let cipherSuite: UInt16
  package let confirmationKey, authenticatedContent, interimTranscriptHashBefore: Hex
  package let confirmedTranscriptHashAfter, interimTranscriptHashAfter: Hex
}

package struct MessageProtectionVector: SuiteVector {
  package let cipherSuite: UInt16
  package let groupId: Hex
  package let epoch: UInt64
  package let treeHash, confirmedTranscriptHash, signaturePriv, signaturePub, encryptionSecret, senderDataSecret: Hex
  package let membershipKey, proposal, proposalPriv, proposalPub, commit, commitPriv, commitPub: Hex
  package let application, applicationPriv: Hex
}
