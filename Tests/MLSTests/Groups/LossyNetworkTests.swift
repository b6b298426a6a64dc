import MLS
import MLSTestKit
import TestKit
import Testing

@Suite("Networks that lose, repeat and reorder")
struct LossyNetworkTests {
  static let histories: [(seed: UInt64, suite: CipherSuite)] = [
    (1, .x25519AES128GCMSHA256Ed25519), (2, .x25519ChaCha20Poly1305SHA256Ed25519), (3, .p256AES128GCMSHA256P256),
    (4, .default),
  ]

  @Test("up to 50 members end in agreement, whatever came late or never", arguments: histories)
  func agreement(seed: UInt64, suite: CipherSuite) throws {
    var network = try Network(suite, seed: seed, members: 36)
    for _ in 0..<40 { try network.step() }
    try network.settle()
    let groups = network.members.values.map(\.group)
    #expect(groups.count > 20, "seed \(seed)")
    #expect(Set(groups.map(\.epochAuthenticator)).count == 1, "seed \(seed)")
    #expect(groups.allSatisfy { $0.groupContext == network.hub.groupContext }, "seed \(seed)")
    #expect(network.hub.epoch > 12, "seed \(seed)")
    #expect(network.refusedCommits > 0 && network.refusedMessages > 0, "seed \(seed): nothing went wrong")
  }
}

/// Members and a hub that orders their handshake messages. It hands them on, as it does application data: not always, in
/// any order, and now and then twice; whoever lacks a handshake message asks for it in the end.
struct Network {
  struct Member {
    let client: Client
    var group: Group
    var inbox: [Item] = []
    let joinedIn: UInt64
    var read: Set<[UInt8]> = []
  }

  enum Item {
    case handshake(Int)
    case application(MLSMessage, [UInt8])
  }

  struct Entry {
    let epoch: UInt64
    let message: MLSMessage
    let author: String
  }

  private(set) var hub: PublicGroup
  private(set) var members: [String: Member] = [:]
  /// Commits that the hub refused, since another was first.
  private(set) var refusedCommits = 0
  /// Application messages that came twice, or too late.
  private(set) var refusedMessages = 0
  private let cipherSuite: CipherSuite
  private let seed: UInt64
  private var random: SeededGenerator
  private var log: [Entry] = []
  private var counter = 0

  init(_ cipherSuite: CipherSuite, seed: UInt64, members count: Int) throws {
    self.cipherSuite = cipherSuite
    self.seed = seed
    random = SeededGenerator(seed: seed)
    let creator = try Client("creator", cipherSuite)
    var group = try creator.createGroup()
    group.configuration.allowsApplicationDataWhilePending = true
    hub = try PublicGroup(groupInfo: group.groupInfo(withTree: true), authentication: AcceptAll(), now: now)
    members["creator"] = Member(client: creator, group: group, joinedIn: 0)
    try commit(["creator"], adding: count - 1)
    try settle()
  }

  private var names: [String] { members.keys.sorted() }
  private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
  private mutating func someone() -> String { names.randomElement(using: &random) ?? "creator" }

  mutating func step() throws {
    switch Int.random(in: 0..<10, using: &random) {
    case 0...2: try propose(someone())
    case 3...6:
      let committers = Array(names.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)))
      try commit(committers, adding: members.count < 48 ? Int.random(in: 0...2, using: &random) : 0)
    case 7: try joinExternally(resyncing: chance(50) ? someone() : nil)
    default: break
    }
    for _ in 0..<3 { try write(someone()) }
    for name in names {
      // Some are asleep.
      guard members[name] != nil, chance(70) else { continue }
      try receive(name, some: 20)
      if chance(40) { try catchUp(name) }
    }
  }

  /// Everybody gets what is theirs.
  mutating func settle() throws {
    for name in names {
      try catchUp(name)
      try receive(name, some: .max)
    }
  }

  // MARK: What members send

  private mutating func write(_ name: String) throws {
    counter += 1
    let text = Array("text \(counter)".utf8)
    guard var member = members[name] else { return }
    let message = try member.group.encrypt(text, padding: .padme)
    members[name] = member
    for other in names where other != name { post(.application(message, text), to: other) }
  }

  private mutating func post(_ item: Item, to name: String) {
    for _ in 0..<(chance(10) ? 0 : chance(10) ? 2 : 1) { members[name]?.inbox.append(item) }
  }

  private mutating func propose(_ name: String) throws {
    guard var member = members[name], !member.group.hasPendingCommit else { return }
    let others = member.group.members.map(\.leafIndex)
    let message =
      chance(60) || others.count < 25
      ? try member.group.proposeUpdate(authentication: AcceptAll(), now: now)
      : try member.group.propose(
        removing: others.randomElement(using: &random) ?? 0, authentication: AcceptAll(), now: now)
    members[name] = member
    do {
      _ = try hub.receive(proposal: reencoded(message), authentication: AcceptAll(), now: now)
      hand(on: message, by: name)
    } catch let error as MLSError {
      // It was behind.
      try #require(isWrongEpoch(error), "seed \(seed): \(error)")
    }
  }

  private mutating func hand(on message: MLSMessage, by author: String) {
    log.append(Entry(epoch: message.epoch ?? 0, message: message, author: author))
    for name in names where name != author { post(.handshake(log.count - 1), to: name) }
  }

  /// These commit at once; the hub takes the first that is not behind.
  private mutating func commit(_ committers: [String], adding count: Int) throws {
    var outputs: [(name: String, output: CommitOutput, joiners: [(Client, KeyPackageBundle)])] = []
    for name in committers {
      guard var member = members[name], !member.group.hasPendingCommit else { continue }
      var joiners: [(Client, KeyPackageBundle)] = []
      for _ in 0..<count {
        counter += 1
        let client = try Client("member \(counter)", cipherSuite)
        joiners.append((client, try client.bundle()))
      }
      let others = member.group.members.map(\.leafIndex).filter { $0 != member.group.ownLeafIndex }
      let removed = others.count > 30 && chance(30) ? others.randomElement(using: &random).map { [$0] } ?? [] : []
      let output = try member.group.commit(
        adding: joiners.map(\.1.keyPackage), removing: removed, updatingPath: chance(70), authentication: AcceptAll(),
        now: now)
      members[name] = member
      outputs.append((name, output, joiners))
    }
    for (name, output, joiners) in outputs {
      guard try order(output.commit, output.groupInfo, by: name) else { continue }
      for (client, bundle) in joiners {
        let group = try client.join(output.welcome, bundle, tree: hub.ratchetTree)
        members[client.name] = Member(client: client, group: group, joinedIn: hub.epoch)
        members[client.name]?.group.configuration.allowsApplicationDataWhilePending = true
      }
    }
  }

  /// Whether the hub takes a commit.
  private mutating func order(_ commit: MLSMessage, _ groupInfo: MLSMessage, by name: String) throws -> Bool {
    do {
      let staged = try hub.stage(reencoded(commit), authentication: AcceptAll(), now: now)
      guard case .groupInfo(let groupInfo) = try reencoded(groupInfo) else { throw MLSError.unexpectedMessage }
      try hub.merge(staged, groupInfo: groupInfo)
      hand(on: commit, by: name)
      return true
    } catch let error as MLSError {
      try #require(isWrongEpoch(error), "seed \(seed): \(error)")
      members[name]?.group.clearPendingCommit()
      refusedCommits += 1
      return false
    }
  }

  private mutating func joinExternally(resyncing name: String?) throws {
    guard let groupInfo = hub.groupInfo, name != nil || members.count < 50 else { return }
    counter += 1
    let client = try name.flatMap { members[$0]?.client } ?? Client("member \(counter)", cipherSuite)
    // Its own old leaf, if it is still there.
    let old = hub.members.first { $0.signatureKey == client.signatureKey.publicKey }?.leafIndex
    let join = try Group.joinExternally(
      groupInfo, ratchetTree: hub.ratchetTree, credential: client.credential, signatureKey: client.signatureKey,
      replacing: old, authentication: AcceptAll(), now: now)
    let isFirst = try order(join.commit, join.groupInfo, by: client.name)
    try #require(isFirst, "seed \(seed)")
    members[client.name] = Member(client: client, group: join.group, joinedIn: hub.epoch)
    members[client.name]?.group.configuration.allowsApplicationDataWhilePending = true
  }

  // MARK: What members receive

  /// Takes some items of a member's inbox, in any order.
  private mutating func receive(_ name: String, some count: Int) throws {
    var items = members[name]?.inbox.shuffled(using: &random) ?? []
    members[name]?.inbox = []
    var early: [Item] = []
    for _ in 0..<min(count, items.count) {
      guard let item = items.popLast(), let member = members[name] else { break }
      switch item {
      case .handshake(let index):
        if log[index].epoch > member.group.epoch { early.append(item) } else { try take(log[index], by: name) }
      case .application(let message, let text):
        if message.epoch ?? 0 > member.group.epoch { early.append(item) } else { try read(message, text, by: name) }
      }
    }
    members[name]?.inbox += early + items
  }

  /// Asks the hub for every handshake message since the member's epoch.
  private mutating func catchUp(_ name: String) throws {
    for entry in log where entry.epoch >= members[name]?.group.epoch ?? .max { try take(entry, by: name) }
    if let member = members[name] { try #require(member.group.epoch == hub.epoch, "seed \(seed)") }
  }

  private mutating func take(_ entry: Entry, by name: String) throws {
    guard var member = members[name] else { return }
    let isCommit = entry.message.contentType == .commit
    if entry.author == name {
      if isCommit, entry.epoch == member.group.epoch { try member.group.mergePendingCommit(now: now) }
      members[name] = member
      return
    }
    do {
      if case .commit(let staged) = try member.group.receive(reencoded(entry.message)) {
        try member.group.merge(staged)
      }
      members[name] = member.group.isActive ? member : nil
    } catch let error as MLSError {
      if entry.epoch < member.group.epoch {
        try #require(isWrongEpoch(error), "seed \(seed): \(error)")
      } else {
        // The proposals that it refers to were lost or are late: the hub has them.
        try #require(error == .unknownProposal, "seed \(seed): \(error)")
        try catchUp(name)
      }
    }
  }

  private mutating func read(_ message: MLSMessage, _ text: [UInt8], by name: String) throws {
    guard var member = members[name], let epoch = message.epoch else { return }
    defer { members[name] = member }
    do {
      let read = try member.group.read(reencoded(message))
      try #require(read.plaintext == text, "seed \(seed)")
      try #require(member.read.insert(text).inserted, "seed \(seed): a message was read twice")
    } catch let error as MLSError {
      refusedMessages += 1
      let isTooOld = epoch + UInt64(member.group.configuration.pastEpochCountMax) < member.group.epoch
      if isTooOld || epoch < member.joinedIn {
        try #require(isWrongEpoch(error), "seed \(seed): \(error)")
      } else {
        try #require(error == .keyConsumed && member.read.contains(text), "seed \(seed): \(error)")
      }
    }
  }

  private func isWrongEpoch(_ error: MLSError) -> Bool {
    if case .wrongEpoch = error { true } else { false }
  }
}
