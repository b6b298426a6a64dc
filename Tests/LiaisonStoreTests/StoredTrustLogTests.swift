import CommandKit
import Foundation
import GRDB
import LiaisonAdmin
import LiaisonModel
import LiaisonNode
import LiaisonStore
import LiaisonTrust
import TestKit
import Testing

/// A trust log in a real store, edited behind the node's back.
@Suite("A trust log on disk") struct StoredTrustLogTests {
  private let folder: TemporaryDirectory
  private let path: String
  private let entries: [[UInt8]]

  init() throws {
    folder = try TemporaryDirectory()
    path = folder.path("node.sqlite")
    let now = Timestamp(milliseconds: 1_790_000_000_000)
    let owner = SigningKey<AdministratorPurpose>()
    func card(_ handle: String, by key: SigningKey<NodePurpose>) throws -> Unverified<NodeCard> {
      let root = SigningKey<RootPurpose>()
      return Signed(
        try NodeCard(
          handle: Handle(handle), country: "XA", name: "A", rootKey: root.publicKey, nodeKeys: [key.publicKey],
          endpoints: [], serial: 1, issuedAt: now, expiresAt: now.adding(milliseconds: 1 << 30)), by: root
      ).unverified
    }
    let node = SigningKey<NodePurpose>()
    var log = TrustLog()
    var entries: [[UInt8]] = []
    for act in [
      .administratorNamed(try Administrator(key: owner.publicKey, name: "Owner", roles: NewNode.firstRoles)),
      .ownCardIssued(try card("xa", by: node)), .peerProposed(try card("xb", by: SigningKey())),
      .peerRevoked(try Handle("xb"), reason: "a mistake"),
      .policyChanged(try Policy(signatures: [:], proposalHours: 9)),
    ] as [Act] {
      let decision = Decision(position: log.nextPosition, decidedAt: now, administrator: owner.publicKey, act: act)
      let entry = LogEntry.decision(Signed(decision, by: owner).unverified).tlsEncoded
      try log.append(entry)
      entries.append(entry)
    }
    let head = Signed(log.head(of: try Handle("xa"), at: now), by: node).bytes
    try SQLiteNodeStore(path: path).write { transaction in
      for (sequence, entry) in entries.enumerated() {
        try transaction.appendTrustLogEntry(TrustLogEntry(sequence: UInt64(sequence), bytes: entry))
      }
      try transaction.saveTrustLogHead(head)
    }
    self.entries = entries
  }

  /// What a start says of the store; nil where it starts.
  private func fault() throws -> String? {
    do {
      _ = try StoredTrustLog(in: SQLiteNodeStore(path: path))
      return nil
    } catch let error as CommandError { return error.sentence } catch let error as StoreError { return error.sentence }
  }

  /// Runs SQL behind the store's back, looks what a start says, and takes it back.
  private func fault(after statements: [String]) throws -> String? {
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    defer { try? before.write(to: URL(fileURLWithPath: path)) }
    let database = try DatabaseQueue(path: path)
    for statement in statements { try database.writeWithoutTransaction { try $0.execute(sql: statement) } }
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
    try database.close()
    return try fault()
  }

  @Test("starts as it was written")
  func whole() throws {
    #expect(try fault() == nil)
    #expect(try StoredTrustLog(in: SQLiteNodeStore(path: path)).entries == entries)
  }

  @Test("a start names the entry of which any one byte of the file was changed")
  func everyByte() throws {
    let file = URL(fileURLWithPath: path)
    // All of it into the one file.
    _ = try fault(after: [])
    let whole = try Data(contentsOf: file)
    var changes = 0
    for (index, entry) in entries.enumerated() {
      // A short row lies in one piece; of a long one, the pieces are on several pages.
      let range = try #require(whole.range(of: Data(entry)), "entry \(index) is not in the file in one piece")
      for position in range {
        var changed = whole
        changed[position] ^= 1 << UInt8(position % 8)
        try changed.write(to: file)
        let fault = try fault()
        #expect(
          fault?.hasPrefix("trust log entry \(index) is wrong: ") == true, "byte \(position): \(fault ?? "starts")")
        changes += 1
      }
    }
    #expect(changes == entries.reduce(0) { $0 + $1.count })
    try whole.write(to: file)
    #expect(try fault() == nil)
  }

  @Test("a start finds every entry that was dropped, moved up or not")
  func dropped() throws {
    for index in entries.indices {
      let drop = "DELETE FROM trust_log WHERE sequence = \(index)"
      let isLast = index == entries.count - 1
      let head = "the log's head speaks of 5 entries, and 4 are here"
      #expect(
        try fault(after: [drop])
          == (isLast ? head : "trust log entry \(index) is missing: entry \(index + 1) comes in its place"))
      // In ascending order each place is free when an entry moves up to it.
      let closed = try fault(
        after: [drop]
          + ((index + 1)..<entries.count).map {
            "UPDATE trust_log SET sequence = \($0 - 1) WHERE sequence = \($0)"
          })
      #expect(isLast ? closed == head : closed?.hasPrefix("trust log entry \(index) is wrong: ") == true, "\(index)")
      #expect(try fault(after: ["DELETE FROM trust_log WHERE sequence >= \(index)"]) != nil)
    }
  }

  @Test("a start finds entries that were swapped, and one that was inserted again")
  func reordered() throws {
    for first in entries.indices {
      for second in entries.indices where second > first {
        let fault = try fault(after: [
          """
          UPDATE trust_log SET entry = CASE sequence
            WHEN \(first) THEN (SELECT entry FROM trust_log WHERE sequence = \(second))
            ELSE (SELECT entry FROM trust_log WHERE sequence = \(first)) END
          WHERE sequence IN (\(first), \(second))
          """
        ])
        #expect(fault?.hasPrefix("trust log entry \(first) is wrong: ") == true, "\(first), \(second)")
      }
      let again = try fault(after: [
        "INSERT INTO trust_log SELECT \(entries.count), entry FROM trust_log WHERE sequence = \(first)"
      ])
      #expect(again?.hasPrefix("trust log entry \(entries.count) is wrong: ") == true, "\(first)")
    }
  }

  @Test("a start finds a head that was dropped, and any changed byte of it")
  func head() throws {
    #expect(try fault(after: ["DELETE FROM trust_log_head"]) == "the trust log has no head, or a damaged one")
    let head = try #require(try SQLiteNodeStore(path: path).read { try $0.trustLogHead() })
    for position in head.indices {
      var changed = head
      changed[position] ^= 1 << UInt8(position % 8)
      let digits = changed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      let fault = try fault(after: ["UPDATE trust_log_head SET head = x'\(digits)'"])
      #expect(fault?.contains("head") == true, "byte \(position): \(fault ?? "starts")")
    }
  }
}
