import Foundation
import LiaisonAdmin
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import Logging
import Synchronization
import TLSPresentation
import TestKit
import Testing

/// The adversaries of ARCHITECTURE.md §8 who want to change whom a node trusts, by what they have: the node's socket and
/// perhaps a key, a link, the disk, or the clock. Each attempt ends in a refusal with a reason, a line in the node's log,
/// and a registry and a trust log as before.
@Suite("Red team: trust") struct RedTeamTests {
  private typealias Key = SigningKey<AdministratorPurpose>
  private typealias Country = TrustKeeperTests.Country

  /// Lines at `warning` and above.
  final class Lines: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func append(_ line: String) { lines.withLock { $0.append(line) } }
  }

  struct Handler: LogHandler {
    let lines: Lines
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]

    init(_ lines: Lines) { self.lines = lines }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      lines.append("\(event.message) \(event.metadata ?? [:])")
    }
  }

  private let clock = TrustKeeperTests.Clock()
  private let own: Country
  private let peer: Country
  private let owner = Key()
  private let officer = Key()
  private let registrar = Key()
  private let removed = Key()
  private let keeper: TrustKeeper
  private let service: AdminService
  private let lines = Lines()
  private let folder: TemporaryDirectory
  private let audit: AuditLog
  private let past: [[UInt8]]

  init() throws {
    own = try Country("xa")
    peer = try Country("xb")
    let now = clock.now
    var log = TrustLog()
    var entries: [[UInt8]] = []
    for act in [
      .administratorNamed(try Administrator(key: owner.publicKey, name: "Owner", roles: NewNode.firstRoles)),
      .ownCardIssued(try own.card(serial: 1, at: now)), .peerProposed(try peer.card(serial: 5, at: now)),
      .peerVerified(peer.handle, rootKey: peer.root.publicKey), peer.activation,
      .peerSuspended(peer.handle), peer.activation,
      .administratorNamed(try Administrator(key: officer.publicKey, name: "Officer", roles: [.trustOfficer])),
      .administratorNamed(try Administrator(key: registrar.publicKey, name: "Registrar", roles: [.registrar])),
      .administratorNamed(try Administrator(key: removed.publicKey, name: "Removed", roles: [.owner])),
    ] as [Act] {
      let entry = TrustKeeperTests.entry(act, at: log.nextPosition, now, by: owner)
      try log.append(entry)
      entries.append(entry)
    }
    // Two owners remove the one whose key was stolen.
    let removal = Act.administratorRemoved(removed.publicKey, reason: "stolen")
    let proposal = log.nextPosition.sequence
    for (act, key) in [(removal, owner), (.proposalSigned(proposal, ActDigest(of: removal)), removed)] as [(Act, Key)] {
      let entry = TrustKeeperTests.entry(act, at: log.nextPosition, now, by: key)
      try log.append(entry)
      entries.append(entry)
    }
    past = entries
    folder = try TemporaryDirectory()
    audit = try AuditLog(folder: folder.path("audit"), at: now)
    let (clock, lines) = (clock, lines)
    let logger = Logger(label: "red team") { _ in Handler(lines) }
    let node = TrustKeeperTests.Node()
    keeper = try TrustKeeper(
      log: log, entries: entries, key: own.node, node: node, audit: audit, clock: { clock.now }, logger: logger)
    service = AdminService(
      keeper: keeper, node: node, home: NodeHome("/nowhere"), software: "test",
      listening: try Endpoint("127.0.0.1:1"), clock: { clock.now }, logger: logger)
  }

  /// Brings an entry to the socket, and holds what comes of it against what has to.
  private func attack(
    _ what: String, _ entry: [UInt8], member: MemberRequest? = nil, _ reason: AdminFailure.Reason, _ text: String
  ) async throws {
    let (registry, position, before) = (await keeper.registry, await keeper.position, lines.all.count)
    let mark = audit.mark
    var frame = AdminFrame()
    frame.decide.entry = Data(entry)
    if let member { frame.decide.memberRequest = Data(member.tlsEncoded) }
    let answer = await service.answer(frame)
    #expect(answer.failure.reason == reason, "\(what): \(answer)")
    #expect(answer.failure.text.contains(text), "\(what): \(answer.failure.text)")
    #expect(await keeper.registry == registry, "\(what)")
    #expect(await keeper.position == position, "\(what)")
    let line = lines.all.dropFirst(before)
    #expect(line.count == 1 && line.first?.hasPrefix("a decision was refused ") == true, "\(what): \(line)")
    let audited = try audit.page(from: mark.size, bytesMax: .max).lines.compactMap { AuditLine($0) }
    #expect(audited.map(\.event) == [.decisionRefused], "\(what)")
    #expect(audited.first?.why == (member == nil ? answer.failure.text : "\(reason)"), "\(what)")
    #expect(audited.first?.who.isEmpty == false && audited.first?.what.isEmpty == false, "\(what)")
    if member == nil { #expect(line.first?.contains(answer.failure.text) == true, "\(what): \(line)") }
  }

  private func entry(_ act: Act, by key: Key, at time: Timestamp? = nil) async -> [UInt8] {
    TrustKeeperTests.entry(act, at: await keeper.position, time ?? clock.now, by: key)
  }

  @Test("stolen administrator key: one that was removed, a stranger's, and another role's decide nothing")
  func keys() async throws {
    let revocation = Act.peerRevoked(peer.handle, reason: "x")
    let stranger = "no administrator's"
    try await attack("a removed key", await entry(revocation, by: removed), .notPermitted, stranger)
    let unknown = Key()
    try await attack("a stranger's key", await entry(revocation, by: unknown), .notPermitted, stranger)
    try await attack("a registrar's key", await entry(revocation, by: registrar), .notPermitted, "trust officer")
    let thief = Act.administratorNamed(try Administrator(key: Key().publicKey, name: "Thief", roles: [.owner]))
    try await attack("an officer's key", await entry(thief, by: officer), .notPermitted, "role owner")
    let invitation = MemberRequest(
      try Address("thief@xa"), .invitation(name: "Thief", discipline: .cyber, role: "", expiresAt: clock.now))
    try await attack(
      "an officer's key", await entry(invitation.act, by: officer), member: invitation, .notPermitted, "registrar")
    #expect(!lines.all.joined().contains("thief@xa"))
    let audited = try audit.page(from: 0, bytesMax: .max).lines
    #expect(!String(decoding: audited.joined(), as: UTF8.self).contains("thief"))
    #expect(
      audited.compactMap { AuditLine($0)?.who } == [
        "the key \(removed.publicKey)", "the key \(unknown.publicKey)",
        "Registrar", "Officer", "Officer",
      ])
  }

  @Test("stolen administrator key: an officer's admits nobody alone, and signs for nobody else")
  func stolenKey() async throws {
    _ = try await keeper.decide(await entry(.peerSuspended(peer.handle), by: officer))
    let activation = peer.activation
    let number = await keeper.position.sequence
    let (record, _) = try await keeper.decide(await entry(activation, by: officer))
    #expect(record.decision?.outcome.effect == nil)
    #expect(await keeper.registry.peer(peer.handle)?.state == .suspended)
    let signature = Act.proposalSigned(number, ActDigest(of: activation))
    try await attack("a second signature", await entry(signature, by: officer), .notPermitted, "signed proposal")
    try await attack("a removed owner's", await entry(signature, by: removed), .notPermitted, "no administrator's")
    let other = Act.proposalSigned(number, ActDigest(of: own.activation))
    try await attack("another act's digest", await entry(other, by: owner), .malformed, "something else")
    let forged = Decision(
      position: await keeper.position, decidedAt: clock.now, administrator: owner.publicKey, act: signature)
    try await attack(
      "the owner's name", LogEntry.decision(Signed(forged, by: officer).unverified).tlsEncoded, .malformed,
      "signature does not verify")
  }

  @Test("replayed decision: it is good once, in its place, in its log")
  func replay() async throws {
    for (index, old) in past.enumerated() {
      try await attack("entry \(index) again", old, .later, "it was signed as entry")
    }
    let elsewhere = LogPosition(sequence: await keeper.position.sequence, previousRoot: .emptyTree)
    let act = Act.peerSuspended(peer.handle)
    try await attack(
      "another log's", TrustKeeperTests.entry(act, at: elsewhere, clock.now, by: owner), .later, "after other entries")
    var bytes = await entry(act, by: owner)
    bytes[bytes.count - 1] ^= 1
    try await attack("a bent signature", bytes, .malformed, "signature does not verify")
    try await attack("noise", [1, 2, 3], .malformed, "malformed")
  }

  private func propose(_ what: String, _ act: Act, _ reason: AdminFailure.Reason, _ text: String) async throws {
    try await attack(what, await entry(act, by: officer), reason, text)
  }

  @Test("downgraded card: one that is older, or another root's, takes the place of none")
  func downgrade() async throws {
    let now = clock.now
    try await propose("a downgrade", .peerCardUpdated(peer.card(serial: 4, at: now)), .notPermitted, "has serial 4")
    try await propose("the same", .peerCardUpdated(peer.card(serial: 5, at: now)), .notPermitted, "here already")
    let impostor = try Country("xb")
    try await propose(
      "an impostor", .peerProposed(impostor.card(serial: 9, at: now)), .notPermitted, "another root key")
    try await propose(
      "an impostor's next", .peerCardUpdated(impostor.card(serial: 9, at: now)), .notPermitted, "another root key")
    try await propose(
      "an impostor's root", .peerVerified(peer.handle, rootKey: impostor.root.publicKey), .notPermitted, "not the one")
    try await propose("an impostor's activation", impostor.activation, .notPermitted, "another root key")
    let issue = Act.ownCardIssued(try own.card(serial: 1, at: now))
    try await attack("our own last card", await entry(issue, by: owner), .notPermitted, "serial is not higher")
  }

  @Test("look-alike handle: neither a known name, nor one like it, nor a known key is taken twice")
  func lookAlike() async throws {
    let now = clock.now
    for handle in ["x-b", "xb-", "x--b"] {
      try await propose(
        handle, .peerProposed(Country(handle).card(serial: 1, at: now)), .notPermitted, "looks like xb")
    }
    try await propose(
      "like ours", .peerProposed(Country("x-a").card(serial: 1, at: now)), .notPermitted, "looks like this node's own")
    try await propose("our name", .peerProposed(Country("xa").card(serial: 1, at: now)), .notPermitted, "own handle")
    let keyTaken = try Country("xc").card(serial: 1, at: now, key: peer.node.publicKey)
    try await propose("another's key", .peerProposed(keyTaken), .notPermitted, "holds a key of xb")
    let ourKey = try Country("xc").card(serial: 1, at: now, key: own.node.publicKey)
    try await propose("our key", .peerProposed(ourKey), .notPermitted, "a key of this node's own")
  }

  @Test(
    "charter with a swapped key: neither an officer who did not look, nor the others' signatures, bring it in force")
  func swappedCharter() async throws {
    let (third, thief) = (try Country("xc"), SigningKey<RootPurpose>())
    func charter(peerRoot: RootKey, ownRoot: RootKey? = nil) throws -> VerifiedCharter {
      try LiaisonAdminTests.charter(
        of: [own.member(root: ownRoot), peer.member(root: peerRoot), third.member()], at: clock.now)
    }
    let honest = signed(try charter(peerRoot: peer.root.publicKey), by: own.root, peer.root, third.root)
    let swapped = try charter(peerRoot: thief.publicKey)
    // The honest signatures under the swapped text: they verify no more.
    var encoder = TLSEncoder()
    encoder.write(opaque: swapped.signed.statement)
    encoder.write(vector: honest.signed.signatures)
    let moved = try SignedCharter(tlsEncoded: encoder.bytes)
    try await attack(
      "signatures that were moved", await entry(.charterAdopted(moved, despite: []), by: officer), .malformed,
      "changed after it was signed")
    try await attack(
      "a charter that lacks a signature",
      await entry(
        .charterAdopted(
          signed(try charter(peerRoot: peer.root.publicKey), by: own.root, third.root).signed, despite: []), by: officer
      ),
      .notPermitted, "it names without their signature: xb")
    // Everybody signed it, the thief for xb; here xb's root key was compared over another channel.
    let complete = signed(swapped, by: own.root, thief, third.root)
    try await attack(
      "a peer's key that was swapped", await entry(.charterAdopted(complete.signed, despite: []), by: officer),
      .notPermitted, "ANOTHER ROOT KEY for xb")
    let ours = signed(
      try charter(peerRoot: peer.root.publicKey, ownRoot: thief.publicKey), by: thief, peer.root, third.root)
    try await attack(
      "this country's key that was swapped", await entry(.charterAdopted(ours.signed, despite: []), by: officer),
      .notPermitted, "ANOTHER ROOT KEY for this country, xa")
    try await attack(
      "a registrar", await entry(.charterAdopted(honest.signed, despite: []), by: registrar), .notPermitted,
      "trust officer")
  }

  @Test("expired everything: cards, a proposal and the peer's acceptance end with their time")
  func expired() async throws {
    let now = clock.now
    let past = now.subtracting(milliseconds: 2 * 86_400_000)
    try await propose(
      "an expired card", .peerProposed(Country("xc").card(serial: 1, at: past)), .malformed, "has expired")
    try await propose("an expired next", .peerCardUpdated(peer.card(serial: 6, at: past)), .malformed, "has expired")
    let ours = Act.ownCardIssued(try own.card(serial: 2, at: past))
    try await attack("our own card", await entry(ours, by: owner), .malformed, "has expired")
    _ = try await keeper.decide(await entry(.peerSuspended(peer.handle), by: officer))
    let number = await keeper.position.sequence
    _ = try await keeper.decide(await entry(peer.activation, by: officer))
    // A card lasts a day here, a proposal a week.
    clock.pass(milliseconds: 8 * 86_400_000)
    let signature = Act.proposalSigned(number, ActDigest(of: peer.activation))
    try await attack("a proposal", await entry(signature, by: owner), .malformed, "proposal \(number) has expired")
    try await propose("a peer whose card expired", peer.activation, .malformed, "has expired")
  }

  @Test("clock a year off: an administrator's is refused, and a node's own admits nobody until it is right again")
  func clocks() async throws {
    let year: UInt64 = 365 * 86_400_000
    let now = clock.now
    let times = [now.adding(milliseconds: year), now.subtracting(milliseconds: year)]
    let act = Act.peerSuspended(peer.handle)
    for time in times {
      try await attack("an administrator's", await entry(act, by: owner, at: time), .malformed, "more than an hour")
    }
    try await propose(
      "a card of tomorrow", .peerProposed(Country("xc").card(serial: 1, at: now.adding(milliseconds: 86_400_000))),
      .malformed, "dated in the future")
    let registry = await keeper.registry
    for time in times {
      clock.time.withLock { $0 = time }
      await keeper.refresh()
      #expect(PeerTable(await keeper.registry, at: clock.now).active.isEmpty)
      try await attack("the node's", await entry(act, by: owner, at: now), .malformed, "more than an hour")
      clock.time.withLock { $0 = now }
      await keeper.refresh()
      #expect(PeerTable(await keeper.registry, at: clock.now).active == [peer.handle])
    }
    #expect(await keeper.registry == registry)
  }

  @Test("hostile peer: what it shows of itself, of others and of this node's log changes nothing that is trusted")
  func hostilePeer() async throws {
    let (registry, position, now) = (await keeper.registry, await keeper.position, clock.now)
    // Next cards by the known root key, with somebody else's keys, or out of their time.
    let cards: [(Unverified<NodeCard>, String)] = [
      (try peer.card(serial: 6, at: now, key: own.node.publicKey), "a key of this node's own"),
      (try peer.card(serial: 6, at: now.subtracting(milliseconds: 2 * 86_400_000)), "has expired"),
      (try peer.card(serial: 6, at: now.adding(milliseconds: 86_400_000)), "dated in the future"),
    ]
    for (card, reason) in cards {
      let failure = await #expect(throws: Frame.Failure.self) { try await keeper.received(card) }
      #expect(failure?.text.contains(reason) == true)
    }
    // Heads of this node's log that this node never signed, or of a time that has not come.
    let forged = LogHead(handle: own.handle, size: 99, root: position.previousRoot, signedAt: now)
    var ahead = forged
    ahead.signedAt = now.adding(milliseconds: 365 * 86_400_000)
    for seen in [Signed(forged, by: peer.node).bytes, Signed(ahead, by: own.node).bytes, [0, 1]] {
      #expect(await keeper.take(Frame.TrustLogHeads(seen: seen), from: peer.handle) == nil)
      #expect(await keeper.lostHistory == nil)
    }
    // Its own log, cut, then dated ahead: told, and what was seen stays.
    func head(_ size: UInt64, at time: Timestamp) -> [UInt8] {
      let head = LogHead(handle: peer.handle, size: size, root: position.previousRoot, signedAt: time)
      return Signed(head, by: peer.node).bytes
    }
    let seen = head(9, at: now)
    _ = await keeper.take(Frame.TrustLogHeads(own: seen), from: peer.handle)
    for (own, reason) in [
      (head(3, at: now), "lacks entries that were seen here"), (head(9, at: ahead.signedAt), "dated ahead"),
    ] {
      let before = lines.all.count
      _ = await keeper.take(Frame.TrustLogHeads(own: own), from: peer.handle)
      #expect(lines.all.dropFirst(before).contains { $0.contains(reason) })
      #expect(await keeper.peerAlarms.contains { $0.contains(reason) })
      #expect(await keeper.heads(for: peer.handle).seen == seen)
    }
    #expect(await keeper.registry == registry)
    #expect(await keeper.position == position)
  }

  @Test("hostile peer: a card that is refused on its link leaves a line, whatever it shows besides and next")
  func refusedCards() async throws {
    let now = clock.now
    let registry = await keeper.registry
    let (known, position) = (registry.peer(peer.handle)?.card.unverified, await keeper.position)
    let impostor = try Country("xb")
    // Noise: what is wrong with notices shares nothing with it.
    for _ in 0..<40 { await keeper.take([[1, 2, 3]], from: peer.handle) }
    let attempts: [(Unverified<NodeCard>, String)] = [
      (try peer.card(serial: 4, at: now), "serial 4, and serial 5 is known"),
      (try peer.card(serial: 5, at: now.subtracting(milliseconds: 1000)), "another card than the known one"),
      (try impostor.card(serial: 6, at: now), "its known root key did not sign"),
      (try peer.card(serial: 6, at: now.subtracting(milliseconds: 2 * 86_400_000)), "expired"),
      (try peer.card(serial: 6, at: now, key: own.node.publicKey), "a key of this node's own"),
    ]
    for (card, reason) in attempts {
      let (size, before) = (audit.mark.size, lines.all.count)
      await keeper.shown(card, by: peer.handle)
      let written = try audit.page(from: size, bytesMax: .max).lines.compactMap { AuditLine($0) }
      #expect(written.map(\.event) == [.cardRefused], "\(reason)")
      #expect(written.first?.who == "xb" && written.first?.why?.contains(reason) == true, "\(written)")
      #expect(await keeper.cardAlarms[peer.handle]?.contains(reason) == true)
      if before < lines.all.count { #expect(lines.all.last?.contains(reason) == true) }
      await keeper.shown(try #require(known), by: peer.handle)
      #expect(await keeper.cardAlarms[peer.handle] == nil)
    }
    #expect(lines.all.count { $0.hasPrefix("a peer shows a card that is refused") } == 3)
    for _ in 0..<1000 { await keeper.shown(attempts[0].0, by: peer.handle) }
    let all = try audit.page(from: 0, bytesMax: .max).lines.compactMap { AuditLine($0) }
    #expect(all.count { $0.event == .cardRefused } == 20)
    #expect(all.count { $0.event == .noticeRefused } == 20)
    #expect(await keeper.registry == registry)
    #expect(await keeper.position == position)
  }

  @Test("stolen socket: noise pushes nothing out of the audit log, and hides nobody else's attempt")
  func noise() async throws {
    var frame = AdminFrame()
    for number in 0..<300 {
      let act = Act.peerRevoked(peer.handle, reason: "\(number)")
      frame.decide.entry = number.isMultiple(of: 2) ? Data([1, 2, 3]) : Data(await entry(act, by: Key()))
      #expect(await service.answer(frame).failure.text.isEmpty == false)
    }
    #expect(audit.mark.size == 20)
    // Nobody else is hidden by it.
    try await attack(
      "a registrar's key", await entry(.peerSuspended(peer.handle), by: registrar), .notPermitted, "trust officer")
    clock.pass(milliseconds: 3_600_000)
    let size = audit.mark.size
    _ = await service.answer(frame)
    let line = try #require(try audit.page(from: size, bytesMax: .max).lines.first.flatMap { AuditLine($0) })
    #expect(line.event == .decisionRefused && line.unwritten == 280)
  }

  @Test("audit log made anew on disk: a peer that has seen other lines of it says so, however many there are now")
  func auditMadeAnew() async throws {
    let own = own
    let content = await keeper.page(from: 0, bytesMax: 0).head.content
    let now = clock.now
    func seen(_ mark: AuditMark) -> Frame.TrustLogHeads {
      let head = LogHead(handle: own.handle, size: content.size, root: content.root, audit: mark, signedAt: now)
      return Frame.TrustLogHeads(seen: Signed(head, by: own.node).bytes)
    }
    func damages() throws -> [String] {
      try audit.page(from: 0, bytesMax: .max).lines.compactMap { AuditLine($0) }
        .filter { $0.event == .auditDamaged }.map(\.what)
    }
    for number in 0..<9 { audit.append(AuditEvent(.decisionTaken, who: "Owner", what: "\(number)"), at: now) }
    let written = try audit.page(from: 0, bytesMax: .max).lines
    for size in [0, 4, 9] {
      let mark = AuditMark(
        first: 0, size: UInt64(size), digest: size == 0 ? AuditMark.empty.digest : .leaf(written[size - 1]))
      _ = await keeper.take(seen(mark), from: peer.handle)
    }
    #expect(try damages().isEmpty)
    clock.pass(milliseconds: 60_000)
    let other = AuditMark(first: 0, size: 4, digest: .leaf([1]))
    _ = await keeper.take(seen(other), from: peer.handle)
    #expect(try damages() == ["xb has seen other lines of this audit log, up to line 3"])
    #expect(lines.all.last?.contains("up to line 3") == true)
    // However often it is shown, it is looked at once a minute.
    for _ in 0..<1000 { _ = await keeper.take(seen(other), from: peer.handle) }
    #expect(try damages().count <= 3)
    let longer = AuditMark(first: 0, size: 99, digest: .leaf([1]))
    _ = await keeper.take(seen(longer), from: peer.handle)
    #expect(try damages().last?.hasPrefix("xb has seen 99 lines of this audit log") == true)
  }

  @Test("log edited on disk: any byte, entry or order that is other is found at start, and named")
  func editedLog() async throws {
    let page = await keeper.page(from: 0, bytesMax: .max)
    let head = page.head.unverified
    _ = try TrustLog(entries: page.entries, head: head)
    var tried = 0
    func start(_ what: String, _ entries: [[UInt8]], names index: Int?) {
      tried += 1
      do {
        _ = try TrustLog(entries: entries, head: head)
        Issue.record("\(what) was not found")
      } catch {
        switch error {
        case .entry(let found, let why): #expect(found == index && !why.sentence.isEmpty, "\(what)")
        default: #expect(index == nil && !error.sentence.isEmpty, "\(what)")
        }
      }
    }
    let last = page.entries.count - 1
    for index in page.entries.indices {
      for position in stride(from: 0, to: page.entries[index].count, by: 7) {
        var entries = page.entries
        entries[index][position] ^= 0x10
        start("byte \(position) of entry \(index)", entries, names: index)
      }
      var dropped = page.entries
      dropped.remove(at: index)
      start("entry \(index) dropped", dropped, names: index == last ? nil : index)
      var repeated = page.entries
      repeated.insert(page.entries[index], at: index)
      start("entry \(index) twice", repeated, names: index + 1)
      guard index < last else { continue }
      var swapped = page.entries
      swapped.swapAt(index, index + 1)
      start("entries \(index) and \(index + 1) swapped", swapped, names: index)
    }
    start("all entries gone", [], names: nil)
    print("log edited on disk: \(tried) changes of \(page.entries.count) entries were tried, and each was found")
  }

  @Test("stolen root or node key: what they enter does not come by the administrators' door")
  func otherEntries() async throws {
    let position = await keeper.position
    let recovery = Recovery(
      position: position, recoveredAt: clock.now, rootKey: own.root.publicKey,
      owner: try Administrator(key: Key().publicKey, name: "Thief", roles: [.owner]), lost: [owner.publicKey])
    try await attack(
      "a recovery", LogEntry.recovery(Signed(recovery, by: own.root).unverified).tlsEncoded, .notPermitted,
      "not an administrator's decision")
    let received = CardReceived(
      position: position, receivedAt: clock.now, nodeKey: own.node.publicKey,
      card: try peer.card(serial: 6, at: clock.now))
    try await attack(
      "a received card", LogEntry.cardReceived(Signed(received, by: own.node).unverified).tlsEncoded, .notPermitted,
      "not an administrator's decision")
  }
}
