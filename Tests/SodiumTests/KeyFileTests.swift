import Foundation
import Sodium
import TestKit
import Testing

@Suite("Key file")
struct KeyFileTests {
  private let folder: TemporaryDirectory
  private let path: String
  private let passphrase = SecretBytes(copying: Array("correct horse battery staple".utf8))
  private let wrong = SecretBytes(copying: Array("correct horse battery stable".utf8))
  private let probe = Array("probe".utf8)

  init() throws {
    folder = try TemporaryDirectory()
    path = folder.path("store.key")
  }

  @Test("A key under a passphrase opens with it and with no other")
  func passphrases() throws {
    let key = try KeyFile.create(at: path, passphrase: passphrase, parameters: .minimum)
    #expect(try KeyFile.needsPassphrase(at: path))
    let sealed = key.seal(probe, context: [])
    #expect(try KeyFile.open(at: path, passphrase: passphrase).open(sealed, context: []) == probe)
    #expect(throws: KeyFileError.wrongPassphrase(path: path)) { try KeyFile.open(at: path, passphrase: wrong) }
    #expect(throws: KeyFileError.passphraseRequired(path: path)) { try KeyFile.open(at: path, passphrase: nil) }
  }

  @Test("A key in clear opens without a passphrase")
  func clear() throws {
    let key = try KeyFile.create(at: path, passphrase: nil)
    #expect(try !KeyFile.needsPassphrase(at: path))
    let sealed = key.seal(probe, context: [])
    #expect(try KeyFile.open(at: path, passphrase: nil).open(sealed, context: []) == probe)
    #expect(try KeyFile.open(at: path, passphrase: wrong).open(sealed, context: []) == probe)
  }

  @Test("A passphrase changes, appears and goes, and the key stays")
  func change() throws {
    let sealed = try KeyFile.create(at: path, passphrase: passphrase, parameters: .minimum).seal(probe, context: [])
    try KeyFile.changePassphrase(at: path, from: passphrase, to: wrong, parameters: .minimum)
    #expect(try KeyFile.open(at: path, passphrase: wrong).open(sealed, context: []) == probe)
    #expect(throws: KeyFileError.wrongPassphrase(path: path)) { try KeyFile.open(at: path, passphrase: passphrase) }
    try KeyFile.changePassphrase(at: path, from: wrong, to: nil)
    #expect(try KeyFile.open(at: path, passphrase: nil).open(sealed, context: []) == probe)
    try KeyFile.changePassphrase(at: path, from: nil, to: passphrase, parameters: .minimum)
    #expect(try KeyFile.open(at: path, passphrase: passphrase).open(sealed, context: []) == probe)
  }

  @Test("A failed change leaves the file as it was")
  func failedChange() throws {
    _ = try KeyFile.create(at: path, passphrase: passphrase, parameters: .minimum)
    let before = try content()
    #expect(throws: KeyFileError.wrongPassphrase(path: path)) {
      try KeyFile.changePassphrase(at: path, from: wrong, to: nil)
    }
    #expect(throws: KeyFileError.emptyPassphrase) {
      try KeyFile.changePassphrase(at: path, from: passphrase, to: SecretBytes(copying: []))
    }
    #expect(try content() == before)
  }

  @Test("Creating never replaces a key", arguments: [true, false])
  func noReplacement(protected: Bool) throws {
    _ = try KeyFile.create(at: path, passphrase: protected ? passphrase : nil, parameters: .minimum)
    let before = try content()
    #expect(throws: KeyFileError.alreadyExists(path: path)) { try KeyFile.create(at: path, passphrase: nil) }
    #expect(try content() == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["store.key"])
  }

  @Test("An empty passphrase is refused, and nothing is written")
  func emptyPassphrase() throws {
    #expect(throws: KeyFileError.emptyPassphrase) {
      try KeyFile.create(at: path, passphrase: SecretBytes(copying: []), parameters: .minimum)
    }
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test("A file that is missing, or whose folder is, says so")
  func missing() throws {
    #expect(throws: KeyFileError.missing(path: path)) { try KeyFile.open(at: path, passphrase: nil) }
    #expect(throws: KeyFileError.missing(path: path)) { try KeyFile.needsPassphrase(at: path) }
    let elsewhere = folder.path("nowhere/store.key")
    let error = #expect(throws: KeyFileError.self) { try KeyFile.create(at: elsewhere, passphrase: nil) }
    guard case .file(let cause) = try #require(error) else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(cause.isMissing)
    #expect(cause.description.contains("No such file or directory"))
  }

  @Test("Every truncation and every changed bit is refused", arguments: [true, false])
  func corruption(protected: Bool) throws {
    let passphrase = protected ? passphrase : nil
    _ = try KeyFile.create(at: path, passphrase: passphrase, parameters: .minimum)
    let original = try content()
    #expect(original.count == (protected ? 122 : 58))
    for length in original.indices {
      try write(Array(original[..<length]))
      #expect(throws: KeyFileError.malformed(path: path)) { try KeyFile.open(at: path, passphrase: passphrase) }
    }
    for bit in 0..<(original.count * 8) {
      var changed = original
      changed[bit / 8] ^= 1 << (bit % 8)
      try write(changed)
      let error = #expect(throws: KeyFileError.self) { try KeyFile.open(at: path, passphrase: passphrase) }
      // Damage is never mistaken for a wrong passphrase.
      #expect(error == .malformed(path: path) || bit / 8 == 8 && error?.code == "key-version")
    }
    try write(original + [0])
    #expect(throws: KeyFileError.malformed(path: path)) { try KeyFile.open(at: path, passphrase: passphrase) }
    try write(original)
    _ = try KeyFile.open(at: path, passphrase: passphrase)
  }

  @Test("A large file, a folder and a pipe are no key files")
  func strangeFiles() throws {
    try write([UInt8](repeating: 0, count: 1 << 20))
    #expect(throws: KeyFileError.malformed(path: path)) { try KeyFile.open(at: path, passphrase: nil) }
    #expect(throws: KeyFileError.malformed(path: folder.url.path)) {
      try KeyFile.open(at: folder.url.path, passphrase: nil)
    }
    let pipe = folder.path("pipe")
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: KeyFileError.malformed(path: pipe)) { try KeyFile.open(at: pipe, passphrase: nil) }
  }

  @Test("The file is its owner's alone, also after a change")
  func mode() throws {
    _ = try KeyFile.create(at: path, passphrase: nil)
    #expect(try permissions() == 0o600)
    try KeyFile.changePassphrase(at: path, from: nil, to: passphrase, parameters: .minimum)
    #expect(try permissions() == 0o600)
  }

  @Test("No key lies in a file under a passphrase")
  func wrapped() throws {
    _ = try KeyFile.create(at: path, passphrase: nil)
    let key = Array(try content()[10..<42])
    try KeyFile.changePassphrase(at: path, from: nil, to: passphrase, parameters: .minimum)
    #expect(Data(try content()).range(of: Data(key)) == nil)
  }

  private func content() throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }
  private func write(_ bytes: [UInt8]) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }
  private func permissions() throws -> Int? {
    try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
  }
}
