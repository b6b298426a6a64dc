import Foundation
import GRDB
import LiaisonClient
import LiaisonModel
import MLS
import Sodium
import TestKit
import Testing

@Suite("A room's group in a profile")
struct GroupStorageTests {
  private let folder: TemporaryDirectory
  private let key = StoreKey.random()
  private let room: RoomIdentifier
  private var path: String { folder.path("profile.sqlite") }

  init() throws {
    folder = try TemporaryDirectory()
    room = try RoomIdentifier(bytes: [UInt8](repeating: 7, count: 16))
  }

  private struct AcceptAll: AuthenticationService {
    func validate(credential: Credential, signatureKey: SignaturePublicKey, context: CredentialContext) {}
    func validateSuccessor(old: Credential, new: Credential) {}
  }

  private let now: UInt64 = 1_800_000_000

  /// A group of so many members, in a profile of its own.
  private func makeGroup(size: Int) throws {
    let lifetime = Lifetime(notBefore: now, notAfter: now + 86_400)
    let signatureKey = try SignaturePrivateKey.generate(.default)
    var group = try Group.create(
      groupID: room.bytes, cipherSuite: .default, credential: .basic(identity: [0]), signatureKey: signatureKey,
      lifetime: lifetime, now: now)
    let keyPackages = try (1..<size).map { member in
      try KeyPackageBundle.generate(
        cipherSuite: .default, credential: .basic(identity: Array("member \(member)".utf8)),
        signatureKey: .generate(.default), lifetime: lifetime
      ).keyPackage
    }
    _ = try group.commit(adding: keyPackages, authentication: AcceptAll(), now: now)
    try group.mergePendingCommit(now: now)
    try ProfileStore(path: path, key: key).change { tx in
      try tx.save(
        RoomRecord(
          room: room, hub: Handle("xa"), title: "", state: .active, isRegistered: true, addressees: [],
          refreshedAt: Timestamp(milliseconds: 0)))
      var storage = ProfileGroupStorage(tx, room)
      try group.save(to: &storage)
    }
  }

  /// Encrypts a message in a transaction of its own, and gives the size of the journal that holds what was written.
  private func send(_ store: ProfileStore) throws -> Int {
    try store.change { tx in
      var storage = ProfileGroupStorage(tx, room)
      var group = try #require(try Group.load(from: storage))
      _ = try group.encrypt([UInt8](repeating: 1, count: 256))
      try group.save(to: &storage)
    }
    return try #require(
      try FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int)
  }

  /// All sealed records, by a path around the profile.
  private func rows() throws -> Set<Data> {
    try DatabaseQueue(path: path).read { try Data.fetchSet($0, sql: "SELECT value FROM groupRecords") }
  }

  @Test("of 1,000 members writes a page of its database for a message")
  func writtenBytes() throws {
    try makeGroup(size: 1000)
    let before = try rows()
    #expect(before.reduce(0) { $0 + $1.count } > 1_400_000)
    let store = try ProfileStore(path: path, key: key)
    // The first message of an epoch expands the secret tree on one path: ten pages were seen.
    let first = try send(store)
    let second = try send(store) - first
    #expect(first <= 32 + 12 * (4096 + 24))
    #expect(second <= 2 * (4096 + 24))
    let between = try rows()
    _ = try send(store)
    let written = try rows().subtracting(between)
    #expect(written.count == 1)
    #expect(written.first?.count == 71 + StoreKey.overheadLength)
  }

  @Test("leaves no trace of a removed record in the files, once they are closed")
  func removal() throws {
    try makeGroup(size: 2)
    let before = try rows()
    do { _ = try send(ProfileStore(path: path, key: key)) }
    let removed = before.subtracting(try rows())
    // The root's secret, and the group's own leaf's.
    #expect(!removed.isEmpty)
    // A long one lies on several pages of the file, in pieces.
    let kept = try #require(before.subtracting(removed).min { $0.count < $1.count })
    #expect(!FileManager.default.fileExists(atPath: path + "-wal"))
    let file = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(file.range(of: kept) != nil)
    for record in removed { #expect(file.range(of: record) == nil) }
  }

  @Test("is refused with a record that was altered, moved or taken away")
  func damage() throws {
    try makeGroup(size: 2)
    func load() throws -> Group? {
      try ProfileStore(path: path, key: key).read { try Group.load(from: ProfileGroupStorage($0, room)) }
    }
    #expect(try load()?.groupID == room.bytes)
    let intact = try Data(contentsOf: URL(fileURLWithPath: path))
    for change in [
      "UPDATE groupRecords SET value = zeroblob(length(value)) WHERE kind = 1",
      "UPDATE groupRecords SET item = 1000 WHERE kind = 2 AND item = 0",
      "UPDATE groupRecords SET epoch = epoch + 1 WHERE kind = 6",
      "UPDATE groupRecords SET kind = 99 WHERE kind = 6",
      "DELETE FROM groupRecords WHERE kind = 1",
      "DELETE FROM groupRecords WHERE kind = 2 AND item = 2",
      "DELETE FROM groupRecords WHERE kind = 6",
    ] {
      try DatabaseQueue(path: path).write { try $0.execute(sql: change) }
      #expect(throws: (any Error).self, "\(change)") { try load() }
      try intact.write(to: URL(fileURLWithPath: path))
      #expect(try load()?.groupID == room.bytes)
    }
  }
}
