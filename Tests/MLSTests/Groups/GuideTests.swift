import Foundation
import MLS
import MLSTestKit
import TestKit
import Testing

/// Holds the library's guide, `Sources/MLS/MLS.docc`, against the code.
@Suite("The guide")
struct GuideTests {
  private static let guide = Checkout.root.appendingPathComponent("Sources/MLS/MLS.docc")

  @Test("its example is code that runs, word for word") func example() throws {
    let guide = try String(contentsOf: Self.guide.appendingPathComponent("MLS.md"), encoding: .utf8)
    let code = try #require(guide.components(separatedBy: "```swift\n").dropFirst().first)
      .components(separatedBy: "```")[0]
    let source = try String(contentsOf: URL(fileURLWithPath: #filePath), encoding: .utf8)
    let run = try #require(source.components(separatedBy: "    // The guide's example.\n").dropFirst().last)
      .components(separatedBy: "    // Its end.\n")[0]
    let unindented = run.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 }.joined(separator: "\n")
    #expect(code == unindented)
    #expect(try Self.run() == "Hello, Bob!")
  }

  private static func run() throws -> String {
    let now: UInt64 = 1_800_000_000
    // The guide's example.
    // Bob publishes a key package. He keeps the bundle, which holds its private keys.
    let bobKey = try SignaturePrivateKey.generate(.default)
    let bobBundle = try KeyPackageBundle.generate(
      cipherSuite: .default, credential: .basic(identity: Array("bob".utf8)), signatureKey: bobKey,
      lifetime: Lifetime(notBefore: now, notAfter: now + 30 * 86_400))

    // Alice makes a group, and commits adding him.
    var alice = try Group.create(
      groupID: Group.randomGroupID(.default), cipherSuite: .default,
      credential: .basic(identity: Array("alice".utf8)), signatureKey: .generate(.default),
      lifetime: Lifetime(notBefore: now, notAfter: now + 30 * 86_400), now: now)
    let output = try alice.commit(
      adding: [bobBundle.keyPackage], welcomeWithTree: true, authentication: Directory(), now: now)
    // Had the group more members, the delivery service would have to accept `output.commit` first.
    try alice.mergePendingCommit(now: now)

    // Bob joins by the Welcome.
    guard case .welcome(let welcome)? = output.welcome else { throw MLSError.unexpectedMessage }
    var bob = try Group.join(
      welcome, bundle: bobBundle, signatureKey: bobKey, authentication: Directory(), now: now)

    // Messages travel as bytes.
    let sent = try alice.encrypt(Array("Hello, Bob!".utf8), padding: .padme).tlsEncoded
    var text = ""
    switch try bob.process(MLSMessage(sent), authentication: Directory(), now: now) {
    case .application(let message): text = String(decoding: message.plaintext, as: UTF8.self)
    case .proposal: break
    case .commit(let staged): try bob.merge(staged)
    }
    // Its end.
    return text
  }

  /// One row of the table of rules.
  private struct Row {
    let number, name: String
    let places, tests: [String]

    init(_ line: Substring) throws {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      try #require(cells.count == 5, "\(line)")
      number = cells[0]
      name = cells[1].trimmingCharacters(in: ["`"])
      places = cells[3].components(separatedBy: ", ")
      tests = cells[4].components(separatedBy: ", ")
    }
  }

  /// The text of the Swift files of a folder, by their names.
  private func sources(_ path: String) throws -> [String: String] {
    let folder = Checkout.root.appendingPathComponent(path)
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
    let texts = try files.map { file in
      let url = folder.appendingPathComponent(file)
      return (url.deletingPathExtension().lastPathComponent, try String(contentsOf: url, encoding: .utf8))
    }
    return Dictionary(texts, uniquingKeysWith: +)
  }

  @Test("its table has every rule, with the places where it is checked and tested") func table() throws {
    let (code, tests) = (try sources("Sources/MLS"), try sources("Tests/MLSTests"))
    let article = try String(contentsOf: Self.guide.appendingPathComponent("ValidationRules.md"), encoding: .utf8)
    let rows = try article.split(separator: "\n").filter { $0.first == "|" }.dropFirst(2).map { try Row($0) }
    #expect(rows.map(\.number) == ValidationRule.allCases.map(\.rawValue))
    for (row, rule) in zip(rows, ValidationRule.allCases) {
      #expect(row.name == "\(rule)")
      let marked = code.filter { $0.value.contains("[val \(rule.rawValue)]") }.keys.sorted()
      #expect(row.places == marked, "\(rule)")
      #expect(code.values.contains { $0.contains(".invalid(.\(rule))") }, "\(rule) is never thrown")
      for file in row.tests {
        #expect(tests[file]?.contains(".\(rule)") == true, "\(rule) has no test in \(file)")
      }
    }
    let marks = code.values.flatMap { $0.matches(of: /\[val ([0-9.]+-[0-9]+)\]/).map { String($0.1) } }
    #expect(Set(marks) == Set(ValidationRule.allCases.map(\.rawValue)))
  }
}

/// The example's authentication service: who it does not know, it refuses.
private struct Directory: AuthenticationService {
  private static let members = ["alice", "bob"].map { Credential.basic(identity: Array($0.utf8)) }

  func validate(
    credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext
  ) throws(MLSError) {
    guard Self.members.contains(credential) else { throw .credentialRefused }
  }

  func validateSuccessor(old: Credential, new: Credential) throws(MLSError) {
    guard old == new else { throw .credentialRefused }
  }
}
