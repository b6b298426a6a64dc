import Foundation
import GRDB
import LiaisonModel
import LiaisonNode
import LiaisonStore
import TestKit
import Testing

@Suite("The node's store")
struct SQLiteNodeStoreTests {
  private let now = Timestamp(milliseconds: 1_780_000_000_000)

  private func address(_ text: String) throws -> Address { try Address(text) }

  private func identifier<Tag>(_ byte: UInt8) throws -> Identifier<Tag> {
    try Identifier(bytes: Array(repeating: byte, count: 16))
  }

  private func message(_ byte: UInt8, origin: String = "xa", at time: Timestamp? = nil) throws -> MessageRecord {
    MessageRecord(
      message: try identifier(byte), origin: try Handle(origin), room: try identifier(1),
      digest: Array(repeating: byte, count: 32), acceptedAt: time ?? now, sender: nil)
  }

  private func addDevice(_ byte: UInt8, to store: SQLiteNodeTransaction) throws -> DeviceIdentifier {
    let address = try address("nino@xa")
    if try store.member(address) == nil {
      try store.saveMember(
        MemberRecord(address: address, profile: MemberProfile(name: "Nino", discipline: .cyber, role: "")))
    }
    let record = DeviceRecord(
      identifier: try identifier(byte), address: address, linkKey: SigningKey<DeviceLinkPurpose>().publicKey,
      signatureKey: SigningKey<DeviceSignaturePurpose>().publicKey, enrolledAt: now)
    try store.insertDevice(record)
    return record.identifier
  }

  @Test("has the schema that schema.sql shows")
  func schema() throws {
    let file = Checkout.root.appendingPathComponent("Sources/LiaisonStore/schema.sql")
    let store = try SQLiteNodeStore.inMemory()
    let schema = try store.schema()
    if ProcessInfo.processInfo.environment["LIAISON_WRITE_SCHEMA"] != nil {
      try Data(schema.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == schema, "LIAISON_WRITE_SCHEMA=1 writes the file anew")
  }

  @Test("flushes each commit, and keeps what it has over a restart")
  func durable() throws {
    let folder = try TemporaryDirectory()
    let path = folder.path("node.sqlite")
    do {
      let store = try SQLiteNodeStore(path: path)
      try store.write { try $0.appendTrustLogEntry(TrustLogEntry(sequence: 0, bytes: [1, 2, 3])) }
    }
    let store = try SQLiteNodeStore(path: path)
    #expect(try store.read { try $0.trustLogEntries() } == [TrustLogEntry(sequence: 0, bytes: [1, 2, 3])])
    let durability = try store.durability()
    #expect(durability.journal == "wal")
    #expect(durability.synchronous == 2)
    try store.checkIntegrity()
    withExtendedLifetime(folder) {}
  }

  @Test("is backed up while it is in use, without key packages that are given out once")
  func backup() throws {
    let xb = try Handle("xb")
    let folder = try TemporaryDirectory()
    let store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
    let device = try store.write { store in
      let device = try addDevice(1, to: store)
      for number in UInt8(0)..<3 {
        let record = KeyPackageRecord(
          reference: [number], bytes: [9, number], expiresAt: Timestamp(milliseconds: 1 << 41))
        if number == 2 {
          try store.replaceLastResort(record, for: device)
        } else {
          try store.insertKeyPackage(record, for: device)
        }
      }
      for (number, subject) in ["k ana@xb", "m ana@xb"].enumerated() {
        try store.save(
          BundleQuestion(
            subject: subject, sequence: UInt64(number + 1), askedAt: Timestamp(milliseconds: 1), answer: [1]), to: xb)
      }
      return device
    }
    try SQLiteNodeStore.backUp(folder.path("node.sqlite"), to: folder.path("copy.sqlite"))
    let copy = try SQLiteNodeStore(path: folder.path("copy.sqlite"))
    try copy.checkIntegrity()
    let now = Timestamp(milliseconds: 1 << 40)
    try copy.write { (copy) throws in
      #expect(try copy.device(device) != nil)
      #expect(try copy.keyPackageCount(for: device) == 0)
      #expect(try copy.takeKeyPackage(for: device, at: now)?.reference == [2])
      // Those of others, which a bundle brought, neither.
      #expect(try copy.bundleQuestion("k ana@xb", to: xb) == nil)
      #expect(try copy.bundleQuestion("m ana@xb", to: xb)?.answer == [1])
    }
    try store.write { (store) throws in
      #expect(try store.keyPackageCount(for: device) == 2)
      try store.removeKeyPackages(of: device)
      #expect(try store.takeKeyPackage(for: device, at: now) == nil)
    }
    #expect(throws: StoreError.self) { try SQLiteNodeStore.backUp(folder.path("none"), to: folder.path("other")) }
  }

  @Test("undoes a savepoint alone, and a transaction whole")
  func rollback() throws {
    struct Stop: Error {}
    let store = try SQLiteNodeStore.inMemory()
    try store.write { transaction in
      try transaction.appendTrustLogEntry(TrustLogEntry(sequence: 0, bytes: [0]))
      #expect(throws: Stop.self) {
        try transaction.savepoint {
          try transaction.appendTrustLogEntry(TrustLogEntry(sequence: 1, bytes: [1]))
          throw Stop()
        }
      }
      try transaction.appendTrustLogEntry(TrustLogEntry(sequence: 1, bytes: [2]))
    }
    #expect(throws: Stop.self) {
      try store.write { transaction in
        try transaction.appendTrustLogEntry(TrustLogEntry(sequence: 2, bytes: [3]))
        throw Stop()
      }
    }
    #expect(try store.read { try $0.trustLogEntries().map(\.bytes) } == [[0], [2]])
  }

  @Test("keeps an envelope as long as a queue, an inbox or the holding area needs it")
  func envelopes() throws {
    let store = try SQLiteNodeStore.inMemory()
    let peer = try Handle("xb")
    let (key, unused, device) = try store.write { transaction in
      let device = try addDevice(1, to: transaction)
      let key = try transaction.insertMessage(message(7), envelope: [1, 2, 3])
      try transaction.enqueue(key, for: peer, precedence: .flash, at: now)
      #expect(try transaction.appendInbox(device, .message(key), .routine, limit: 10) == .appended(sequence: 1))
      let unused = try transaction.insertMessage(message(8), envelope: [4])
      return (key, unused, device)
    }
    try store.write { transaction in
      #expect(try transaction.envelope(unused) == nil)
      #expect(try transaction.envelope(key) == [1, 2, 3])
      try transaction.markDelivered(key, to: peer, receipt: [9])
      #expect(try transaction.envelope(key) == [1, 2, 3])
    }
    try store.write { transaction in
      #expect(try transaction.envelope(key) == [1, 2, 3])
      try transaction.acknowledgeInbox(device, through: 1)
    }
    try store.write { transaction throws in
      #expect(try transaction.envelope(key) == nil)
      #expect(try transaction.receipt(of: key, by: peer) == [9])
      #expect(try transaction.message(message(7).message, from: message(7).origin)?.key == key)
      #expect(try transaction.message(message(7).message, from: peer) == nil)
    }
    try store.checkIntegrity()
  }

  @Test("serves a queue by precedence and sequence, and counts it")
  func queues() throws {
    let store = try SQLiteNodeStore.inMemory()
    let peer = try Handle("xb")
    try store.write { transaction in
      for byte in UInt8(1)...6 {
        let key = try transaction.insertMessage(message(byte), envelope: Array(repeating: 0, count: 10))
        try transaction.enqueue(
          key, for: peer, precedence: byte.isMultiple(of: 2) ? .flash : .routine,
          at: now.adding(milliseconds: UInt64(byte)))
      }
      let flash = try transaction.queue(for: peer, precedence: .flash, after: 0, limit: 2)
      #expect(flash.map(\.message.bytes.first) == [2, 4])
      let rest = try transaction.queue(for: peer, precedence: .flash, after: flash[1].sequence, limit: 2)
      #expect(rest.map(\.message.bytes.first) == [6])
      #expect(try transaction.queueTotal(for: peer).count == 6)
      #expect(try transaction.queueTotal(for: peer).bytes == 60)
      #expect(
        try transaction.queues()
          == [QueueRecord(peer: peer, count: 6, bytes: 60, oldest: now.adding(milliseconds: 1))])
      try transaction.markUndeliverable(flash[0].key, to: peer)
      #expect(try transaction.queueTotal(for: peer).count == 5)
      #expect(try transaction.queueTotal(for: peer).bytes == 50)
      #expect(try transaction.delivery(of: flash[0].key, to: peer) == .undeliverable)
      let old = try transaction.queued(before: now.adding(milliseconds: 4), limit: 10)
      #expect(old.map(\.entry.message.bytes.first) == [1, 3])
    }
    try store.checkIntegrity()
  }

  @Test("finds everything that every message asks for by an index")
  func indexed() throws {
    let store = try SQLiteNodeStore.inMemory()
    let statements = [
      "SELECT id FROM messages WHERE origin = 'xa' AND message = x'00'",
      "SELECT bytes FROM envelopes WHERE message = 1",
      """
      SELECT d.message FROM deliveries d JOIN messages m ON m.id = d.message
      WHERE d.peer = 'xb' AND d.precedence = 0 AND d.sequence > 5 AND d.state = 0 ORDER BY d.sequence LIMIT 9
      """,
      "SELECT d.message FROM deliveries d WHERE d.queued_at < 5 AND d.state = 0 ORDER BY d.queued_at LIMIT 9",
      "SELECT sequence FROM inbox WHERE device = x'00' AND sequence > 4 ORDER BY sequence LIMIT 9",
      """
      SELECT i.sequence FROM inbox i WHERE i.device = x'00' AND i.urgency = 3 AND i.urgency > 0 AND i.sequence >= 4
        AND i.sequence < 9 ORDER BY i.sequence LIMIT 9
      """,
      "SELECT message FROM held WHERE room = x'00' AND epoch <= 4 ORDER BY epoch, message LIMIT 9",
      "SELECT count(*) FROM rooms WHERE hub = 'xb' AND is_left = 0",
      "SELECT count(DISTINCT room) FROM room_leaves WHERE address = 'nino@xa'",
      "SELECT messages FROM kept_totals WHERE scope = 2 AND name = '00'",
      "SELECT leaf FROM room_leaves WHERE room = x'00' ORDER BY leaf",
      "DELETE FROM messages WHERE id = 4",
    ]
    for statement in statements {
      let plan = try store.plan(of: statement)
      #expect(plan.allSatisfy { !$0.hasPrefix("SCAN") && !$0.contains("TEMP B-TREE") }, "\(statement): \(plan)")
    }
  }

  @Test("refuses what its rules forbid")
  func constraints() throws {
    let store = try SQLiteNodeStore.inMemory()
    func refusal(_ body: (SQLiteNodeTransaction) throws -> Void) -> Bool {
      do { try store.write(body) } catch StoreError.constraint { return true } catch { return false }
      return false
    }
    #expect(
      refusal { transaction in
        for _ in 1...2 { _ = try transaction.insertMessage(message(7), envelope: []) }
      })
    #expect(refusal { try $0.appendTrustLogEntry(TrustLogEntry(sequence: 3, bytes: [])) })
    #expect(
      refusal { transaction in
        try transaction.insertInvitation(
          InvitationRecord(secretHash: Array(repeating: 1, count: 32), address: address("no@xa"), expiresAt: now))
      })
    #expect(
      refusal { transaction in
        let room = RoomRecord(room: try identifier(1), hub: try Handle("xa"), epoch: 0, isLeft: false)
        try transaction.insertRoom(room, state: RoomState(publicGroup: [], groupInfo: []), leaves: [])
        for byte in UInt8(1)...2 {
          try transaction.insertCommit(
            CommitRecord(message: identifier(byte), epoch: 0, digest: Array(repeating: 0, count: 32), content: []),
            in: room.room)
        }
      })
  }

  @Test("remembers who took part in a room, and until when")
  func participants() throws {
    let store = try SQLiteNodeStore.inMemory()
    let room: RoomIdentifier = try identifier(1)
    func leaf(_ number: UInt32, _ text: String, since epoch: UInt64) throws -> RoomLeaf {
      RoomLeaf(leaf: number, address: try address(text), device: try identifier(UInt8(number)), sinceEpoch: epoch)
    }
    let state = RoomState(publicGroup: [1], groupInfo: [2])
    try store.write { transaction in
      var record = RoomRecord(room: room, hub: try Handle("xa"), epoch: 0, isLeft: false)
      try transaction.insertRoom(record, state: state, leaves: [leaf(0, "nino@xa", since: 0)])
      record.epoch = 1
      try transaction.advanceRoom(
        record, state: state, leaves: [leaf(0, "nino@xa", since: 0), leaf(1, "vera@xb", since: 1)])
      record.epoch = 2
      try transaction.advanceRoom(record, state: state, leaves: [leaf(0, "nino@xa", since: 0)])
      let xb = try Handle("xb")
      #expect(try (0...3).map { try transaction.tookPart(xb, in: room, epoch: $0) } == [false, true, false, false])
      #expect(try transaction.tookPart(Handle("xa"), in: room, epoch: 9))
      record.epoch = 3
      try transaction.leaveRoom(record)
      #expect(try transaction.room(room) == RoomRecord(room: room, hub: record.hub, epoch: 3, isLeft: true))
      #expect(try transaction.roomState(room) == nil)
      #expect(try transaction.leaves(room).isEmpty)
    }
    try store.checkIntegrity()
  }

  @Test("forgets old messages that nothing needs, and no others")
  func forgetting() throws {
    let store = try SQLiteNodeStore.inMemory()
    try store.write { transaction in
      let device = try addDevice(1, to: transaction)
      let needed = try transaction.insertMessage(message(1), envelope: [1])
      _ = try transaction.appendInbox(device, .message(needed), .routine, limit: 1)
      #expect(try transaction.appendInbox(device, .message(needed), .routine, limit: 1) == .full)
      #expect(try transaction.appendInbox(identifier(9), .message(needed), .routine, limit: 1) == .noDevice)
      _ = try transaction.insertMessage(message(2), envelope: [1])
      _ = try transaction.insertMessage(message(3, at: now.adding(milliseconds: 10)), envelope: [1])
    }
    try store.write { transaction throws in
      #expect(try transaction.forgetMessages(acceptedBefore: now.adding(milliseconds: 1), limit: 10) == 1)
      #expect(try transaction.message(message(1).message, from: Handle("xa")) != nil)
      #expect(try transaction.message(message(2).message, from: Handle("xa")) == nil)
      #expect(try transaction.message(message(3).message, from: Handle("xa")) != nil)
    }
    try store.checkIntegrity()
  }

  @Test("counts what is kept of each peer, member and room, also where a savepoint is undone")
  func keptTotals() throws {
    struct Stop: Error {}
    let store = try SQLiteNodeStore.inMemory()
    let (peer, room) = (try Handle("xb"), try message(1).room)
    var own = try message(2)
    own.sender = try address("nino@xa")
    try store.write { transaction in
      let device = try addDevice(1, to: transaction)
      let first = try transaction.insertMessage(message(1, origin: "xb"), envelope: [1, 2, 3])
      _ = try transaction.appendInbox(device, .message(first), .flash, limit: 10)
      let second = try transaction.insertMessage(own, envelope: [1, 2])
      try transaction.enqueue(second, for: peer, precedence: .routine, at: now)
      #expect(throws: Stop.self) {
        try transaction.savepoint {
          let third = try transaction.insertMessage(message(3, origin: "xb"), envelope: [1])
          _ = try transaction.appendInbox(device, .message(third), .routine, limit: 10)
          #expect(try transaction.kept(.peer(peer)) == KeptTotal(messages: 2, envelopes: 2, bytes: 4))
          throw Stop()
        }
      }
      // Nothing needs this one: it is remembered, and its envelope is not kept.
      _ = try transaction.insertMessage(message(4, origin: "xb"), envelope: [1, 2, 3, 4])
    }
    try store.checkIntegrity()
    try store.write { transaction in
      #expect(try transaction.kept(.peer(peer)) == KeptTotal(messages: 2, envelopes: 1, bytes: 3))
      #expect(try transaction.kept(.member(address("nino@xa"))) == KeptTotal(messages: 1, envelopes: 1, bytes: 2))
      #expect(try transaction.kept(.room(room)) == KeptTotal(messages: 3, envelopes: 2, bytes: 5))
      #expect(try transaction.kept(.peer(Handle("xc"))) == KeptTotal())
      try transaction.removeDevice(identifier(1))
    }
    try store.write { transaction throws in
      #expect(try transaction.kept(.peer(peer)) == KeptTotal(messages: 2))
      #expect(try transaction.forgetMessages(acceptedBefore: now.adding(milliseconds: 1), limit: 10) == 2)
    }
    try store.checkIntegrity()
    #expect(try store.read { try $0.kept(.peer(peer)) } == KeptTotal())
    #expect(try store.read { try $0.kept(.room(room)) } == KeptTotal(messages: 1, envelopes: 1, bytes: 2))
  }

  @Test("counts what an older store held when its schema is brought up to date")
  func migration() throws {
    let folder = try TemporaryDirectory()
    let path = folder.path("node.sqlite")
    do {
      let store = try SQLiteNodeStore(path: path)
      try store.write { transaction in
        let device = try addDevice(1, to: transaction)
        let key = try transaction.insertMessage(message(1, origin: "xb"), envelope: [1, 2, 3])
        _ = try transaction.appendInbox(device, .message(key), .routine, limit: 10)
      }
    }
    let queue = try DatabaseQueue(path: path)
    try queue.write { database in
      try database.execute(
        sql: """
          DROP TABLE kept_totals; DROP INDEX rooms_by_hub; DROP INDEX room_leaves_by_address;
          DELETE FROM grdb_migrations WHERE identifier = '3'
          """)
    }
    try queue.close()
    let store = try SQLiteNodeStore(path: path)
    #expect(try store.read { try $0.kept(.peer(Handle("xb"))) } == KeptTotal(messages: 1, envelopes: 1, bytes: 3))
    try store.checkIntegrity()
  }

  @Test("says plainly what is wrong with a file")
  func badFiles() throws {
    let folder = try TemporaryDirectory()
    try Data(repeating: 0x5A, count: 8192).write(to: folder.url.appendingPathComponent("garbage.sqlite"))
    #expect(throws: StoreError.corrupt) { try SQLiteNodeStore(path: folder.path("garbage.sqlite")) }
    do {
      _ = try SQLiteNodeStore(path: folder.path("missing/node.sqlite"))
      Issue.record("a store was opened in a folder that is not there")
    } catch StoreError.inputOutput {} catch { Issue.record("\(error)") }
    do {
      _ = try SQLiteNodeStore(path: folder.path("newer.sqlite"))
      let queue = try DatabaseQueue(path: folder.path("newer.sqlite"))
      try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
    }
    #expect(throws: StoreError.newer) { try SQLiteNodeStore(path: folder.path("newer.sqlite")) }
  }

  @Test("notices counters that do not agree with what they count")
  func integrity() throws {
    let folder = try TemporaryDirectory()
    let store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
    _ = try store.write { try addDevice(1, to: $0) }
    try store.checkIntegrity()
    let queue = try DatabaseQueue(path: folder.path("node.sqlite"))
    try queue.write { try $0.execute(sql: "UPDATE devices SET inbox_count = 3") }
    #expect(throws: StoreError.corrupt) { try store.checkIntegrity() }
  }

  @Test("is told that the disk is full, and goes on when it is not")
  func fullDisk() throws {
    let folder = try TemporaryDirectory()
    let store = try SQLiteNodeStore(path: folder.path("node.sqlite"))
    try store.limit(pages: 80)
    #expect(throws: StoreError.full) {
      try store.write { transaction in
        for byte in UInt8(1)...200 {
          let key = try transaction.insertMessage(message(byte), envelope: Array(repeating: 1, count: 4096))
          try transaction.enqueue(key, for: Handle("xb"), precedence: .routine, at: now)
        }
      }
    }
    try store.limit(pages: 1 << 20)
    try store.write { try $0.appendTrustLogEntry(TrustLogEntry(sequence: 0, bytes: [1])) }
    #expect(try store.read { try $0.queueTotal(for: Handle("xb")).count } == 0)
    try store.checkIntegrity()
    withExtendedLifetime(folder) {}
  }
}
