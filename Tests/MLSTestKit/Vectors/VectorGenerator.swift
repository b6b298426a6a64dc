package import Foundation
package import MLS

/// Makes vectors of one suite in the MLS working group's formats, all from one seed. What HPKE encrypts has an ephemeral
/// key that swift-crypto draws by itself: files with such ciphertexts are not the same twice, the others are.
package struct VectorGenerator {
  let suite: Suite
  let seed: String

  package init(_ cipherSuite: CipherSuite, seed: String = "Liaison vectors 1") throws {
    suite = try Suite(cipherSuite)
    self.seed = seed
  }

  var cipherSuite: CipherSuite { suite.cipherSuite }

  /// The files that are the same whenever they are made.
  package func reproducibleFiles() throws -> [String: Data] {
    [
      "key-schedule.json": try json([keySchedule(random("key-schedule"))]),
      "message-protection.json": try json([messageProtection(random("message-protection"))]),
      "psk_secret.json": try json((0..<4).map { try pskSecret(count: $0, random("psk \($0)")) }),
      "secret-tree.json": try json([1, 5].map { try secretTree(leaves: $0, random("secret-tree \($0)")) }),
      "transcript-hashes.json": try json([transcriptHashes(random("transcript-hashes"))]),
      "tree-operations.json": try json(treeOperations(random("tree-operations"))),
      "tree-validation.json": try json(treeValidation(random("tree-validation"))),
    ]
  }

  /// The files that hold HPKE ciphertexts.
  package func freshFiles() throws -> [String: Data] {
    [
      "crypto-basics.json": try json([cryptoBasics(random("crypto-basics"))]),
      "treekem.json": try json(treeKEM(random("treekem"))),
      "welcome.json": try json([welcome(random("welcome"))]),
      "messages.json": try json([messages(random("messages"))]),
      "passive-client-welcome.json": try json(passiveWelcomes(random("passive-client-welcome"))),
      "passive-client-handling-commit.json": try json(passiveCommits(random("passive-client-handling-commit"))),
      "passive-client-random.json": try json([passiveHistory(random("passive-client-random"))]),
    ]
  }

  private func random(_ name: String) -> RandomSource { .seeded("\(seed), \(cipherSuite), \(name)") }

  private func json(_ cases: [some Encodable]) throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(cases) + Data("\n".utf8)
  }
}
