import Foundation
import MLS
import MLSTestKit
import TestKit
import Testing

/// The default suite is in nobody else's vectors. `make vectors` makes these, in the same formats, and the code that reads
/// the working group's reads them.
@Suite("Own vectors of the default suite")
struct OwnVectors {
  static let folder = Checkout.root.appendingPathComponent("Tests/MLSTests/Fixtures/0xF04E")

  private func load<Case: Decodable>(_ name: String, expecting count: Int, of _: Case.Type = Case.self) throws -> [Case]
  {
    let cases: [Case] = try Vectors.load(Self.folder.appendingPathComponent(name))
    try #require(cases.count == count, "\(name): \(cases.count) cases")
    print("vectors: own \(name), \(CipherSuite.default): \(count)")
    return cases
  }

  @Test("basic functions") func cryptoBasics() throws {
    for test in try load("crypto-basics.json", expecting: 1, of: CryptoBasicsVector.self) {
      try CryptoBasicsVectors().check(test)
    }
  }

  @Test("keys of all leaves") func secretTree() throws {
    for test in try load("secret-tree.json", expecting: 2, of: SecretTreeVector.self) {
      try SecretTreeVectors().check(test)
    }
  }

  @Test("secrets of all epochs") func keySchedule() throws {
    for test in try load("key-schedule.json", expecting: 1, of: KeyScheduleVector.self) {
      try KeyScheduleVectors().check(test)
    }
  }

  @Test("the secret of a list of PSKs") func pskSecret() throws {
    for test in try load("psk_secret.json", expecting: 4, of: PSKSecretVector.self) {
      try PSKSecretVectors().check(test)
    }
  }

  @Test("transcript hashes and the confirmation tag") func transcriptHashes() throws {
    for test in try load("transcript-hashes.json", expecting: 1, of: TranscriptHashVector.self) {
      try TranscriptHashVectors().check(test)
    }
  }

  @Test("public and private messages") func messageProtection() throws {
    for test in try load("message-protection.json", expecting: 1, of: MessageProtectionVector.self) {
      try MessageProtectionVectors().check(test)
    }
  }

  @Test("add, update and remove") func treeOperations() throws {
    for test in try load("tree-operations.json", expecting: 5, of: TreeOperationVector.self) {
      try TreeOperationVectors().check(test)
    }
  }

  @Test("resolutions, tree hashes, parent hashes, signatures") func treeValidation() throws {
    for test in try load("tree-validation.json", expecting: 6, of: TreeValidationVector.self) {
      try TreeValidationVectors().check(test)
    }
  }

  @Test("update paths, received and made") func treeKEM() throws {
    for test in try load("treekem.json", expecting: 3, of: TreeKEMVector.self) { try TreeKEMVectors().check(test) }
  }

  @Test("decrypting a Welcome") func welcome() throws {
    for test in try load("welcome.json", expecting: 1, of: WelcomeVector.self) { try WelcomeVectors().check(test) }
  }

  @Test("every structure decodes and encodes to the same bytes") func messages() throws {
    for test in try load("messages.json", expecting: 1, of: MessagesVector.self) { try MessagesVectors().check(test) }
  }

  @Test(
    "passive clients",
    arguments: [
      ("passive-client-welcome.json", 3), ("passive-client-handling-commit.json", 10),
      ("passive-client-random.json", 1),
    ])
  func passiveClients(name: String, count: Int) throws {
    for test in try load(name, expecting: count, of: PassiveClientVector.self) {
      try PassiveClientVectors().check(test)
    }
  }

  @Test("the command makes the same bytes, of all that HPKE does not encrypt") func reproducible() throws {
    let generator = try VectorGenerator(.default)
    for (name, data) in try generator.reproducibleFiles() {
      #expect(try Data(contentsOf: Self.folder.appendingPathComponent(name)) == data, "\(name)")
    }
    let other = try VectorGenerator(.default, seed: "another").reproducibleFiles()
    #expect(try other["key-schedule.json"] != generator.reproducibleFiles()["key-schedule.json"])
  }

  @Test("what the command makes anew holds too, and has the committed files' names") func fresh() throws {
    let generator = try VectorGenerator(.default)
    let files = try generator.freshFiles()
    let committed = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    #expect(try Set(files.keys).union(generator.reproducibleFiles().keys) == Set(committed))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let welcomes = try decoder.decode([WelcomeVector].self, from: #require(files["welcome.json"]))
    for test in welcomes { try WelcomeVectors().check(test) }
    let trees = try decoder.decode([TreeKEMVector].self, from: #require(files["treekem.json"]))
    for test in trees { try TreeKEMVectors().check(test) }
    let history = try decoder.decode([PassiveClientVector].self, from: #require(files["passive-client-random.json"]))
    for test in history { try PassiveClientVectors().check(test) }
  }
}
