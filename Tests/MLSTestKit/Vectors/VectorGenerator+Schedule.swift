import MLS
import TLSPresentation

extension VectorGenerator {
  func cryptoBasics(_ random: RandomSource) throws -> CryptoBasicsVector {
    let (value, secret, context) = (random.bytes(40), random.secret(suite.hashLength), random.bytes(24))
    let key = try SignaturePrivateKey.generate(cipherSuite, random: random)
    let pair = try suite.generateKeyPair(random)
    let plaintext = random.bytes(32)
    let ciphertext = try suite.encryptWithLabel(pair.publicKey, "EncryptWithLabel", context: context, plaintext)
    return CryptoBasicsVector(
      cipherSuite: cipherSuite.rawValue,
      refHash: .init(
        label: "RefHash", value: Hex(value), out: Hex(suite.refHash(label: "RefHash", value).bytes)),
      expandWithLabel: .init(
        secret: Hex(secret), label: "ExpandWithLabel", context: Hex(context), length: 17,
        out: Hex(suite.expandWithLabel(secret, "ExpandWithLabel", context: context, length: 17))),
      deriveSecret: .init(
        secret: Hex(secret), label: "DeriveSecret", out: Hex(suite.deriveSecret(secret, "DeriveSecret"))),
      deriveTreeSecret: .init(
        secret: Hex(secret), label: "DeriveTreeSecret", generation: 0x0102_0304, length: 20,
        out: Hex(suite.deriveTreeSecret(secret, "DeriveTreeSecret", generation: 0x0102_0304, length: 20))),
      signWithLabel: .init(
        priv: Hex(key.rawRepresentation), pub: Hex(key.publicKey.bytes), content: Hex(value), label: "SignWithLabel",
        signature: Hex(try key.signWithLabel("SignWithLabel", value))),
      encryptWithLabel: .init(
        priv: Hex(pair.privateKey.secret), pub: Hex(pair.publicKey.bytes), label: "EncryptWithLabel",
        context: Hex(context), plaintext: Hex(plaintext), kemOutput: Hex(ciphertext.kemOutput),
        ciphertext: Hex(ciphertext.ciphertext)))
  }

  func secretTree(leaves: Int, _ random: RandomSource) throws -> SecretTreeVector {
    let (senderDataSecret, ciphertext) = (random.secret(suite.hashLength), random.bytes(77))
    let senderKey = PrivateMessage.senderDataKey(suite, senderDataSecret, ciphertext: ciphertext)
    let encryptionSecret = random.secret(suite.hashLength)
    var tree = SecretTree(encryptionSecret: encryptionSecret, leafCount: leaves)
    let limits = RatchetLimits(outOfOrderMax: 100, forwardDistanceMax: 100)
    let generations = try (0..<leaves).map { leaf in
      try [0, 1, 15].map { (generation: UInt32) in
        let leaf = LeafIndex(UInt32(leaf))
        let handshake = try tree.take(leaf, .handshake, generation: generation, suite, limits)
        let application = try tree.take(leaf, .application, generation: generation, suite, limits)
        return SecretTreeVector.Generation(
          generation: generation, handshakeKey: Hex(handshake.key), handshakeNonce: Hex(handshake.nonce),
          applicationKey: Hex(application.key), applicationNonce: Hex(application.nonce))
      }
    }
    return SecretTreeVector(
      cipherSuite: cipherSuite.rawValue,
      senderData: .init(
        senderDataSecret: Hex(senderDataSecret), ciphertext: Hex(ciphertext), key: Hex(senderKey.key),
        nonce: Hex(senderKey.nonce)),
      encryptionSecret: Hex(encryptionSecret), leaves: generations)
  }

  func keySchedule(_ random: RandomSource) throws -> KeyScheduleVector {
    let (groupID, first) = (random.bytes(suite.hashLength), random.secret(suite.hashLength))
    var initSecret = first
    let epochs = try (0..<5).map { number in
      let context = GroupContext(
        cipherSuite: cipherSuite, groupID: groupID, epoch: UInt64(number), treeHash: random.bytes(suite.hashLength),
        confirmedTranscriptHash: random.bytes(suite.hashLength), extensions: [])
      let (commitSecret, pskSecret) = (random.secret(suite.hashLength), random.secret(suite.hashLength))
      let schedule = KeySchedule(
        suite, initSecret: initSecret, commitSecret: commitSecret, pskSecret: pskSecret, context: context)
      let secrets = schedule.secrets
      initSecret = secrets.initSecret
      let exporterContext = random.bytes(32)
      return KeyScheduleVector.Epoch(
        treeHash: Hex(context.treeHash), commitSecret: Hex(commitSecret), pskSecret: Hex(pskSecret),
        confirmedTranscriptHash: Hex(context.confirmedTranscriptHash), groupContext: Hex(context.tlsEncoded),
        joinerSecret: Hex(schedule.joinerSecret), welcomeSecret: Hex(schedule.welcomeSecret),
        initSecret: Hex(secrets.initSecret), senderDataSecret: Hex(secrets.senderData),
        encryptionSecret: Hex(schedule.encryptionSecret), exporterSecret: Hex(secrets.exporter),
        epochAuthenticator: Hex(secrets.epochAuthenticator), externalSecret: Hex(secrets.external),
        confirmationKey: Hex(secrets.confirmationKey), membershipKey: Hex(secrets.membershipKey),
        resumptionPsk: Hex(secrets.resumptionPSK),
        externalPub: Hex(try secrets.externalKeyPair(suite).publicKey.bytes),
        exporter: .init(
          label: "exporter \(number)", context: Hex(exporterContext), length: 48,
          secret: Hex(
            secrets.export(suite, label: "exporter \(number)", context: exporterContext, length: 48))))
    }
    return KeyScheduleVector(
      cipherSuite: cipherSuite.rawValue, groupId: Hex(groupID), initialInitSecret: Hex(first), epochs: epochs)
  }

  func pskSecret(count: Int, _ random: RandomSource) throws -> PSKSecretVector {
    let psks = (0..<count).map { _ in
      PSKSecretVector.PSK(
        pskId: Hex(random.bytes(16)), psk: Hex(random.bytes(32)), pskNonce: Hex(random.bytes(suite.hashLength)))
    }
    var available = PreSharedKeys()
    for psk in psks { available[.external(id: psk.pskId.bytes)] = psk.psk.secret }
    let ids = psks.map { PreSharedKeyID(kind: .external(id: $0.pskId.bytes), nonce: $0.pskNonce.bytes) }
    return PSKSecretVector(
      cipherSuite: cipherSuite.rawValue, psks: psks, pskSecret: Hex(try available.pskSecret(suite, ids)))
  }

  func transcriptHashes(_ random: RandomSource) throws -> TranscriptHashVector {
    let key = try SignaturePrivateKey.generate(cipherSuite, random: random)
    let (confirmationKey, before) = (random.secret(suite.hashLength), random.bytes(suite.hashLength))
    let content = FramedContent(
      groupID: random.bytes(32), epoch: 7, sender: .member(2), authenticatedData: random.bytes(8),
      body: .commit(Commit(proposals: [.proposal(.remove(3))], path: nil)))
    var commit = try AuthenticatedContent(signing: content, wireFormat: .publicMessage, context: nil, with: key)
    let confirmed = TranscriptHash.confirmed(suite, interimBefore: before, commit)
    let tag = suite.mac(key: confirmationKey, confirmed)
    commit.auth.confirmationTag = tag
    return TranscriptHashVector(
      cipherSuite: cipherSuite.rawValue, confirmationKey: Hex(confirmationKey),
      authenticatedContent: Hex(commit.tlsEncoded), interimTranscriptHashBefore: Hex(before),
      confirmedTranscriptHashAfter: Hex(confirmed),
      interimTranscriptHashAfter: Hex(TranscriptHash.interim(suite, confirmed: confirmed, confirmationTag: tag)))
  }

  func messageProtection(_ random: RandomSource) throws -> MessageProtectionVector {
    let key = try SignaturePrivateKey.generate(cipherSuite, random: random)
    let context = GroupContext(
      cipherSuite: cipherSuite, groupID: random.bytes(32), epoch: 0x0102_0304, treeHash: random.bytes(suite.hashLength),
      confirmedTranscriptHash: random.bytes(suite.hashLength), extensions: [])
    let encryptionSecret = random.secret(suite.hashLength)
    let (senderData, membershipKey) = (random.secret(suite.hashLength), random.secret(suite.hashLength))
    let (proposal, commit) = (Proposal.remove(1), Commit(proposals: [.proposal(.remove(0))], path: nil))
    let application = random.bytes(50)
    let tag = random.bytes(suite.hashLength)

    func signed(_ body: FramedContent.Body, _ format: WireFormat) throws -> AuthenticatedContent {
      let content = FramedContent(
        groupID: context.groupID, epoch: context.epoch, sender: .member(1), authenticatedData: [1, 2], body: body)
      var result = try AuthenticatedContent(signing: content, wireFormat: format, context: context, with: key)
      if body.type == .commit { result.auth.confirmationTag = tag }
      return result
    }
    func inClear(_ body: FramedContent.Body) throws -> Hex {
      let message = try PublicMessage(
        protecting: signed(body, .publicMessage), suite, membershipKey: membershipKey, context: context)
      return Hex(MLSMessage.publicMessage(message).tlsEncoded)
    }
    func encrypted(_ body: FramedContent.Body) throws -> Hex {
      var tree = SecretTree(encryptionSecret: encryptionSecret, leafCount: 2)
      let message = try PrivateMessage(
        protecting: signed(body, .privateMessage), suite, senderDataSecret: senderData, secretTree: &tree,
        padding: .padme, random: random)
      return Hex(MLSMessage.privateMessage(message).tlsEncoded)
    }
    return MessageProtectionVector(
      cipherSuite: cipherSuite.rawValue, groupId: Hex(context.groupID), epoch: context.epoch,
      treeHash: Hex(context.treeHash), confirmedTranscriptHash: Hex(context.confirmedTranscriptHash),
      signaturePriv: Hex(key.rawRepresentation), signaturePub: Hex(key.publicKey.bytes),
      encryptionSecret: Hex(encryptionSecret), senderDataSecret: Hex(senderData), membershipKey: Hex(membershipKey),
      proposal: Hex(proposal.tlsEncoded), proposalPriv: try encrypted(.proposal(proposal)),
      proposalPub: try inClear(.proposal(proposal)), commit: Hex(commit.tlsEncoded),
      commitPriv: try encrypted(.commit(commit)), commitPub: try inClear(.commit(commit)),
      application: Hex(application), applicationPriv: try encrypted(.application(application)))
  }
}
