import CommandKit
import Foundation
import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import Sodium
import TestKit
import Testing

@Suite("An administrator's profile") struct AdministratorProfileTests {
  private let folder: TemporaryDirectory
  private let profile: AdministratorProfile

  init() throws {
    folder = try TemporaryDirectory()
    profile = AdministratorProfile(folder.path("people/ana"))
  }

  private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

  private func create(_ passphrase: String?) throws -> Signed<AdministratorCard> {
    try profile.create(name: "Ana Arden", passphrase: passphrase.map(secret), parameters: .minimum)
  }

  private func open(_ passphrase: String?) throws -> SigningKey<AdministratorPurpose> {
    try profile.open { () throws(CommandError) in
      guard let passphrase else { throw CommandError(.usage, "asked") }
      return secret(passphrase)
    }
  }

  @Test("what is made opens with its passphrase and no other, and its card is the key's")
  func roundTrip() throws {
    let made = try create("right")
    #expect(try open("right").publicKey == made.content.key)
    #expect(try profile.readCard() == made)
    #expect(made.content.name == "Ana Arden")
    let error = #expect(throws: CommandError.self) { try open("wrong") }
    #expect(error?.status == .notPermitted)
    for name in try FileManager.default.contentsOfDirectory(atPath: profile.folder) {
      let attributes = try FileManager.default.attributesOfItem(atPath: profile.folder + "/" + name)
      #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
    }
  }

  @Test("without a passphrase none is asked")
  func clear() throws {
    let made = try create(nil)
    #expect(try open(nil).publicKey == made.content.key)
  }

  @Test("another passphrase replaces the old one, where the old one is known")
  func otherPassphrase() throws {
    let made = try create("old")
    func change(from old: String, to new: String?) throws {
      try profile.changePassphrase(
        from: { () throws(CommandError) in secret(old) }, to: { () throws(CommandError) in new.map(secret) },
        parameters: .minimum)
    }
    #expect(throws: CommandError.self) { try change(from: "guess", to: "new") }
    _ = try open("old")
    try change(from: "old", to: "new")
    #expect(throws: CommandError.self) { try open("old") }
    #expect(try open("new").publicKey == made.content.key)
    try change(from: "new", to: nil)
    #expect(try open(nil).publicKey == made.content.key)
  }

  @Test("a profile is never replaced, and one that is not there is named")
  func existing() throws {
    let missing = #expect(throws: CommandError.self) { try open("x") }
    #expect(missing?.status == .noInput)
    let made = try create(nil)
    let error = #expect(throws: CommandError.self) { try create(nil) }
    #expect(error?.status == .cannotCreate)
    #expect(try open(nil).publicKey == made.content.key)
    #expect(throws: ModelError.self) {
      try AdministratorProfile(folder.path("other")).create(name: "", passphrase: nil, parameters: .minimum)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["people"])
  }
}
