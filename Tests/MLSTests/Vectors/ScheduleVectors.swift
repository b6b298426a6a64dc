import MLS
import MLSTestKit
import TLSPresentation
import TestKit
import Testing

@Suite("Vectors: secret-tree.json", .enabled(if: Vectors.exist("mls/secret-tree.json"), "vectors are absent"))
struct SecretTreeVectors {
  typealias Case = SecretTreeVector

  @Test("keys of all leaves", arguments: Vectors.suites) func keys(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/secret-tree.json", cipherSuite, expecting: 3, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    let limits = RatchetLimits(outOfOrderMax: 100, forwardDistanceMax: 1000)
    let senderKey = PrivateMessage.senderDataKey(
      suite, test.senderData.senderDataSecret.secret, ciphertext: test.senderData.ciphertext.bytes)
    #expect(senderKey.key.exposedBytes == test.senderData.key.bytes)
    #expect(senderKey.nonce.exposedBytes == test.senderData.nonce.bytes)
    var tree = SecretTree(encryptionSecret: test.encryptionSecret.secret, leafCount: test.leaves.count)
    for (index, generations) in test.leaves.enumerated() {
      let leaf = LeafIndex(UInt32(index))
      // Backwards, so that the earlier ones come out of what was skipped.
      for generation in generations.reversed() {
        let handshake = try tree.take(leaf, .handshake, generation: generation.generation, suite, limits)
        #expect(handshake.key.exposedBytes == generation.handshakeKey.bytes)
        #expect(handshake.nonce.exposedBytes == generation.handshakeNonce.bytes)
        let application = try tree.take(leaf, .application, generation: generation.generation, suite, limits)
        #expect(application.key.exposedBytes == generation.applicationKey.bytes)
        #expect(application.nonce.exposedBytes == generation.applicationNonce.bytes)
        #expect(throws: MLSError.keyConsumed) {
          try tree.take(leaf, .application, generation: generation.generation, suite, limits)
        }
      }
    }
  }
}

@Suite("Vectors: key-schedule.json", .enabled(if: Vectors.exist("mls/key-schedule.json"), "vectors are absent"))
struct KeyScheduleVectors {
  typealias Case = KeyScheduleVector

  @Test("secrets of all epochs", arguments: Vectors.suites) func epochs(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/key-schedule.json", cipherSuite, expecting: 1, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let cipherSuite = CipherSuite(rawValue: test.cipherSuite)
    let suite = try Suite(cipherSuite)
    var initSecret = test.initialInitSecret.secret
    #expect(!test.epochs.isEmpty)
    for (number, epoch) in test.epochs.enumerated() {
      let context = GroupContext(
        cipherSuite: cipherSuite, groupID: test.groupId.bytes, epoch: UInt64(number),
        treeHash: epoch.treeHash.bytes, confirmedTranscriptHash: epoch.confirmedTranscriptHash.bytes, extensions: [])
      #expect(context.tlsEncoded == epoch.groupContext.bytes)
      let schedule = KeySchedule(
        suite, initSecret: initSecret, commitSecret: epoch.commitSecret.secret,
        pskSecret: epoch.pskSecret.secret, context: context)
      let joined = KeySchedule(
        suite, joinerSecret: schedule.joinerSecret, pskSecret: epoch.pskSecret.secret, context: context)
      #expect(joined.secrets == schedule.secrets)
      #expect(schedule.joinerSecret == epoch.joinerSecret.secret)
      #expect(schedule.welcomeSecret == epoch.welcomeSecret.secret)
      #expect(schedule.encryptionSecret == epoch.encryptionSecret.secret)
      let secrets = schedule.secrets
      #expect(secrets.initSecret == epoch.initSecret.secret)
      #expect(secrets.senderData == epoch.senderDataSecret.secret)
      #expect(secrets.exporter == epoch.exporterSecret.secret)
      #expect(secrets.epochAuthenticator == epoch.epochAuthenticator.secret)
      #expect(secrets.external == epoch.externalSecret.secret)
      #expect(secrets.confirmationKey == epoch.confirmationKey.secret)
      #expect(secrets.membershipKey == epoch.membershipKey.secret)
      #expect(secrets.resumptionPSK == epoch.resumptionPsk.secret)
      #expect(try secrets.externalKeyPair(suite).publicKey.bytes == epoch.externalPub.bytes)
      let exported = secrets.export(
        suite, label: epoch.exporter.label, context: epoch.exporter.context.bytes, length: epoch.exporter.length)
      #expect(exported == epoch.exporter.secret.secret)
      initSecret = secrets.initSecret
    }
  }
}

@Suite("Vectors: psk_secret.json", .enabled(if: Vectors.exist("mls/psk_secret.json"), "vectors are absent"))
struct PSKSecretVectors {
  typealias Case = PSKSecretVector

  @Test("the secret of a list of PSKs", arguments: Vectors.suites) func secret(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/psk_secret.json", cipherSuite, expecting: 11, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    var available = PreSharedKeys()
    for psk in test.psks { available[.external(id: psk.pskId.bytes)] = psk.psk.secret }
    let ids = test.psks.map { PreSharedKeyID(kind: .external(id: $0.pskId.bytes), nonce: $0.pskNonce.bytes) }
    #expect(try available.pskSecret(suite, ids) == test.pskSecret.secret)
    if let first = ids.first {
      #expect(throws: MLSError.missingPreSharedKey(first)) { try PreSharedKeys().pskSecret(suite, ids) }
    }
  }
}

@Suite(
  "Vectors: transcript-hashes.json", .enabled(if: Vectors.exist("mls/transcript-hashes.json"), "vectors are absent"))
struct TranscriptHashVectors {
  typealias Case = TranscriptHashVector

  @Test("hashes and the confirmation tag", arguments: Vectors.suites) func hashes(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/transcript-hashes.json", cipherSuite, expecting: 1, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    let content = try AuthenticatedContent(tlsEncoded: test.authenticatedContent.bytes)
    #expect(content.tlsEncoded == test.authenticatedContent.bytes)
    let confirmed = TranscriptHash.confirmed(
      suite, interimBefore: test.interimTranscriptHashBefore.bytes, content)
    #expect(confirmed == test.confirmedTranscriptHashAfter.bytes)
    let tag = try #require(content.auth.confirmationTag)
    #expect(suite.mac(key: test.confirmationKey.secret, confirmed) == tag)
    #expect(
      TranscriptHash.interim(suite, confirmed: confirmed, confirmationTag: tag)
        == test.interimTranscriptHashAfter.bytes)
  }
}

@Suite(
  "Vectors: message-protection.json", .enabled(if: Vectors.exist("mls/message-protection.json"), "vectors are absent"))
struct MessageProtectionVectors {
  typealias Case = MessageProtectionVector

  @Test("public and private messages", arguments: Vectors.suites) func protection(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/message-protection.json", cipherSuite, expecting: 1, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let suite = try Suite(CipherSuite(rawValue: test.cipherSuite))
    let context = GroupContext(
      cipherSuite: suite.cipherSuite, groupID: test.groupId.bytes, epoch: test.epoch, treeHash: test.treeHash.bytes,
      confirmedTranscriptHash: test.confirmedTranscriptHash.bytes, extensions: [])
    let key = try SignaturePrivateKey(cipherSuite: suite.cipherSuite, rawRepresentation: test.signaturePriv.bytes)
    #expect(key.publicKey.bytes == test.signaturePub.bytes)
    let membershipKey = test.membershipKey.secret
    let senderDataSecret = test.senderDataSecret.secret
    let limits = RatchetLimits(outOfOrderMax: 10, forwardDistanceMax: 10)
    let memberKey: (LeafIndex) -> SignaturePublicKey? = { $0 == 1 ? key.publicKey : nil }

    func unprotect(_ message: MLSMessage, _ tree: inout SecretTree) throws -> FramedContent.Body {
      switch message {
      case .publicMessage(let message):
        return try message.unprotect(suite, membershipKey: membershipKey, context: context)
          .verified(suite, context: context, memberKey: memberKey).content.body
      case .privateMessage(let message):
        let senderData = try message.senderData(suite, senderDataSecret: senderDataSecret)
        #expect(senderData.leafIndex == 1)
        let messageKey = try tree.take(
          1, RatchetKind(message.contentType), generation: senderData.generation, suite, limits)
        return try message.open(suite, senderData, key: messageKey)
          .verified(suite, context: context, memberKey: memberKey).content.body
      default: throw MLSError.unexpectedMessage
      }
    }
    func freshTree() -> SecretTree { SecretTree(encryptionSecret: test.encryptionSecret.secret, leafCount: 2) }
    func authenticated(_ body: FramedContent.Body, _ format: WireFormat) throws -> AuthenticatedContent {
      let content = FramedContent(
        groupID: test.groupId.bytes, epoch: test.epoch, sender: .member(1), authenticatedData: [9], body: body)
      var result = try AuthenticatedContent(signing: content, wireFormat: format, context: context, with: key)
      if body.type == .commit { result.auth.confirmationTag = [1, 2, 3] }
      return result
    }

    let proposal = FramedContent.Body.proposal(try Proposal(tlsEncoded: test.proposal.bytes))
    let commit = FramedContent.Body.commit(try Commit(tlsEncoded: test.commit.bytes))
    let application = FramedContent.Body.application(test.application.bytes)
    let given: [(FramedContent.Body, Hex)] = [
      (proposal, test.proposalPub), (proposal, test.proposalPriv), (commit, test.commitPub),
      (commit, test.commitPriv), (application, test.applicationPriv),
    ]
    for (body, bytes) in given {
      let message = try MLSMessage(bytes.bytes)
      #expect(message.tlsEncoded == bytes.bytes)
      var tree = freshTree()
      #expect(try unprotect(message, &tree) == body)
    }
    for body in [proposal, commit] {
      var tree = freshTree()
      let message = try PublicMessage(
        protecting: authenticated(body, .publicMessage), suite, membershipKey: membershipKey, context: context)
      #expect(try unprotect(.publicMessage(message), &tree) == body)
      #expect(throws: MLSError.invalid(.membershipTag)) {
        try message.unprotect(suite, membershipKey: Secret([1]), context: context)
      }
    }
    #expect(throws: MLSError.invalid(.applicationDataInPublicMessage)) {
      try PublicMessage(
        protecting: authenticated(application, .publicMessage), suite, membershipKey: membershipKey, context: context)
    }
    for body in [proposal, commit, application] {
      var (sending, receiving) = (freshTree(), freshTree())
      let message = try PrivateMessage(
        protecting: authenticated(body, .privateMessage), suite, senderDataSecret: senderDataSecret,
        secretTree: &sending, padding: .toMultiple(of: 64), random: .system)
      #expect(try unprotect(.privateMessage(message), &receiving) == body)
    }
  }
}
