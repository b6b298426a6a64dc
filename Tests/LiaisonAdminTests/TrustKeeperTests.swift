import LiaisonAdmin
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import Logging
import Synchronization
import TestKit
import Testing

@Suite("Keeping the trust log of a running node") struct TrustKeeperTests {
  /// A node that keeps what it is told, or refuses it.
  final class Node: AdministeredNode {
    struct State {
      var failure: Frame.Failure?
      var log: [TrustLogEntry] = []
      var heads: [[UInt8]] = []
      var tables: [PeerTable] = []
      var identities: [NodeIdentity] = []
      var members: [AdministrationRequest] = []
      var growths = 0
      var notices: [(bytes: [UInt8], subject: Handle)] = []
      var charters: [(bytes: [UInt8], peers: Set<Handle>)] = []
    }
    let state = Mutex(State())

    func administer(_ request: AdministrationRequest) async -> AdministrationAnswer {
      // Others get their turn while the disk is slow.
      try? await Task.sleep(for: .milliseconds(2))
      return state.withLock { state in
        if case .saveTrustLogHead(let head) = request {
          state.heads.append(head)
          return .done
        }
        guard case .decide(let entry, let head, let table, let identity, let members) = request else {
          return .failed(Frame.Failure(.unknown, "not a decision"))
        }
        if let failure = state.failure { return .failed(failure) }
        state.log.append(entry)
        state.heads.append(head)
        state.tables.append(table)
        if let identity { state.identities.append(identity) }
        if let members { state.members.append(members) }
        return .done
      }
    }

    func giveNotice(_ notice: [UInt8], about subject: Handle) async {
      state.withLock { $0.notices.append((notice, subject)) }
    }

    func tell(charter: [UInt8], to peers: Set<Handle>) async {
      state.withLock { $0.charters.append((charter, peers)) }
    }

    func trustLogGrew() async { state.withLock { $0.growths += 1 } }

    func take(_ input: Input) async {
      state.withLock { state in
        switch input {
        case .registryChanged(let table): state.tables.append(table)
        default: break
        }
      }
    }
  }

  final class Clock: Sendable {
    let time = Mutex(Timestamp(milliseconds: 1_790_000_000_000))
    var now: Timestamp { time.withLock { $0 } }
    func pass(milliseconds: UInt64) { time.withLock { $0 = $0.adding(milliseconds: milliseconds) } }
  }

  struct Country {
    let handle: Handle
    let root = SigningKey<RootPurpose>()
    let node = SigningKey<NodePurpose>()

    init(_ handle: String) throws { self.handle = try Handle(handle) }

    var activation: Act { .peerActivated(handle, rootKey: root.publicKey) }

    func card(serial: UInt64, at now: Timestamp, key: NodeKey? = nil) throws -> Unverified<NodeCard> {
      Signed(
        try NodeCard(
          handle: handle, country: "XA", name: "A", rootKey: root.publicKey, nodeKeys: [key ?? node.publicKey],
          endpoints: [], serial: serial, issuedAt: now, expiresAt: now.adding(milliseconds: 86_400_000)),
        by: root
      ).unverified
    }
  }

  let node = Node()
  let clock = Clock()
  let own: Country
  let other: Country
  let owner = SigningKey<AdministratorPurpose>()
  let keeper: TrustKeeper
  let spare = SigningKey<NodePurpose>()

  init() throws {
    own = try Country("xa")
    other = try Country("xb")
    var log = TrustLog()
    var entries: [[UInt8]] = []
    for act in [
      Act.administratorNamed(try Administrator(key: owner.publicKey, name: "owner", roles: NewNode.firstRoles)),
      .ownCardIssued(try own.card(serial: 1, at: clock.now)),
    ] {
      let entry = Self.entry(act, at: log.nextPosition, clock.now, by: owner)
      try log.append(entry)
      entries.append(entry)
    }
    let clock = clock
    keeper = try TrustKeeper(
      log: log, entries: entries, key: own.node, spare: spare, node: node, clock: { clock.now },
      logger: Logger(label: "test"))
  }

  static func entry(
    _ act: Act, at position: LogPosition, _ now: Timestamp, by key: SigningKey<AdministratorPurpose>
  ) -> [UInt8] {
    let decision = Decision(position: position, decidedAt: now, administrator: key.publicKey, act: act)
    return LogEntry.decision(Signed(decision, by: key).unverified).tlsEncoded
  }

  private func decide(_ act: Act) async throws {
    let position = await keeper.position
    _ = try await keeper.decide(Self.entry(act, at: position, clock.now, by: owner))
  }

  private func admit() async throws {
    try await decide(.peerProposed(other.card(serial: 1, at: clock.now)))
    try await decide(.peerVerified(other.handle, rootKey: other.root.publicKey))
    try await decide(other.activation)
  }

  @Test("a decision reaches the node with its entry, a head over it and its effect; the whole verifies")
  func decision() async throws {
    try await admit()
    let (log, heads, tables) = node.state.withLock { ($0.log, $0.heads, $0.tables) }
    #expect(log.map(\.sequence) == [2, 3, 4])
    #expect(tables.map { $0.isActive(other.handle) } == [false, false, true])
    #expect(node.state.withLock { $0.growths } == 3)
    let page = await keeper.page(from: 0, bytesMax: .max)
    #expect(page.entries.suffix(3) == log.map(\.bytes)[...])
    let head = try Unverified<LogHead>(tlsEncoded: try #require(heads.last))
    #expect(try TrustLog(entries: page.entries, head: head).size == 5)
    #expect(await keeper.page(from: 4, bytesMax: 1).entries == [log[2].bytes])
    #expect(await keeper.page(from: 5, bytesMax: .max).entries.isEmpty)
  }

  @Test("the first seal of a start stores a head over what was audited meanwhile, and the next only where more was")
  func seal() async throws {
    let folder = try TemporaryDirectory()
    let audit = try AuditLog(folder: folder.path("audit"), at: clock.now)
    audit.append(AuditEvent(.nodeStarted, who: "this node", what: "x"), at: clock.now)
    let page = await keeper.page(from: 0, bytesMax: .max)
    let (node, clock) = (Node(), clock)
    let started = try TrustKeeper(
      log: TrustLog(entries: page.entries, head: page.head.unverified), entries: page.entries, key: own.node,
      node: node, audit: audit, clock: { clock.now }, logger: Logger(label: "test"))
    func stored() throws -> [AuditMark] {
      try node.state.withLock { $0.heads }.map { try Unverified<LogHead>(tlsEncoded: $0).claim().audit }
    }
    #expect(try stored().isEmpty)
    try await started.seal()
    #expect(try stored() == [audit.mark])
    try await started.seal()
    #expect(try stored().count == 1)
    audit.append(AuditEvent(.nodeStopped, who: "this node", what: "x"), at: clock.now)
    try await started.seal()
    #expect(try stored().last == audit.mark)
    #expect(try stored().count == 2)
  }

  @Test("what the node could not store did not happen, and can be decided again")
  func storeFails() async throws {
    let before = await keeper.position
    node.state.withLock { $0.failure = Frame.Failure(.later, "the disk is full") }
    let entry = Self.entry(.peerProposed(try other.card(serial: 1, at: clock.now)), at: before, clock.now, by: owner)
    let error = await #expect(throws: Frame.Failure.self) { try await keeper.decide(entry) }
    #expect(error?.reason == .later)
    #expect(await keeper.position == before)
    #expect(await keeper.registry.peers.isEmpty)
    node.state.withLock { $0.failure = nil }
    _ = try await keeper.decide(entry)
    #expect(await keeper.registry.peer(other.handle)?.state == .proposed)
  }

  @Test("of decisions signed for one place at once, one takes effect")
  func race() async throws {
    let position = await keeper.position
    let entries = try (0..<8).map { index in
      Self.entry(
        .peerProposed(try Country("c\(index)").card(serial: 1, at: clock.now)), at: position, clock.now, by: owner)
    }
    let outcomes = await withTaskGroup(of: Frame.Failure.Reason?.self) { group in
      for entry in entries {
        group.addTask {
          do throws(Frame.Failure) {
            _ = try await keeper.decide(entry)
            return nil
          } catch { return error.reason }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.count { $0 == nil } == 1)
    #expect(outcomes.count { $0 == .later } == 7)
    #expect(await keeper.registry.peers.count == 1)
    #expect(node.state.withLock { $0.log.count } == 1)
  }

  @Test("a peer's next card is entered by the node without asking; what is no next card alarms, and changes nothing")
  func shownCards() async throws {
    try await admit()
    let handle = other.handle
    await keeper.shown(try other.card(serial: 2, at: clock.now), by: handle)
    #expect(await keeper.registry.peer(handle)?.card.content.serial == 2)
    let (position, known) = (await keeper.position, await keeper.registry.peer(handle)?.card.unverified)
    let expired = try other.card(
      serial: 9, at: Timestamp(milliseconds: clock.now.milliseconds - 2 * 86_400_000))
    let cases: [(Unverified<NodeCard>, String)] = [
      (try other.card(serial: 1, at: clock.now), "it shows a card with serial 1, and serial 2 is known"),
      (
        try other.card(serial: 2, at: clock.now.adding(milliseconds: 1)),
        "it shows another card than the known one with the same serial 2"
      ),
      (try Country("xb").card(serial: 9, at: clock.now), "it shows a card that its known root key did not sign"),
      (try Country("xz").card(serial: 9, at: clock.now), "it shows a card that its known root key did not sign"),
      (expired, "the node card of xb has expired"),
      (
        try other.card(serial: 3, at: clock.now, key: own.node.publicKey),
        "its next card was not taken: the card of xb holds a key of this node's own"
      ),
    ]
    for (card, alarm) in cases {
      await keeper.shown(card, by: handle)
      #expect(await keeper.cardAlarms[handle]?.hasPrefix(alarm) == true, "\(alarm)")
      #expect(await keeper.position == position)
    }
    // The known one settles it.
    await keeper.shown(try #require(known), by: handle)
    #expect(await keeper.cardAlarms.isEmpty)
    // Nobody shows a stranger's.
    await keeper.shown(try Country("xz").card(serial: 9, at: clock.now), by: try Handle("xz"))
    #expect(await keeper.position == position)
  }

  @Test("a peer that shows card after card fills the log no faster than it may")
  func cardFlood() async throws {
    try await admit()
    let before = await keeper.position.sequence
    for serial in 2..<100 {
      await keeper.shown(try other.card(serial: UInt64(serial), at: clock.now), by: other.handle)
    }
    #expect(await keeper.position.sequence == before + Limits.noticesBurst)
  }

  @Test("the node's own entries cannot be handed in by an administrator's door")
  func ownEntries() async throws {
    try await admit()
    let received = CardReceived(
      position: await keeper.position, receivedAt: clock.now, nodeKey: own.node.publicKey,
      card: try other.card(serial: 2, at: clock.now))
    let entry = LogEntry.cardReceived(Signed(received, by: own.node).unverified).tlsEncoded
    let error = await #expect(throws: Frame.Failure.self) { try await keeper.decide(entry) }
    #expect(error?.reason == .notPermitted)
  }

  @Test("a member is invited by a decision that holds the hash of the request, and by nothing else")
  func members() async throws {
    let request = MemberRequest(
      try Address("nino@xa"), .invitation(name: "Nino", discipline: .cyber, role: "", expiresAt: clock.now))
    let again = MemberRequest(request.address, request.change)
    let position = await keeper.position
    let wrong: [(Act, MemberRequest?)] = [
      (request.act, nil), (request.act, again), (.memberRevoked(request.digest), request),
      (.peerProposed(try other.card(serial: 1, at: clock.now)), request),
    ]
    for (act, sent) in wrong {
      let entry = Self.entry(act, at: position, clock.now, by: owner)
      let error = await #expect(throws: Frame.Failure.self) { try await keeper.decide(entry, member: sent) }
      #expect(error?.reason == .malformed)
    }
    #expect(await keeper.position == position)
    #expect(node.state.withLock { $0.members.isEmpty && $0.log.isEmpty })

    let entry = Self.entry(request.act, at: position, clock.now, by: owner)
    _ = try await keeper.decide(entry, member: request)
    #expect(node.state.withLock { $0.log.map(\.bytes) == [entry] })
    guard case .invite(let address, let profile, let expiresAt)? = node.state.withLock({ $0.members.first }) else {
      Issue.record("no invitation was asked for")
      return
    }
    #expect(address == request.address && expiresAt == clock.now)
    #expect(profile == MemberProfile(name: "Nino", discipline: .cyber, role: ""))
    // The same again is another decision.
    await #expect(throws: Frame.Failure.self) { try await keeper.decide(entry, member: request) }
    #expect(node.state.withLock { $0.members.count } == 1)
  }

  @Test("what would become of a decision is told, and nothing changes")
  func outcome() async throws {
    let position = await keeper.position
    let act = Act.peerProposed(try other.card(serial: 1, at: clock.now))
    #expect(try await keeper.outcome(of: act, by: owner.publicKey).effect == act)
    for (act, key) in [
      (act, SigningKey<AdministratorPurpose>().publicKey), (other.activation, owner.publicKey),
      (.ownCardIssued(try own.card(serial: 2, at: clock.now, key: other.node.publicKey)), owner.publicKey),
    ] as [(Act, AdministratorKey)] {
      await #expect(throws: Frame.Failure.self) { try await keeper.outcome(of: act, by: key) }
    }
    #expect(await keeper.position == position)
    #expect(await keeper.registry.peers.isEmpty)
    #expect(node.state.withLock { $0.log.isEmpty })
  }

  @Test("a rotation takes the next key with the card that names it first, in one step with its entry")
  func rotation() async throws {
    func issue(_ change: NodeKeyChange?) async throws {
      let request = try await keeper.nextCard(endpoints: [], lifetimeMilliseconds: 86_400_000, keys: change)
      try await decide(.ownCardIssued(Signed(request.content.card, by: own.root).unverified))
    }
    await #expect(throws: Frame.Failure.self) { try await issue(.use) }
    try await issue(.announce)
    #expect(await keeper.key.publicKey == own.node.publicKey)
    try await issue(.use)
    #expect(await keeper.key.publicKey == spare.publicKey)
    #expect(await keeper.spareKey == nil)
    let identities = node.state.withLock { $0.identities }
    #expect(identities.map(\.key.publicKey) == [own.node.publicKey, spare.publicKey])
    #expect(identities.map(\.card.content.serial) == [2, 3])
    // The head over the entry is signed by the key that is in use from it on, and the whole verifies.
    let page = await keeper.page(from: 0, bytesMax: .max)
    let head = try Unverified<LogHead>(tlsEncoded: try #require(node.state.withLock { $0.heads.last }))
    #expect((try? head.verified(by: spare.publicKey)) != nil)
    #expect(try TrustLog(entries: page.entries, head: head).size == page.entries.count)
    try await issue(.retire)
    #expect(await keeper.registry.ownCard?.content.nodeKeys == [spare.publicKey])
    await #expect(throws: Frame.Failure.self) { try await issue(.announce) }
  }

  @Test("the node takes no card that would lock it out")
  func ownCard() async throws {
    let otherKey = SigningKey<NodePurpose>().publicKey
    await #expect(throws: Frame.Failure.self) {
      try await decide(.ownCardIssued(own.card(serial: 3, at: clock.now, key: otherKey)))
    }
    #expect(await keeper.registry.ownCard?.content.serial == 1)
  }

  @Test("a card that expires while the node runs ends the peer's acceptance")
  func expiry() async throws {
    try await admit()
    await keeper.refresh()
    #expect(node.state.withLock { $0.tables.count } == 3)
    clock.pass(milliseconds: 86_400_000)
    await keeper.refresh()
    #expect(node.state.withLock { $0.tables.last?.isActive(other.handle) } == false)
    #expect(node.state.withLock { $0.tables.count } == 4)
    await keeper.refresh()
    #expect(node.state.withLock { $0.tables.count } == 4)
  }
}
