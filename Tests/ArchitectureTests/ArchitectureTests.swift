import Foundation
import TestKit
import Testing

@Suite("Architecture")
struct ArchitectureTests {
  private var sources: URL { Checkout.root.appendingPathComponent("Sources", isDirectory: true) }

  @Test("Every source file keeps the rules")
  func sourcesKeepTheRules() throws {
    let files = Vectors.files(in: sources, withExtension: "swift")
    // An empty search would pass without having looked.
    #expect(files.count > 50)
    for file in files {
      let path = String(file.standardizedFileURL.path.dropFirst(sources.standardizedFileURL.path.count + 1))
      let text = try String(contentsOf: file, encoding: .utf8)
      for violation in SourceRules.violations(path: path, text: text) {
        Issue.record("\(violation)")
      }
    }
  }

  @Test("The table of imports points down only")
  func tableHasNoCycles() {
    let own = Set(AllowedImports.table.map(\.module))
    #expect(own.count == AllowedImports.table.count)
    var below: Set<String> = []
    for (module, imports) in AllowedImports.table {
      #expect(imports.intersection(own).isSubset(of: below), "\(module)")
      below.insert(module)
    }
  }

  @Test("Every module of the package stands in the table")
  func everyModule() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: sources.path)
    let modules = folders.filter { !$0.hasPrefix(".") && !["CSodium", "CQREncode"].contains($0) }
    #expect(Set(modules).isSubset(of: AllowedImports.table.map(\.module)))
  }
}

@Suite("Source rules")
struct SourceRulesTests {
  private func rules(_ path: String, _ text: String) -> [SourceRules.Violation.Rule] {
    SourceRules.violations(path: path, text: text).map(\.rule)
  }

  @Test("A file that keeps the rules is accepted")
  func accepted() {
    let text = """
      /// It would import GRDB if it could.
      public import TLSPresentation
      internal import struct Crypto.SHA256
      @preconcurrency internal import Foundation
      // import SQLite
      let imports = try? has!(a)
      """
    #expect(rules("MLS/Tree/Node.swift", text) == [])
  }

  @Test(
    "An import that the table does not allow is refused",
    arguments: [
      ("TLSPresentation/A.swift", "internal import Crypto"), ("MLS/A.swift", "internal import LiaisonModel"),
      ("LiaisonModel/A.swift", "public import LiaisonNode"), ("LiaisonNode/A.swift", "internal import GRDB"),
      ("MerkleLog/A.swift", "internal import struct Foundation.Data"),
      ("liaisonctl/main.swift", "  internal import LiaisonClient"),
      ("LiaisonStore/A.swift", "@preconcurrency internal import NIOSSL"),
    ])
  func importNotAllowed(path: String, text: String) {
    #expect(rules(path, "\n" + text + "\n") == [.importNotAllowed])
  }

  @Test("An import without its access level is refused")
  func access() {
    #expect(rules("MLS/A.swift", "import Crypto") == [.importWithoutAccess])
    #expect(rules("MLS/A.swift", "@preconcurrency import Crypto") == [.importWithoutAccess])
    #expect(rules("MLS/A.swift", "@testable internal import Crypto") == [.importAttribute])
    #expect(rules("MLS/A.swift", "@_exported public import Crypto") == [.importAttribute])
  }

  @Test("Foundation in the public interface of a general-purpose library is refused")
  func foundation() {
    #expect(rules("MLS/A.swift", "public import Foundation") == [.foundationInPublic])
    #expect(rules("MLS/A.swift", "internal import Foundation") == [])
    #expect(rules("LiaisonClient/A.swift", "public import Foundation") == [])
  }

  @Test(
    "Traps and unfinished work are refused",
    arguments: [
      ("let a = try! b()", .mayTrap), ("let a = b as! C", .mayTrap), ("  fatalError(\"never\")", .mayTrap),
      ("// TODO: finish", .unfinished), ("/* FIXME */", .unfinished),
    ] as [(String, SourceRules.Violation.Rule)])
  func tokens(line: String, rule: SourceRules.Violation.Rule) {
    #expect(SourceRules.violations(path: "MLS/A.swift", text: "\n" + line).map(\.line) == [2])
    #expect(rules("MLS/A.swift", line) == [rule])
  }

  @Test("A file of more than 700 lines is refused unless it was generated")
  func length() {
    let text = String(repeating: "\n", count: 700)
    #expect(rules("MLS/A.swift", text) == [])
    #expect(rules("MLS/A.swift", text + "\n") == [.tooLong])
    #expect(rules("MLS/A.swift", text + "// end") == [.tooLong])
    #expect(rules("LiaisonProtocol/Generated/link.pb.swift", text + "\n") == [])
    #expect(rules("LiaisonProtocol/Generated/more.swift", text + "\n") == [.tooLong])
  }

  @Test("A module that stands in no table is refused")
  func unknownModule() {
    #expect(rules("Sidedoor/A.swift", "internal import Crypto") == [.unknownModule])
  }
}
