import CommandKit
import Foundation
import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import Sodium
import TestKit
import Testing

@Suite("A node's home") struct NodeHomeTests {
  private let folder: TemporaryDirectory
  private let home: NodeHome
  private let now = Timestamp(milliseconds: 1_790_000_000_000)

  init() throws {
    folder = try TemporaryDirectory()
    home = NodeHome(folder.path("xa"))
  }

  private func create(
    passphrase: SecretBytes? = nil, store: (String, [[UInt8]], [UInt8]) throws -> Void = { _, _, _ in }
  ) throws -> Signed<NodeCard> {
    let endpoint = try Endpoint("127.0.0.1:7401")
    let node = NewNode(
      handle: try Handle("xa"), country: "XA", name: "Averland", listen: endpoint, advertised: [endpoint],
      administrator: "owner", cardLifetimeMilliseconds: 86_400_000)
    return try home.create(node, passphrase: passphrase, parameters: .minimum, at: now, store: store)
  }

  @Test("what is made opens again, and its log verifies and names its owner")
  func roundTrip() throws {
    let passphrase = SecretBytes(copying: Array("correct horse".utf8))
    var made: (entries: [[UInt8]], head: [UInt8]) = ([], [])
    let card = try create(passphrase: passphrase) { _, entries, head in made = (entries, head) }
    let storeKey = try home.unlock { () throws(CommandError) in passphrase }
    #expect(try home.nodeKey(under: storeKey).publicKey == card.content.nodeKeys[0])
    #expect(try home.rootKey(under: storeKey).publicKey == card.content.rootKey)
    let log = try TrustLog(entries: made.entries, head: Unverified<LogHead>(tlsEncoded: made.head))
    #expect(log.registry.ownCard == card)
    let administrator = try home.administrator.open { () throws(CommandError) in passphrase }
    #expect(log.registry.administrators[administrator.publicKey]?.roles == NewNode.firstRoles)
  }

  @Test("a wrong passphrase opens neither the node's keys nor the administrator's")
  func wrongPassphrase() throws {
    _ = try create(passphrase: SecretBytes(copying: Array("right".utf8)))
    let wrong = SecretBytes(copying: Array("wrong".utf8))
    for open in [
      { () throws -> Void in _ = try home.unlock { () throws(CommandError) in wrong } },
      { () throws -> Void in _ = try home.administrator.open { () throws(CommandError) in wrong } },
    ] {
      let error = #expect(throws: CommandError.self) { try open() }
      #expect(error?.status == .notPermitted)
    }
  }

  @Test("a key opens only under its own home's store key, for its own purpose, unchanged")
  func sealedKeys() throws {
    _ = try create()
    let storeKey = try home.unlock { () throws(CommandError) in throw CommandError(.usage, "not needed") }
    #expect(throws: CommandError.self) { try home.nodeKey(under: StoreKey.random()) }
    let (root, node) = (try Data(contentsOf: url(home.rootKey)), try Data(contentsOf: url(home.nodeKey)))
    try root.write(to: url(home.nodeKey))
    #expect(throws: CommandError.self) { try home.nodeKey(under: storeKey) }
    for position in node.indices {
      var changed = node
      changed[position] ^= 1
      try changed.write(to: url(home.nodeKey))
      #expect(throws: CommandError.self) { try home.nodeKey(under: storeKey) }
    }
    try node.write(to: url(home.nodeKey))
    _ = try home.nodeKey(under: storeKey)
  }

  private func url(_ path: String) -> URL { URL(fileURLWithPath: path) }

  @Test("a home that could not be finished leaves nothing behind")
  func unfinished() throws {
    struct Full: Error {}
    #expect(throws: Full.self) {
      try create { database, _, _ in
        try Data([1]).write(to: URL(fileURLWithPath: database))
        throw Full()
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path).isEmpty)
  }

  @Test("a home that is there is not touched, and everything in one is its user's alone")
  func notReplaced() throws {
    _ = try create()
    let before = try Data(contentsOf: url(home.nodeKey))
    let error = #expect(throws: CommandError.self) { try create() }
    #expect(error?.status == .cannotCreate)
    #expect(try Data(contentsOf: url(home.nodeKey)) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.url.path) == ["xa"])
    let files = try #require(FileManager.default.enumerator(atPath: home.folder))
    for case let name as String in files {
      let attributes = try FileManager.default.attributesOfItem(atPath: home.folder + "/" + name)
      let mode = try #require(attributes[.posixPermissions] as? Int)
      #expect(mode & 0o077 == 0, "\(name)")
    }
  }

  @Test("one lock at a time, and it is free again when it is let go")
  func lock() throws {
    _ = try create()
    var lock: HomeLock? = try HomeLock(home)
    let error = #expect(throws: CommandError.self) { try HomeLock(home) }
    #expect(error?.status == .tryAgain)
    withExtendedLifetime(lock) {}
    lock = nil
    _ = try HomeLock(home)
  }
}
