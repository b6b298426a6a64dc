import MLS
import MLSTestKit
import TLSPresentation
import TestKit
import Testing

@Suite("Vectors: welcome.json", .enabled(if: Vectors.exist("mls/welcome.json"), "vectors are absent"))
struct WelcomeVectors {
  typealias Case = WelcomeVector

  @Test("decrypting a Welcome", arguments: Vectors.suites) func welcome(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/welcome.json", cipherSuite, expecting: 1, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    guard case .keyPackage(let keyPackage) = try MLSMessage(test.keyPackage.bytes),
      case .welcome(let welcome) = try MLSMessage(test.welcome.bytes)
    else {
      Issue.record("messages of other kinds")
      return
    }
    let secrets = try welcome.groupSecrets(
      for: keyPackage.reference(), initKey: HPKEPrivateKey(secret: test.initPriv.secret))
    let pskSecret = try PreSharedKeys().pskSecret(suite, secrets.preSharedKeys)
    let groupInfo = try welcome.groupInfo(secrets, pskSecret: pskSecret)
    #expect(groupInfo.hasValidSignature(suite, key: SignaturePublicKey(bytes: test.signerPub.bytes)))
    #expect(!groupInfo.hasValidSignature(suite, key: keyPackage.leafNode.signatureKey))
    let schedule = KeySchedule(
      suite, joinerSecret: secrets.joinerSecret, pskSecret: pskSecret, context: groupInfo.groupContext)
    let tag = schedule.secrets.confirmationTag(
      suite, confirmedTranscriptHash: groupInfo.groupContext.confirmedTranscriptHash)
    #expect(tag == groupInfo.confirmationTag)
    #expect(throws: MLSError.invalid(.welcomeNotForKeyPackage)) {
      try welcome.groupSecrets(
        for: HashReference(bytes: [1]), initKey: HPKEPrivateKey(secret: test.initPriv.secret))
    }
  }
}

@Suite("Vectors: messages.json", .enabled(if: Vectors.exist("mls/messages.json"), "vectors are absent"))
struct MessagesVectors {
  typealias Case = MessagesVector

  @Test("every structure decodes and encodes to the same bytes") func messages() throws {
    let cases = try Vectors.load("mls/messages.json", of: Case.self)
    #expect(cases.count == 300)
    for test in cases { try check(test) }
  }

  func check(_ test: Case) throws {
    for message in [
      test.mlsWelcome, test.mlsGroupInfo, test.mlsKeyPackage, test.publicMessageApplication,
      test.publicMessageProposal, test.publicMessageCommit, test.privateMessage,
    ] { #expect(try MLSMessage(message.bytes).tlsEncoded == message.bytes) }
    #expect(try RatchetTree(tlsEncoded: test.ratchetTree.bytes).tlsEncoded == test.ratchetTree.bytes)
    #expect(try GroupSecrets(tlsEncoded: test.groupSecrets.bytes).tlsEncoded == test.groupSecrets.bytes)
    #expect(try Commit(tlsEncoded: test.commit.bytes).tlsEncoded == test.commit.bytes)
    let proposals: [(ProposalType, Hex)] = [
      (.add, test.addProposal), (.update, test.updateProposal), (.remove, test.removeProposal),
      (.psk, test.preSharedKeyProposal), (.reInit, test.reInitProposal),
      (.externalInit, test.externalInitProposal), (.groupContextExtensions, test.groupContextExtensionsProposal),
    ]
    for (type, body) in proposals {
      let bytes = type.tlsEncoded + body.bytes
      let proposal = try Proposal(tlsEncoded: bytes)
      #expect(proposal.type == type)
      #expect(proposal.tlsEncoded == bytes)
    }
  }
}

@Suite(
  "Vectors: passive-client-*.json", .enabled(if: Vectors.exist("mls/passive-client-welcome.json"), "vectors are absent")
)
struct PassiveClientVectors {
  typealias Case = PassiveClientVector

  @Test("joining by a Welcome", arguments: Vectors.suites) func welcome(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/passive-client-welcome.json", cipherSuite, expecting: 8, of: Case.self) {
      try check(test)
    }
  }

  @Test("handling commits", arguments: Vectors.suites) func commits(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/passive-client-handling-commit.json", cipherSuite, expecting: 13, of: Case.self) {
      try check(test)
    }
  }

  @Test("a random history of 200 epochs") func random() throws {
    let cases = try Vectors.load(
      "mls/passive-client-random.json", .x25519AES128GCMSHA256Ed25519, expecting: 1, of: Case.self)
    for test in cases {
      #expect(test.epochs.count == 200)
      try check(test)
    }
  }

  /// The vectors write P-521 keys without their leading zero bytes, which RFC 9180 §7.1.2 has.
  private func hpkeKey(_ bytes: Hex, _ cipherSuite: CipherSuite) -> HPKEPrivateKey {
    let length = cipherSuite == .p521AES256GCMSHA512P521 ? 66 : 0
    let zeros = [UInt8](repeating: 0, count: max(0, length - bytes.bytes.count))
    return HPKEPrivateKey(secret: Secret(zeros + bytes.bytes))
  }

  func check(_ test: Case) throws {
    let cipherSuite = CipherSuite(rawValue: test.cipherSuite)
    guard case .keyPackage(let keyPackage) = try MLSMessage(test.keyPackage.bytes),
      case .welcome(let welcome) = try MLSMessage(test.welcome.bytes)
    else {
      Issue.record("messages of other kinds")
      return
    }
    let bundle = try KeyPackageBundle(
      keyPackage: keyPackage, initKey: hpkeKey(test.initPriv, cipherSuite),
      encryptionKey: hpkeKey(test.encryptionPriv, cipherSuite))
    let signatureKey = try SignaturePrivateKey(
      cipherSuite: cipherSuite, rawRepresentation: test.signaturePriv.bytes)
    #expect(signatureKey.publicKey == keyPackage.leafNode.signatureKey)
    var psks = PreSharedKeys()
    for psk in test.externalPsks { psks[.external(id: psk.pskId.bytes)] = psk.psk.secret }
    var configuration = GroupConfiguration()
    configuration.leafLifetimeMax = .max
    let tree = try test.ratchetTree.map { try RatchetTree(tlsEncoded: $0.bytes) }
    var group = try Group.join(
      welcome, bundle: bundle, signatureKey: signatureKey, ratchetTree: tree, preSharedKeys: psks,
      configuration: configuration, authentication: AcceptAll(), now: 0)
    #expect(group.epochAuthenticator == test.initialEpochAuthenticator.bytes)
    for epoch in test.epochs {
      for proposal in epoch.proposals {
        _ = try group.process(MLSMessage(proposal.bytes), preSharedKeys: psks, authentication: AcceptAll(), now: 0)
      }
      let processed = try group.process(
        MLSMessage(epoch.commit.bytes), preSharedKeys: psks, authentication: AcceptAll(), now: 0)
      guard case .commit(let staged) = processed else {
        Issue.record("not a commit")
        return
      }
      try group.merge(staged)
      #expect(group.epochAuthenticator == epoch.epochAuthenticator.bytes)
    }
  }
}
