import MLS
import MLSTestKit
import TLSPresentation
import TestKit
import Testing

/// Notes what is written.
private struct RecordingStorage: GroupStorage {
  var stored = MemoryGroupStorage()
  var written: [RecordKey: Int] = [:]

  func records(in range: ClosedRange<RecordKey>) -> [StoredRecord] { stored.records(in: range) }

  mutating func write(_ value: [UInt8], for key: RecordKey) {
    written[key] = value.count
    stored.write(value, for: key)
  }

  mutating func remove(_ range: ClosedRange<RecordKey>) { stored.remove(range) }
}

extension MemoryGroupStorage {
  fileprivate func contains(_ secret: Secret) -> Bool {
    values.values.contains { $0.contains(secret.exposedBytes) }
  }
}

@Suite("A stored group")
struct StorageTests {
  @Test("is, after each step, what a full copy would be, and goes on from there", arguments: testedSuites)
  func incremental(_ suite: CipherSuite) throws {
    var room = try Room(["ana", "ben", "cem"], suite)
    var storages: [String: MemoryGroupStorage] = [:]
    func save() throws {
      for (name, group) in room.groups {
        var (group, storage) = (group, storages[name] ?? MemoryGroupStorage())
        try group.save(to: &storage)
        let loaded = try #require(try Group.load(from: storage))
        #expect(try group.stored == storage)
        #expect(try loaded.stored == storage)
        storages[name] = storage
        // Half of them go on as they are, half as they are read again.
        room.groups[name] = name == "ben" ? group : loaded
      }
    }
    try save()
    let messages = try (0..<8).map { try room["ana"].encrypt([UInt8($0)]) }
    for number in [5, 1, 4] {
      _ = try room["ben"].read(messages[number])
      _ = try room["cem"].read(messages[number])
      try save()
    }
    // Keys that come and go between two savings.
    for number in [7, 6] { _ = try room["ben"].read(messages[number]) }
    try save()
    let update = try room["cem"].proposeUpdate(authentication: AcceptAll(), now: now)
    try room.deliver(proposal: update, by: "cem")
    try save()
    let removal = try room["ana"].propose(removing: room.leaf("cem"), authentication: AcceptAll(), now: now)
    try room.deliver(proposal: removal, by: "ana")
    try save()
    _ = try room["ben"].commit(authentication: AcceptAll(), now: now)
    try save()
    room["ben"].clearPendingCommit()
    try save()
    let output = try room["ben"].commit(includingPendingProposals: false, authentication: AcceptAll(), now: now)
    try save()
    try room.deliver(output, by: "ben")
    try save()
    // Of the epoch before, unread until now.
    #expect(try room["cem"].read(messages[7]).plaintext == [7])
    try save()
    try room.add((0..<6).map { "new \($0)" }, by: "cem")
    try save()
    #expect(try room.agree())
    try save()
    try room.commit(by: "ana", removing: (1..<6).map { "new \($0)" })
    try save()
    #expect(!room["new 3"].isActive)
    #expect(room["ana"].ratchetTree.nodes.count == 7)
    try room.commit(by: "new 0", removing: ["ana"])
    try room.commit(by: "ben")
    try save()
    room["ben"].forgetPastEpochs(before: room["ben"].epoch - 1)
    room["ben"].configuration.pastEpochCountMax = 1
    try save()
    try room.commit(by: "cem", updatingPath: false)
    try save()
    #expect(try room.agree())
  }

  @Test("writes one small record for a message, however large the group", arguments: [2, 40])
  func writtenByMessage(_ size: Int) throws {
    var room = try Room((0..<size).map { "member \($0)" }, .x25519AES128GCMSHA256Ed25519)
    var (sending, receiving) = (RecordingStorage(), RecordingStorage())
    func exchange() throws {
      let message = try room["member 0"].encrypt([UInt8](repeating: 7, count: 256))
      _ = try room["member 1"].read(message)
      (sending.written, receiving.written) = ([:], [:])
      try room["member 0"].save(to: &sending)
      try room["member 1"].save(to: &receiving)
    }
    try exchange()
    try exchange()
    let ratchet = RecordKey.ratchet(1, RatchetID(leaf: 0, kind: .application))
    #expect(sending.written == [ratchet: 55])
    #expect(receiving.written == [ratchet: 55])
    // Once nothing has changed, nothing is written.
    (sending.written, receiving.written) = ([:], [:])
    try room["member 0"].save(to: &sending)
    #expect(sending.written.isEmpty)
    // A commit writes its path, not the tree.
    try room.commit(by: "member 0")
    try room["member 1"].save(to: &receiving)
    #expect(receiving.written.keys.count { $0.kind == .node } <= 7)
  }

  @Test("holds no key of a message that was read, in memory or in a record", arguments: testedSuites)
  func deletion(_ cipherSuite: CipherSuite) throws {
    var room = try Room(["ana", "ben"], cipherSuite)
    let suite = try Suite(cipherSuite)
    let (ana, limits) = (room.leaf("ana"), RatchetLimits(outOfOrderMax: 10, forwardDistanceMax: 10))
    // What the keys are, and the secrets that they follow from.
    var tree = room["ben"].state.secretTree
    let root = try #require(tree.nodes[TreeShape(holding: 2).root])
    var (keys, chain): ([MessageKey], [Secret]) = ([], [])
    for generation in 0..<4 as Range<UInt32> {
      if generation > 0 { chain.append(try #require(tree.ratchets[RatchetID(leaf: ana, kind: .application)]?.secret)) }
      keys.append(try tree.take(ana, .application, generation: generation, suite, limits))
    }
    var storage = MemoryGroupStorage()
    func holds(_ secret: Secret) throws -> Bool {
      try room["ben"].save(to: &storage)
      // The copy is made of what is in memory.
      let isInMemory = try room["ben"].stored.contains(secret)
      #expect(isInMemory == storage.contains(secret))
      return isInMemory
    }
    let messages = try (0..<4).map { try room["ana"].encrypt([UInt8($0)]) }
    #expect(try holds(root))
    _ = try room["ben"].read(messages[1])
    // The key of message 0 waits; that of message 1 is gone, and so is all that either could be had of.
    #expect(try holds(keys[0].key))
    for gone in [root, keys[1].key, keys[1].nonce, chain[0]] { #expect(try !holds(gone)) }
    #expect(try holds(chain[1]))
    _ = try room["ben"].read(messages[0])
    for gone in [keys[0].key, keys[0].nonce] { #expect(try !holds(gone)) }

    // The same in an epoch that is past, and for all keys once the epoch is forgotten.
    try room.commit(by: "ana")
    #expect(try holds(chain[1]))
    _ = try room["ben"].read(messages[3])
    #expect(try holds(keys[2].key))
    for gone in [keys[3].key, keys[3].nonce, chain[1], chain[2]] { #expect(try !holds(gone)) }
    let late = try #require(try Group.load(from: storage))
    let senderData = room["ben"].pastEpochs[0].senderDataSecret
    #expect(try holds(senderData))
    room["ben"].forgetPastEpochs(before: room["ben"].epoch)
    for gone in [keys[2].key, keys[2].nonce, senderData] { #expect(try !holds(gone)) }
    #expect(storage.values.keys.allSatisfy { $0.epoch == 0 || $0.epoch == room["ben"].epoch })
    // What is loaded cannot read what the removed records could.
    #expect(throws: MLSError.wrongEpoch(current: 2, message: 1)) { try room["ben"].read(messages[2]) }
    room["ben"] = late
    #expect(try room["ben"].read(messages[2]).plaintext == [2])
  }

  @Test("goes back to what it was where its transaction is dropped") func rollback() throws {
    var room = try Room(["ana", "ben"], .default)
    var storage = try room["ben"].stored
    let message = try room["ana"].encrypt([1])
    var (group, transaction) = (try #require(try Group.load(from: storage)), storage)
    _ = try group.read(message)
    try group.save(to: &transaction)
    // The transaction fails: neither it nor the group is kept.
    group = try #require(try Group.load(from: storage))
    #expect(try group.read(message).plaintext == [1])
    try group.save(to: &storage)
    group = try #require(try Group.load(from: storage))
    #expect(throws: MLSError.keyConsumed) { try group.read(message) }
  }

  @Test("is none in an empty storage") func empty() throws {
    #expect(try Group.load(from: MemoryGroupStorage()) == nil)
  }

  /// A group with a record of each kind.
  private func fullStorage(_ name: String) throws -> MemoryGroupStorage {
    var room = try Room(["ana", "ben", "cem"], .x25519AES128GCMSHA256Ed25519)
    room.groups[name] = room["ana"]
    for epoch in 0..<2 as Range<UInt8> {
      let messages = try (0..<3).map { _ in try room["ben"].encrypt([epoch]) }
      _ = try room["ana"].read(messages[2])
      if epoch == 0 { try room.commit(by: "cem") }
    }
    _ = try room["ana"].proposeUpdate(authentication: AcceptAll(), now: now)
    _ = try room["ana"].propose(removing: room.leaf("ben"), authentication: AcceptAll(), now: now)
    _ = try room["ana"].commit(removing: [room.leaf("ben")], authentication: AcceptAll(), now: now)
    return try room["ana"].stored
  }

  @Test("is refused where a record is cut short, altered in its frame, missing, or another group's") func damage()
    throws
  {
    let storage = try fullStorage("ana")
    let other = try fullStorage("ana")
    #expect(Set(storage.values.keys.map(\.kind)) == Set(RecordKey.Kind.allCases))
    #expect(try Group.load(from: storage) != nil)
    #expect(try Group.load(from: other) != nil)
    func isRefused(_ key: RecordKey, _ value: [UInt8]?) -> Bool {
      var damaged = storage
      if let value { damaged.write(value, for: key) } else { damaged.remove(key...key) }
      do {
        _ = try Group.load(from: damaged)
        return false
      } catch { return error as? MLSError == .unreadableState }
    }
    for (key, value) in storage.values {
      for length in 0..<value.count { #expect(isRefused(key, Array(value.prefix(length))), "\(key), \(length) bytes") }
      #expect(isRefused(key, value + [0]), "\(key)")
      // A key that waits for a message is not missed: a message can be read without it only by whoever has it.
      #expect(isRefused(key, nil) == (key.kind != .messageKey), "\(key)")
      let foreign = try #require(other.values[key])
      // The state and a past epoch by themselves are as good as any other group's, whose other records are missed.
      #expect(isRefused(key, foreign), "\(key)")
    }
    // A record in another's place.
    for key in storage.values.keys where key.kind != .state {
      for other in storage.values.keys where other.kind == key.kind && other != key {
        #expect(isRefused(key, storage.values[other]), "\(other) at \(key)")
      }
    }
    // Keys that no group of this library has.
    for kind in RecordKey.Kind.allCases where kind != .state && kind != .messageKey {
      for item in [1 << 31, UInt64.max] {
        let key = RecordKey(kind: kind, epoch: kind == .pastEpoch ? 9 : 2, item: item)
        let value = try #require(storage.values.first { $0.key.kind == kind }).value
        if kind != .pendingCommit { #expect(isRefused(key, value), "\(key)") }
      }
    }
  }

  @Test("whose bits are flipped at random does not trap") func noise() throws {
    let storage = try fullStorage("ana")
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SeededGenerator(seed: seed)
    let keys = storage.values.keys.sorted()
    var refused = 0
    for _ in 0..<2000 {
      var damaged = storage
      let key = keys.randomElement(using: &random)!
      var value = storage.values[key]!
      value[Int.random(in: value.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      damaged.write(value, for: key)
      do { _ = try Group.load(from: damaged) } catch {
        #expect(error as? MLSError == .unreadableState, "seed \(seed)")
        refused += 1
      }
    }
    #expect(refused > 0, "seed \(seed)")
  }
}
