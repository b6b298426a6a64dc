import MLS
import MLSTestKit
import TLSPresentation
import TestKit
import Testing

@Suite("Vectors: tree-math.json", .enabled(if: Vectors.exist("mls/tree-math.json"), "vectors are absent"))
struct TreeMathVectors {
  struct Case: Decodable {
    let nLeaves, nNodes, root: Int
    let left, right, parent, sibling: [Int?]
  }

  @Test("relations of nodes") func relations() throws {
    let cases = try Vectors.load("mls/tree-math.json", of: Case.self)
    #expect(cases.count == 10)
    for test in cases {
      let shape = TreeShape(holding: test.nLeaves)
      #expect(shape.leafCount == test.nLeaves)
      #expect(shape.nodeCount == test.nNodes)
      #expect(shape.root.value == test.root)
      let nodes = (0..<test.nNodes).map { NodeIndex($0) }
      #expect(nodes.map { $0.left?.value } == test.left)
      #expect(nodes.map { $0.right?.value } == test.right)
      #expect(nodes.map { shape.parent(of: $0)?.value } == test.parent)
      #expect(nodes.map { shape.sibling(of: $0)?.value } == test.sibling)
    }
  }
}

@Suite("Vectors: deserialization.json", .enabled(if: Vectors.exist("mls/deserialization.json"), "vectors are absent"))
struct DeserializationVectors {
  struct Case: Decodable {
    let vlbytesHeader: Hex
    let length: Int
  }

  @Test("lengths of vectors") func lengths() throws {
    let cases = try Vectors.load("mls/deserialization.json", of: Case.self)
    #expect(cases.count == 14)
    for test in cases {
      var encoder = TLSEncoder()
      let content = [UInt8](repeating: 7, count: test.length)
      encoder.write(opaque: content)
      #expect(Array(encoder.bytes.prefix(test.vlbytesHeader.bytes.count)) == test.vlbytesHeader.bytes)
      var decoder = TLSDecoder(test.vlbytesHeader.bytes + content)
      #expect(try decoder.readOpaque().count == test.length)
      #expect(decoder.isAtEnd)
    }
  }
}

@Suite("Vectors: crypto-basics.json", .enabled(if: Vectors.exist("mls/crypto-basics.json"), "vectors are absent"))
struct CryptoBasicsVectors {
  typealias Case = CryptoBasicsVector

  @Test("basic functions", arguments: Vectors.suites) func basics(_ cipherSuite: CipherSuite) throws {
    for test in try Vectors.load("mls/crypto-basics.json", cipherSuite, expecting: 1, of: Case.self) {
      try check(test)
    }
  }

  func check(_ test: Case) throws {
    let cipherSuite = CipherSuite(rawValue: test.cipherSuite)
    let suite = try Suite(cipherSuite)
    #expect(suite.refHash(label: test.refHash.label, test.refHash.value.bytes).bytes == test.refHash.out.bytes)
    let expand = test.expandWithLabel
    #expect(
      suite.expandWithLabel(
        expand.secret.secret, expand.label, context: expand.context.bytes, length: expand.length
      ).exposedBytes == expand.out.bytes)
    let derive = test.deriveSecret
    #expect(suite.deriveSecret(derive.secret.secret, derive.label).exposedBytes == derive.out.bytes)
    let tree = test.deriveTreeSecret
    #expect(
      suite.deriveTreeSecret(
        tree.secret.secret, tree.label, generation: tree.generation, length: tree.length
      ).exposedBytes == tree.out.bytes)

    let sign = test.signWithLabel
    let key = try SignaturePrivateKey(cipherSuite: cipherSuite, rawRepresentation: sign.priv.bytes)
    #expect(key.publicKey.bytes == sign.pub.bytes)
    let made = try key.signWithLabel(sign.label, sign.content.bytes)
    #expect(suite.verifyWithLabel(key.publicKey, sign.label, sign.content.bytes, sign.signature.bytes))
    #expect(suite.verifyWithLabel(key.publicKey, sign.label, sign.content.bytes, made))
    #expect(!suite.verifyWithLabel(key.publicKey, sign.label + "x", sign.content.bytes, sign.signature.bytes))
    #expect(!suite.verifyWithLabel(key.publicKey, sign.label, sign.content.bytes + [0], sign.signature.bytes))

    let encrypt = test.encryptWithLabel
    let privateKey = HPKEPrivateKey(secret: encrypt.priv.secret)
    let publicKey = HPKEPublicKey(bytes: encrypt.pub.bytes)
    #expect(try suite.publicKey(of: privateKey) == publicKey)
    let given = HPKECiphertext(kemOutput: encrypt.kemOutput.bytes, ciphertext: encrypt.ciphertext.bytes)
    let mine = try suite.encryptWithLabel(
      publicKey, encrypt.label, context: encrypt.context.bytes, encrypt.plaintext.bytes)
    for ciphertext in [given, mine] {
      let plaintext = try suite.decryptWithLabel(
        privateKey, encrypt.label, context: encrypt.context.bytes, ciphertext)
      #expect(plaintext.exposedBytes == encrypt.plaintext.bytes)
    }
    #expect(throws: MLSError.decryptionFailed) {
      try suite.decryptWithLabel(privateKey, encrypt.label, context: [1], given)
    }
  }

  @Test("suites 4 and 6 are refused by name", arguments: [4, 6] as [UInt16]) func unsupported(_ value: UInt16) {
    let cipherSuite = CipherSuite(rawValue: value)
    #expect(throws: MLSError.unsupportedCipherSuite(cipherSuite)) { try Suite(cipherSuite) }
    #expect(!cipherSuite.isSupported)
    #expect(cipherSuite.name.contains("X448"))
  }
}

@Suite("Vectors: rfc9180.json", .enabled(if: Vectors.exist("hpke/rfc9180.json"), "vectors are absent"))
struct HPKEVectors {
  struct Case: Decodable {
    struct Encryption: Decodable {
      let aad, ct, nonce, pt: Hex
    }
    let mode, kemId, kdfId, aeadId: UInt16
    let info, ikmR, skRm, pkRm, enc: Hex
    let ikmE, skEm, pkEm: Hex?
    let encryptions: [Encryption]
  }

  /// The suite whose HPKE has these algorithms.
  private func suite(_ test: Case) -> CipherSuite? {
    switch (test.kemId, test.kdfId, test.aeadId) {
    case (0x20, 1, 1): .x25519AES128GCMSHA256Ed25519
    case (0x20, 1, 3): .x25519ChaCha20Poly1305SHA256Ed25519
    case (0x10, 1, 1): .p256AES128GCMSHA256P256
    case (0x12, 3, 2): .p521AES256GCMSHA512P521
    default: nil
    }
  }

  @Test("base mode: DeriveKeyPair and the first ciphertext") func base() throws {
    var counts: [CipherSuite: Int] = [:]
    for test in try Vectors.load("hpke/rfc9180.json", of: Case.self) where test.mode == 0 {
      guard let cipherSuite = suite(test), let first = test.encryptions.first else { continue }
      let suite = try Suite(cipherSuite)
      counts[cipherSuite, default: 0] += 1
      let pair = try suite.deriveKeyPair(test.ikmR.secret)
      #expect(pair.privateKey.secret.exposedBytes == test.skRm.bytes)
      #expect(pair.publicKey.bytes == test.pkRm.bytes)
      let ephemeral = try suite.deriveKeyPair(#require(test.ikmE).secret)
      #expect(ephemeral.publicKey.bytes == test.enc.bytes)
      let ciphertext = HPKECiphertext(kemOutput: test.enc.bytes, ciphertext: first.ct.bytes)
      let opened = try suite.open(
        ciphertext, pair.privateKey, info: test.info.bytes, authenticating: first.aad.bytes)
      #expect(opened.exposedBytes == first.pt.bytes)
      #expect(throws: MLSError.decryptionFailed) {
        try suite.open(ciphertext, pair.privateKey, info: test.info.bytes + [0], authenticating: first.aad.bytes)
      }
    }
    #expect(counts[.x25519AES128GCMSHA256Ed25519] == 1)
    #expect(counts[.x25519ChaCha20Poly1305SHA256Ed25519] == 1)
    #expect(counts[.p256AES128GCMSHA256P256] == 1)
    #expect(counts[.p521AES256GCMSHA512P521] == 1)
  }

  @Test("DeriveKeyPair of every vector of a supported KEM") func deriveKeyPair() throws {
    let suites: [UInt16: CipherSuite] = [
      0x20: .x25519AES128GCMSHA256Ed25519, 0x10: .p256AES128GCMSHA256P256, 0x11: .p384AES256GCMSHA384P384,
      0x12: .p521AES256GCMSHA512P521,
    ]
    var counts: [UInt16: Int] = [:]
    for test in try Vectors.load("hpke/rfc9180.json", of: Case.self) {
      guard let cipherSuite = suites[test.kemId] else { continue }
      counts[test.kemId, default: 0] += 1
      let pair = try Suite(cipherSuite).deriveKeyPair(test.ikmR.secret)
      #expect(pair.privateKey.secret.exposedBytes == test.skRm.bytes)
      #expect(pair.publicKey.bytes == test.pkRm.bytes)
    }
    #expect(counts[0x20, default: 0] > 0)
    #expect(counts[0x10, default: 0] > 0)
    #expect(counts[0x12, default: 0] > 0)
  }
}

@Suite("Vectors: xwing/test-vectors.json", .enabled(if: Vectors.exist("xwing/test-vectors.json"), "vectors are absent"))
struct XWingVectors {
  struct Case: Decodable {
    let sk, pk: Hex
  }

  @Test("public keys of seeds, through the library's own path") func publicKeys() throws {
    let suite = try Suite(.default)
    let cases = try Vectors.load("xwing/test-vectors.json", of: Case.self)
    #expect(cases.count == 3)
    for test in cases {
      let key = HPKEPrivateKey(secret: test.sk.secret)
      #expect(try suite.publicKey(of: key).bytes == test.pk.bytes)
      let ciphertext = try suite.encryptWithLabel(HPKEPublicKey(bytes: test.pk.bytes), "x", context: [1], [2, 3])
      #expect(ciphertext.kemOutput.count == 1120)
      #expect(try suite.decryptWithLabel(key, "x", context: [1], ciphertext).exposedBytes == [2, 3])
    }
  }

  @Test("a derived key pair is a function of its input") func derived() throws {
    let suite = try Suite(.default)
    let a = try suite.deriveKeyPair(Secret([UInt8](repeating: 1, count: 48)))
    let b = try suite.deriveKeyPair(Secret([UInt8](repeating: 1, count: 48)))
    let c = try suite.deriveKeyPair(Secret([UInt8](repeating: 2, count: 48)))
    #expect(a.publicKey == b.publicKey)
    #expect(a.publicKey != c.publicKey)
    #expect(a.publicKey.bytes.count == 1216)
    #expect(a.privateKey.secret.count == 32)
  }
}
