internal import CommandKit
internal import Crypto
internal import Dispatch
internal import Foundation
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import LiaisonTrust
internal import MerkleLog
internal import ProcessKit
internal import Sodium
internal import Synchronization
internal import TLSPresentation
internal import TestKit

/// What a registry costs: that of a node with hundreds of peers and all members of a country, and a log that is verified
/// in full.
enum TrustBenchmark {
  static func run(peers: Int, members: Int, entries: Int, into report: Report) async throws {
    try verification(of: entries, into: report)
    let folder = try TemporaryDirectory()
    let country = try Country("xa", in: folder)
    let addresses = try fill(country, peers: peers, members: members)
    report.section("a node with \(peers) peers and \(members) members")
    try start(country, into: report)
    try DirectoryBenchmark.run(country, of: addresses, into: report)
    try lookups(country, of: addresses, into: report)
    try PeopleBenchmark.searches(country, among: addresses.count, into: report)
    try MachineLimits.flushes(folder, report)
    try await appends(country, into: report)
    country.end(SIGTERM)
  }

  // MARK: A log, verified in full

  private static func verification(of count: Int, into report: Report) throws {
    report.section("a trust log of \(count) entries")
    var writer = LogWriter(handle: try Handle("xa"))
    try writer.begin()
    while writer.entries.count < count {
      writer.enter(
        MemberRequest(
          try Address("ana@xa"),
          .invitation(name: "Ana", discipline: .cyber, role: "", expiresAt: .now())
        ).act)
    }
    let head = writer.head
    let before = rawRate()
    let start = monotonicSeconds()
    let log = try TrustLog(entries: writer.entries, head: head)
    let rate = Double(log.size) / (monotonicSeconds() - start)
    let raw = (before + rawRate()) / 2
    report.add("ed25519_verify_all_cores", raw, "/s", "before and after, the mean")
    report.add("log_verify", rate, "entries/s", count: log.size)
    report.add("log_verify_share", rate / raw, "of it", count: log.size)
    report.add("log_resident", Usage.mebibytes("VmRSS", getpid()), "MiB", "entries, tree and this benchmark")
  }

  /// Signatures of 256 bytes that all processors verify in a second.
  private static func rawRate() -> Double {
    let key = Curve25519.Signing.PrivateKey()
    let message = Data(repeating: 7, count: 256)
    guard let signature = try? key.signature(for: message) else { return .nan }
    let publicKey = key.publicKey
    let each = 2000
    let parts = 8 * ProcessInfo.processInfo.activeProcessorCount
    let start = monotonicSeconds()
    DispatchQueue.concurrentPerform(iterations: parts) { _ in
      for _ in 0..<each { _ = publicKey.isValidSignature(signature, for: message) }
    }
    return Double(each * parts) / (monotonicSeconds() - start)
  }

  // MARK: A node

  /// Writes peers and members, and the decisions that made them so, into the home of a node that does not run.
  private static func fill(_ country: Country, peers: Int, members: Int) throws -> [Address] {
    let home = NodeHome(country.home)
    let storeKey = try home.unlock { () throws(CommandError) in throw CommandError(.software, "no passphrase") }
    let store = try SQLiteNodeStore(path: home.database)
    let stored = try StoredTrustLog(in: store)
    let owner = try home.administrator.open { () throws(CommandError) in
      throw CommandError(.software, "no passphrase")
    }
    var writer = LogWriter(
      handle: try Handle(country.handle), owner: owner, node: try home.nodeKey(under: storeKey),
      entries: stored.entries)
    for number in 0..<peers {
      let handle = try Handle(name(number))
      let (root, node) = (SigningKey<RootPurpose>(), SigningKey<NodePurpose>())
      let card = try NodeCard(
        handle: handle, country: "XA", name: "Country \(handle)", rootKey: root.publicKey, nodeKeys: [node.publicKey],
        endpoints: [], serial: 1, issuedAt: .now(), expiresAt: .now().adding(milliseconds: 365 * 86_400_000))
      writer.enter(.peerProposed(Signed(card, by: root).unverified))
      writer.enter(.peerVerified(handle, rootKey: root.publicKey))
      writer.enter(.peerActivated(handle, rootKey: root.publicKey))
    }
    var addresses: [Address] = []
    var generator = SeededGenerator(seed: 1)
    for start in stride(from: 0, to: members, by: 5000) {
      try store.write { transaction in
        for number in start..<min(start + 5000, members) {
          let address = try Address("member\(number)@\(country.handle)")
          let name = "Member \(number)"
          writer.enter(
            MemberRequest(
              address, .invitation(name: name, discipline: .cyber, role: "", expiresAt: .now())
            ).act)
          let device = MemberCard.Device(
            identifier: DeviceIdentifier(using: &generator),
            signatureKey: SigningKey<DeviceSignaturePurpose>().publicKey)
          let expiry = Timestamp.now().adding(milliseconds: 30 * 86_400_000)
          let card = try MemberCard(
            address: address, name: name, discipline: .cyber, role: "", devices: [device], serial: 1, issuedAt: .now(),
            expiresAt: expiry)
          try transaction.saveMember(
            MemberRecord(
              address: address, profile: MemberProfile(name: name, discipline: .cyber, role: ""),
              card: Signed(card, by: writer.node).unverified, serial: 1, cardExpiresAt: expiry, deviceCount: 1))
          try transaction.insertDevice(
            DeviceRecord(
              identifier: device.identifier, address: address,
              linkKey: SigningKey<DeviceLinkPurpose>().publicKey, signatureKey: device.signatureKey,
              enrolledAt: .now()))
          addresses.append(address)
        }
      }
    }
    try store.write { transaction in
      for (index, entry) in writer.entries.enumerated().dropFirst(stored.entries.count) {
        try transaction.appendTrustLogEntry(TrustLogEntry(sequence: UInt64(index), bytes: entry))
      }
      try transaction.saveTrustLogHead(writer.head.tlsEncoded)
    }
    return addresses
  }

  /// Names that nobody confuses.
  private static func name(_ number: Int) -> String {
    let (consonants, vowels) = (Array("bdfgkpst"), Array("aeu"))
    var rest = number
    return String(
      (0..<3).flatMap { _ -> [Character] in
        defer { rest /= consonants.count * vowels.count }
        return [consonants[rest % consonants.count], vowels[rest / consonants.count % vowels.count]]
      })
  }

  private static func start(_ country: Country, into report: Report) throws {
    var times: [Double] = []
    for _ in 0..<5 {
      try? FileManager.default.removeItem(at: country.log)
      let start = monotonicSeconds()
      let daemon = try Daemon(Country.liaisond, ["run", "--home", country.home], log: country.log)
      while try !String(contentsOf: country.log, encoding: .utf8).contains(" listening") {
        guard daemon.isRunning else {
          throw ProcessFailure(try String(contentsOf: country.log, encoding: .utf8))
        }
        usleep(2000)
      }
      times.append(monotonicSeconds() - start)
      if times.count == 5 { report.add("start_rss", Usage.mebibytes("VmRSS", daemon.identifier), "MiB") }
      daemon.end(SIGTERM)
    }
    report.add("start", times.sorted()[2], "s", count: times.count, "from the program's start until it listens; median")
  }

  private static func lookups(_ country: Country, of addresses: [Address], into report: Report) throws {
    let store = try SQLiteNodeStore(path: country.home + "/node.sqlite")
    let registry = try StoredTrustLog(in: store).log.registry
    var generator = SeededGenerator(seed: 2)
    var times: [Double] = []
    for _ in 0..<2000 {
      guard let address = addresses.randomElement(using: &generator) else { return }
      let start = monotonicSeconds()
      guard try store.read({ try $0.member(address) }) != nil else { throw ProcessFailure("\(address) is not there") }
      times.append(monotonicSeconds() - start)
    }
    report.add(latencies: "lookup_member", times)
    let handles = try (0..<2000).map { _ in
      try Handle(name(Int.random(in: 0..<registry.peers.count, using: &generator)))
    }
    report.add(
      latencies: "lookup_peer",
      try handles.map { handle in
        let start = monotonicSeconds()
        guard registry.activePeer(handle, at: .now()) != nil else { throw ProcessFailure("\(handle) is not there") }
        return monotonicSeconds() - start
      })
  }

  /// Decisions over the administrators' socket, each verified, flushed and answered before the next.
  private static func appends(_ country: Country, into report: Report) async throws {
    try country.start()
    let home = NodeHome(country.home)
    let client = AdminClient(home)
    let owner = try home.administrator.open { () throws(CommandError) in
      throw CommandError(.software, "no passphrase")
    }
    var times: [Double] = []
    for number in 0..<500 {
      guard case .position(let position) = try await client.ask(.positionRequest(AdminEmpty())),
        let root = MerkleHash(Array(position.previousRoot))
      else { throw ProcessFailure("the node does not say where its log ends") }
      let request = MemberRequest(
        try Address("new\(number)@\(country.handle)"),
        .invitation(
          name: "New", discipline: .cyber, role: "", expiresAt: Timestamp.now().adding(milliseconds: 86_400_000)))
      let decision = Decision(
        position: LogPosition(sequence: position.sequence, previousRoot: root),
        decidedAt: .now(), administrator: owner.publicKey, act: request.act)
      var ask = AdminDecide()
      ask.entry = .init(LogEntry.decision(Signed(decision, by: owner).unverified).tlsEncoded)
      ask.memberRequest = .init(request.tlsEncoded)
      let start = monotonicSeconds()
      guard case .decided = try await client.ask(.decide(ask)) else { throw ProcessFailure("not decided") }
      times.append(monotonicSeconds() - start)
    }
    report.add(latencies: "append", times)
  }
}

/// Signs entries one after the other, and verifies none: a log that a benchmark wants.
private struct LogWriter {
  let handle: Handle
  let owner: SigningKey<AdministratorPurpose>
  let node: SigningKey<NodePurpose>
  private(set) var entries: [[UInt8]]
  private var tree: MerkleTree

  init(
    handle: Handle, owner: SigningKey<AdministratorPurpose> = SigningKey(),
    node: SigningKey<NodePurpose> = SigningKey(),
    entries: [[UInt8]] = []
  ) {
    (self.handle, self.owner, self.node, self.entries) = (handle, owner, node, entries)
    tree = MerkleTree(leafHashes: entries.lazy.map { MerkleHash.leaf($0) })
  }

  /// The first entries of a log: its owner and the node's own card.
  mutating func begin() throws {
    enter(
      .administratorNamed(
        try Administrator(key: owner.publicKey, name: "Owner", roles: [.owner, .trustOfficer, .registrar])))
    let root = SigningKey<RootPurpose>()
    let card = try NodeCard(
      handle: handle, country: "XA", name: "Country", rootKey: root.publicKey, nodeKeys: [node.publicKey],
      endpoints: [], serial: 1, issuedAt: .now(), expiresAt: .now().adding(milliseconds: 365 * 86_400_000))
    enter(.ownCardIssued(Signed(card, by: root).unverified))
  }

  mutating func enter(_ act: Act) {
    let decision = Decision(
      position: LogPosition(sequence: UInt64(entries.count), previousRoot: tree.root), decidedAt: .now(),
      administrator: owner.publicKey, act: act)
    let entry = LogEntry.decision(Signed(decision, by: owner).unverified).tlsEncoded
    entries.append(entry)
    tree.append(.leaf(entry))
  }

  var head: Unverified<LogHead> {
    Signed(LogHead(handle: handle, size: UInt64(entries.count), root: tree.root, signedAt: .now()), by: node).unverified
  }
}
