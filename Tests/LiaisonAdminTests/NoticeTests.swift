import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import Logging
import Testing

/// A node that hears notices of its peers.
@Suite("Notices at a running node") struct NoticeTests {
  private typealias Country = TrustKeeperTests.Country

  private let node = TrustKeeperTests.Node()
  private let clock = TrustKeeperTests.Clock()
  private let owner = SigningKey<AdministratorPurpose>()
  private let peers: [Country]
  private let keeper: TrustKeeper

  init() throws {
    let own = try Country("xa")
    peers = try ["xb", "xc"].map { try Country($0) }
    var log = TrustLog()
    var entries: [[UInt8]] = []
    var acts: [Act] = [
      .administratorNamed(try Administrator(key: owner.publicKey, name: "owner", roles: NewNode.firstRoles)),
      .ownCardIssued(try own.card(serial: 1, at: clock.now)),
    ]
    for peer in peers {
      acts += [
        .peerProposed(try peer.card(serial: 1, at: clock.now)),
        .peerVerified(peer.handle, rootKey: peer.root.publicKey),
        .peerActivated(peer.handle, rootKey: peer.root.publicKey),
      ]
    }
    for act in acts {
      let entry = TrustKeeperTests.entry(act, at: log.nextPosition, clock.now, by: owner)
      try log.append(entry)
      entries.append(entry)
    }
    let clock = clock
    keeper = try TrustKeeper(
      log: log, entries: entries, key: own.node, node: node, clock: { clock.now }, logger: Logger(label: "test"))
  }

  private func decide(_ act: Act) async throws {
    _ = try await keeper.decide(TrustKeeperTests.entry(act, at: await keeper.position, clock.now, by: owner))
  }

  private func notice(
    _ standing: RevocationNotice.Standing = .suspended, about subject: Country? = nil, later: UInt64 = 0,
    by key: SigningKey<NodePurpose>? = nil
  ) -> [UInt8] {
    let subject = subject ?? peers[1]
    return Signed(
      RevocationNotice(
        issuer: peers[0].handle, handle: subject.handle, rootKey: subject.root.publicKey, standing: standing,
        reason: "lost", decidedAt: clock.now.adding(milliseconds: later)), by: key ?? peers[0].node
    ).bytes
  }

  @Test("what administrators decide against a peer goes to the others, signed, and to whoever links later")
  func given() async throws {
    let (xb, xc) = (peers[0].handle, peers[1].handle)
    try await decide(.peerSuspended(xc))
    try await decide(.peerRevoked(xc, reason: "stolen"))
    let given = node.state.withLock { $0.notices }
    #expect(given.map(\.subject) == [xc, xc])
    let ownCard = try #require(await keeper.registry.ownCard)
    let last = try Unverified<RevocationNotice>(tlsEncoded: try #require(given.last).bytes)
      .verified(by: ownCard.content.nodeKeys[0]).content
    #expect(last.standing == .revoked && last.reason == "stolen" && last.handle == xc)
    #expect(await keeper.notices(for: xb) == [given[1].bytes])
    #expect(await keeper.notices(for: xc).isEmpty)
  }

  @Test("a notice is entered once, however often it comes, and has its effect before it is answered for")
  func taken() async throws {
    try await decide(.policyChanged(Policy(signatures: [:], proposalHours: 24, noticesToSuspend: 1)))
    let size = await keeper.position.sequence
    await keeper.take([notice(), notice()], from: peers[0].handle)
    await keeper.take([notice()], from: peers[0].handle)
    #expect(await keeper.position.sequence == size + 1)
    #expect(await keeper.registry.peer(peers[1].handle)?.state == .suspended)
    #expect(node.state.withLock { $0.tables.last?.isActive(peers[1].handle) } == false)
    #expect(node.state.withLock { $0.notices.isEmpty })
  }

  @Test("a notice that another peer carries, that nobody signed, or about us or somebody unknown, leaves no trace")
  func hostile() async throws {
    let before = await keeper.position
    let stranger = try Country("xz")
    await keeper.take([notice()], from: peers[1].handle)
    await keeper.take(
      [
        notice(by: SigningKey()), notice(by: peers[1].node), notice(about: stranger), notice(about: peers[0]),
        notice(about: try Country("xa")), notice(.active), notice(later: 2 * 3_600_000), [], [1, 2, 3],
        Array(notice().dropLast()),
      ], from: peers[0].handle)
    #expect(await keeper.position == before)
  }

  @Test("a peer that changes its mind for ever fills the log no faster than it may")
  func flood() async throws {
    let before = await keeper.position.sequence
    func flood(_ range: Range<UInt64>) async {
      for number in range {
        await keeper.take(
          [notice(number.isMultiple(of: 2) ? .suspended : .active, later: number)], from: peers[0].handle)
      }
    }
    await flood(0..<200)
    #expect(await keeper.position.sequence == before + Limits.noticesBurst)
    clock.pass(milliseconds: Limits.noticesIntervalMilliseconds)
    await flood(1000..<1100)
    #expect(await keeper.position.sequence == before + Limits.noticesBurst + 1)
  }
}
