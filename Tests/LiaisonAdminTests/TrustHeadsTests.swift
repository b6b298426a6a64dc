import Foundation
import LiaisonAdmin
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import Logging
import MerkleLog
import TestKit
import Testing

/// Two countries that are peers of one another, tell each other of their trust logs, and lose parts of them.
@Suite("What peers have seen of a trust log") struct TrustHeadsTests {
  private typealias Node = TrustKeeperTests.Node
  private typealias Clock = TrustKeeperTests.Clock
  private typealias Country = TrustKeeperTests.Country

  /// A country's keys, and its log as it is on disk.
  private struct Side {
    let country: Country
    let owner = SigningKey<AdministratorPurpose>()
    let clock: Clock
    let heads: String
    var entries: [[UInt8]] = []

    init(_ handle: String, _ folder: TemporaryDirectory, _ clock: Clock) throws {
      country = try Country(handle)
      heads = folder.path("heads-\(handle)")
      self.clock = clock
      try decide(.administratorNamed(Administrator(key: owner.publicKey, name: "owner", roles: NewNode.firstRoles)))
      try decide(.ownCardIssued(country.card(serial: 1, at: clock.now)))
    }

    mutating func decide(_ act: Act) throws {
      var log = try TrustLog(entries: entries)
      let entry = TrustKeeperTests.entry(act, at: log.nextPosition, clock.now, by: owner)
      try log.append(entry)
      entries.append(entry)
    }

    mutating func admit(_ other: Side) throws {
      try decide(.peerProposed(other.country.card(serial: 1, at: clock.now)))
      try decide(.peerVerified(other.country.handle, rootKey: other.country.root.publicKey))
      try decide(other.country.activation)
    }

    /// A start of the node on the first `size` of its entries.
    func start(entries size: Int? = nil, logger: Logger = Logger(label: "test")) throws -> TrustKeeper {
      let entries = Array(entries.prefix(size ?? entries.count))
      let clock = clock
      return try TrustKeeper(
        log: TrustLog(entries: entries), entries: entries, key: country.node, node: Node(),
        peerHeads: PeerHeads(folder: heads), clock: { clock.now }, logger: logger)
    }

    /// An owner's decision at a running node.
    func decide(_ act: Act, at keeper: TrustKeeper) async throws {
      _ = try await keeper.decide(TrustKeeperTests.entry(act, at: await keeper.position, clock.now, by: owner))
    }
  }

  private let folder: TemporaryDirectory
  private let clock = Clock()
  private var a: Side
  private var b: Side

  init() throws {
    folder = try TemporaryDirectory()
    a = try Side("xa", folder, clock)
    b = try Side("xb", folder, clock)
    try a.admit(b)
    try b.admit(a)
  }

  /// A link comes to stand: both speak at once, and answer until nothing is left to say.
  private func link(_ left: TrustKeeper, _ right: TrustKeeper) async -> Int {
    let (xa, xb) = (a.country.handle, b.country.handle)
    var toRight = [await left.heads(for: xb)]
    var toLeft = [await right.heads(for: xa)]
    var frames = 0
    while !toRight.isEmpty || !toLeft.isEmpty {
      frames += toRight.count + toLeft.count
      if frames > 20 { break }
      var (nextRight, nextLeft): ([Frame.TrustLogHeads], [Frame.TrustLogHeads]) = ([], [])
      for heads in toRight { if let answer = await right.take(heads, from: xa) { nextLeft.append(answer) } }
      for heads in toLeft { if let answer = await left.take(heads, from: xb) { nextRight.append(answer) } }
      (toRight, toLeft) = (nextRight, nextLeft)
    }
    return frames
  }

  /// The log has grown while the link stands.
  private func grew(_ left: TrustKeeper, _ right: TrustKeeper) async {
    let (xa, xb) = (a.country.handle, b.country.handle)
    var heads: Frame.TrustLogHeads? = await left.heads(for: xb)
    heads?.seen = []
    for _ in 0..<5 {
      guard let told = heads, let answer = await right.take(told, from: xa) else { return }
      heads = await left.take(answer, from: xb)
    }
  }

  private func seen(by keeper: TrustKeeper, of side: Side) async throws -> UInt64? {
    let heads = await keeper.heads(for: side.country.handle)
    return try heads.seen.isEmpty ? nil : Unverified<LogHead>(tlsEncoded: heads.seen).claim().size
  }

  @Test("what a peer has seen is remembered over a restart, and follows the log as it grows")
  func growth() async throws {
    let (left, right) = (try a.start(), try b.start())
    #expect(await link(left, right) == 2)
    #expect(try await seen(by: right, of: a) == 5)
    clock.pass(milliseconds: 1000)
    for name in ["xc", "xd"] {
      try await a.decide(.peerProposed(Country(name).card(serial: 1, at: clock.now)), at: left)
    }
    await grew(left, right)
    #expect(try await seen(by: right, of: a) == 7)
    #expect(try await seen(by: b.start(), of: a) == 7)
    #expect(await left.lostHistory == nil)
    #expect(await link(left, right) == 2)
  }

  @Test("a log whose last entries are gone is found by what a peer has seen, and so is one that went on otherwise")
  mutating func truncation() async throws {
    let right = try b.start()
    let before = a.entries.count
    for reason in ["one", "two", "three"] {
      try a.decide(MemberRequest(Address("n@xa"), .revocation(reason: reason)).act)
    }
    _ = await link(try a.start(), right)
    #expect(try await seen(by: right, of: a) == 8)
    clock.pass(milliseconds: 1000)
    for size in before..<a.entries.count {
      let left = try a.start(entries: size)
      #expect(await left.lostHistory == nil)
      _ = await link(left, right)
      let lost = try #require(await left.lostHistory)
      #expect(try lost.head.claim().size == 8)
      #expect(lost.sentence.hasPrefix("xb has seen 8 entries of this node's trust log, at "))
      // What the peer remembers stays.
      #expect(try await seen(by: right, of: a) == 8)
    }
    var other = a
    other.entries.removeLast(2)
    for index in 0..<5 { try other.decide(MemberRequest(Address("n@xa"), .revocation(reason: "\(index)")).act) }
    let left = try other.start()
    _ = await link(left, right)
    #expect(await left.lostHistory != nil)
    #expect(try await seen(by: right, of: a) == 8)
    // The whole one is as it was.
    let whole = try a.start()
    _ = await link(whole, right)
    #expect(await whole.lostHistory == nil)
  }

  @Test("where entries are missing nothing is decided but what cannot wait, until owners say that they are lost")
  mutating func restoring() async throws {
    let right = try b.start()
    let before = a.entries.count
    try a.decide(MemberRequest(Address("n@xa"), .revocation(reason: "one")).act)
    _ = await link(try a.start(), right)
    clock.pass(milliseconds: 1000)
    a.entries.removeLast()
    let left = try a.start(entries: before)
    let suspension = Act.peerSuspended(b.country.handle)
    let someHead = try Unverified<LogHead>(tlsEncoded: await left.heads(for: b.country.handle).own)
    // Nobody says that something is lost of which nothing is known.
    await #expect(throws: Frame.Failure.self) { try await a.decide(.historyLost(someHead), at: left) }
    _ = await link(left, right)
    let lost = try #require(await left.lostHistory)
    let refusal = await #expect(throws: Frame.Failure.self) {
      try await a.decide(.peerProposed(Country("xc").card(serial: 1, at: clock.now)), at: left)
    }
    #expect(refusal?.text.hasSuffix("liaisonctl trust restored") == true)
    await #expect(throws: Frame.Failure.self) { try await a.decide(.historyLost(someHead), at: left) }
    try await a.decide(suspension, at: left)
    try await a.decide(.historyLost(lost.head), at: left)
    #expect(await left.lostHistory == nil)
    try await a.decide(b.country.activation, at: left)
    await grew(left, right)
    #expect(try await seen(by: right, of: a) == UInt64(before) + 3)
    _ = await link(left, right)
    #expect(await left.lostHistory == nil)
    // Another peer that was away has the old head still, and it is let go.
    #expect(
      await left.take(Frame.TrustLogHeads(seen: lost.head.tlsEncoded), from: b.country.handle) == nil)
    #expect(await left.lostHistory == nil)
  }

  @Test("what a hostile peer says of heads changes nothing")
  func hostile() async throws {
    let left = try a.start()
    let xb = b.country.handle
    let good = try #require(try? Unverified<LogHead>(tlsEncoded: await left.heads(for: xb).own))
    var longer = try good.claim()
    longer.size += 5
    let forged = Signed(longer, by: b.country.node).bytes
    var others = longer
    others.handle = xb
    let ofOwnName = Signed(longer, by: a.country.node)
    for seen in [forged, [], [1, 2, 3], Array(good.tlsEncoded.dropLast()), Signed(others, by: a.country.node).bytes] {
      #expect(await left.take(Frame.TrustLogHeads(seen: seen), from: xb) == nil)
      #expect(await left.lostHistory == nil)
    }
    // Only what this node signed counts: with its own key, this one does.
    _ = await left.take(Frame.TrustLogHeads(seen: ofOwnName.bytes), from: xb)
    #expect(await left.lostHistory != nil)
    // A head of somebody else's log, or signed by somebody else, is not kept as the peer's.
    for own in [Signed(others, by: a.country.node).bytes, Signed(longer, by: b.country.node).bytes, [9]] {
      _ = await left.take(Frame.TrustLogHeads(own: own), from: xb)
      #expect(await left.heads(for: xb).seen.isEmpty)
    }
    // And a longer one is kept only with a proof that it continues the one before.
    let first = Signed(LogHead(handle: xb, size: 3, root: longer.root, signedAt: clock.now), by: b.country.node)
    _ = await left.take(Frame.TrustLogHeads(own: first.bytes), from: xb)
    #expect(await left.heads(for: xb).seen == first.bytes)
    let second = Signed(
      LogHead(handle: xb, size: 9, root: longer.root, signedAt: clock.now.adding(milliseconds: 1)), by: b.country.node)
    #expect(await left.take(Frame.TrustLogHeads(own: second.bytes), from: xb)?.seen == first.bytes)
    _ = await left.take(Frame.TrustLogHeads(own: second.bytes, proof: [longer.root.bytes]), from: xb)
    #expect(await left.heads(for: xb).seen == first.bytes)
  }

  // MARK: A stolen node key, and a clock that is wrong

  /// A head of made-up entries, `size` of them, signed by the node key of `a`; with `entry` among them, what shows that.
  private func forged(
    size: Int, at time: Timestamp, holding entry: [UInt8]? = nil
  ) throws -> (head: [UInt8], lost: Frame.TrustLogHeads.Loss?) {
    var tree = MerkleTree()
    for index in 0..<size { tree.append(.leaf(index == 2 ? entry ?? [2] : [UInt8(index)])) }
    let head = LogHead(handle: a.country.handle, size: UInt64(size), root: tree.root, signedAt: time)
    let path = try tree.inclusionProof(index: 2, size: size).map(\.bytes)
    return (
      Signed(head, by: a.country.node).bytes,
      entry.map { Frame.TrustLogHeads.Loss(entry: $0, index: 2, path: path) }
    )
  }

  private func loss(
    of head: [UInt8], at time: Timestamp, by key: SigningKey<AdministratorPurpose>
  ) throws -> [UInt8] {
    let position = LogPosition(sequence: 2, previousRoot: .emptyTree)
    return TrustKeeperTests.entry(.historyLost(try Unverified(tlsEncoded: head)), at: position, time, by: key)
  }

  @Test("that entries are lost is believed of a signed decision in the log alone, once each, told, and never forgotten")
  func lossEvidence() async throws {
    let (left, right) = (try a.start(), try b.start())
    _ = await link(left, right)
    let xa = a.country.handle
    let before = await right.heads(for: xa).seen
    let thief = SigningKey<AdministratorPurpose>()
    clock.pass(milliseconds: 1000)
    let now = clock.now
    let good = try loss(of: before, at: now, by: thief)
    let (head, lost) = try forged(size: 4, at: now, holding: good)
    let claim = try #require(lost)

    var bent = good
    bent[bent.count - 1] ^= 1
    let suspension = TrustKeeperTests.entry(
      .peerSuspended(xa), at: LogPosition(sequence: 2, previousRoot: .emptyTree), now, by: thief)
    let ahead = try loss(of: before, at: now.adding(milliseconds: 2 * 3_600_000), by: thief)
    let ofOthers = try loss(
      of: Signed(
        LogHead(handle: b.country.handle, size: 5, root: .emptyTree, signedAt: now), by: a.country.node
      ).bytes, at: now, by: thief)
    var shown: [(head: [UInt8], lost: Frame.TrustLogHeads.Loss?)] = [(head, nil)]
    for entry in [bent, suspension, ahead, ofOthers, [1, 2]] {
      shown.append(try forged(size: 4, at: now, holding: entry))
    }
    // A good decision that does not stand in the log whose head is shown, or not there.
    shown.append((try forged(size: 4, at: now).head, claim))
    shown.append((head, Frame.TrustLogHeads.Loss(entry: good, index: 1, path: claim.path)))
    shown.append((head, Frame.TrustLogHeads.Loss(entry: good, index: 2, path: [])))
    for (head, lost) in shown {
      _ = await right.take(Frame.TrustLogHeads(own: head, lost: lost), from: xa)
      #expect(await right.heads(for: xa).seen == before)
      #expect(await right.peerAlarms.first?.hasPrefix("the trust log of xa lacks entries that were seen here") == true)
    }

    _ = await right.take(Frame.TrustLogHeads(own: head, lost: claim), from: xa)
    #expect(await right.heads(for: xa).seen == head)
    let alarms = await right.peerAlarms
    #expect(alarms.count == 1)
    let alarm = try #require(alarms.first)
    #expect(alarm.hasPrefix("xa says that a part of its trust log is lost, of which 5 entries were seen here, at "))
    #expect(alarm.contains("its administrator \(thief.publicKey) decided so at "))
    // What was let go is evidence, over a restart too.
    clock.pass(milliseconds: 1000)
    let again = try b.start()
    #expect(await again.peerAlarms == alarms)
    #expect(await again.heads(for: xa).seen == head)
    // The same decision lets nothing go a second time.
    let later = try forged(size: 3, at: clock.now, holding: good)
    _ = await again.take(Frame.TrustLogHeads(own: later.head, lost: later.lost), from: xa)
    #expect(await again.heads(for: xa).seen == head)
    #expect(await again.peerAlarms.count == 2)
  }

  @Test("a peer loses so many heads and no more")
  func lossBound() async throws {
    let right = try b.start()
    let xa = a.country.handle
    let thief = SigningKey<AdministratorPurpose>()
    var seen = try forged(size: 9, at: clock.now).head
    _ = await right.take(Frame.TrustLogHeads(own: seen), from: xa)
    for index in 0...KeptHead.lostMax {
      clock.pass(milliseconds: 1000)
      let entry = try loss(of: seen, at: clock.now, by: thief)
      let (head, lost) = try forged(size: 8, at: clock.now, holding: entry)
      _ = await right.take(Frame.TrustLogHeads(own: head, lost: lost), from: xa)
      if index < KeptHead.lostMax { seen = head }
      #expect(await right.heads(for: xa).seen == seen)
    }
  }

  @Test("a shorter head is found however it is dated, and what crossed on its way is not taken for one")
  func backDated() async throws {
    let (left, right) = (try a.start(), try b.start())
    let xa = a.country.handle
    let first = await left.heads(for: b.country.handle)
    clock.pass(milliseconds: 1000)
    try await a.decide(.peerProposed(Country("xc").card(serial: 1, at: clock.now)), at: left)
    _ = await link(left, right)
    let kept = await right.heads(for: xa).seen
    // An honest one that was on its way: the peer is asked, and its answer settles it.
    let asked = try #require(await right.take(first, from: xa))
    #expect(asked.own.isEmpty && asked.seen == kept)
    #expect(await right.peerAlarms.isEmpty)
    let answer = try #require(await left.take(asked, from: b.country.handle))
    #expect(await right.take(answer, from: xa) == nil)
    // One that was cut off, with a date before: it has nothing else to say.
    let cut = try forged(size: 5, at: clock.now.subtracting(milliseconds: 900_000)).head
    #expect(await right.take(Frame.TrustLogHeads(own: cut, seen: [1]), from: xa)?.seen == kept)
    #expect(await right.take(Frame.TrustLogHeads(own: cut, seen: [1]), from: xa) == nil)
    #expect(await right.peerAlarms.first?.hasPrefix("the trust log of xa lacks entries that were seen here") == true)
    #expect(await right.heads(for: xa).seen == kept)
    // As long as many others of the same number.
    let other = try forged(size: 6, at: clock.now.subtracting(milliseconds: 1)).head
    _ = await right.take(Frame.TrustLogHeads(own: other), from: xa)
    #expect(await right.peerAlarms.first?.hasPrefix("the trust log of xa has other entries") == true)
    // The alarm ends with a head that fits.
    _ = await right.take(await left.heads(for: b.country.handle), from: xa)
    #expect(await right.peerAlarms.isEmpty)
  }

  @Test("a head that is dated ahead is neither kept nor alarms of lost entries")
  func datedAhead() async throws {
    let (left, right) = (try a.start(), try b.start())
    let xa = a.country.handle
    let ahead = try forged(size: 99, at: clock.now.adding(milliseconds: 3_600_001)).head
    _ = await right.take(Frame.TrustLogHeads(own: ahead), from: xa)
    #expect(await right.heads(for: xa).seen.isEmpty)
    #expect(await right.peerAlarms.first?.contains("is dated ahead by more than an hour") == true)
    #expect(await left.take(Frame.TrustLogHeads(seen: ahead), from: b.country.handle) == nil)
    #expect(await left.lostHistory == nil)
    let close = try forged(size: 99, at: clock.now.adding(milliseconds: 3_600_000)).head
    _ = await left.take(Frame.TrustLogHeads(seen: close), from: b.country.handle)
    #expect(await left.lostHistory != nil)
  }

  @Test("one decision lets go of every head that was lost, whoever shows another one later")
  mutating func severalLost() async throws {
    let before = a.entries.count
    let left = try a.start(entries: before)
    let heads = try (1...3).map { try forged(size: 20 + $0, at: clock.now.adding(milliseconds: UInt64($0))).head }
    clock.pass(milliseconds: 1000)
    _ = await left.take(Frame.TrustLogHeads(seen: heads[0]), from: b.country.handle)
    let lost = try #require(await left.lostHistory)
    try await a.decide(.historyLost(lost.head), at: left)
    for head in heads {
      _ = await left.take(Frame.TrustLogHeads(seen: head), from: b.country.handle)
      #expect(await left.lostHistory == nil)
    }
    // What is signed from then on counts.
    clock.pass(milliseconds: 1)
    _ = await left.take(Frame.TrustLogHeads(seen: try forged(size: 24, at: clock.now).head), from: b.country.handle)
    #expect(await left.lostHistory != nil)
  }

  @Test("what was seen of a peer ends with its root key")
  func otherRoot() async throws {
    let (left, right) = (try a.start(), try b.start())
    _ = await link(left, right)
    let xa = a.country.handle
    #expect(!(await right.heads(for: xa).seen.isEmpty))
    let other = try Country("xa")
    try await b.decide(.peerRevoked(xa, reason: "stolen"), at: right)
    try await b.decide(.peerProposed(other.card(serial: 1, at: clock.now)), at: right)
    #expect(await right.heads(for: xa).seen.isEmpty)
    let first = Signed(LogHead(handle: xa, size: 2, root: .emptyTree, signedAt: clock.now), by: other.node)
    _ = await right.take(Frame.TrustLogHeads(own: first.bytes), from: xa)
    #expect(await right.heads(for: xa).seen == first.bytes)
    #expect(await right.peerAlarms.isEmpty)
  }

  @Test("while entries are missing the node enters nothing by itself")
  mutating func noCards() async throws {
    let left = try a.start()
    _ = await left.take(Frame.TrustLogHeads(seen: try forged(size: 9, at: clock.now).head), from: b.country.handle)
    #expect(await left.lostHistory != nil)
    let position = await left.position
    try await left.received(b.country.card(serial: 2, at: clock.now))
    #expect(await left.position == position)
  }

  @Test("a peer whose log grows all the time costs one flush a second, and its faults a few lines")
  func flood() async throws {
    let xa = a.country.handle
    let folder = folder.path("flood")
    var heads = PeerHeads(folder: folder)
    let root = a.country.root.publicKey
    func kept(_ size: UInt64) -> KeptHead {
      let head = LogHead(handle: xa, size: size, root: .emptyTree, signedAt: clock.now)
      return KeptHead(rootKey: root, head: Signed(head, by: a.country.node).unverified, lost: [])
    }
    func size(_ heads: PeerHeads) throws -> UInt64? { try heads.head(of: xa, rootKey: root)?.head.claim().size }
    for index in 1...100 as ClosedRange<UInt64> { try heads.keep(kept(index), of: xa, at: clock.now) }
    #expect(try size(heads) == 100)
    #expect(try size(PeerHeads(folder: folder)) == 1)
    try heads.flush(at: clock.now)
    #expect(try size(PeerHeads(folder: folder)) == 1)
    clock.pass(milliseconds: 1000)
    try heads.flush(at: clock.now)
    #expect(try size(PeerHeads(folder: folder)) == 100)
    #expect(heads.head(of: xa, rootKey: b.country.root.publicKey) == nil)

    let lines = RedTeamTests.Lines()
    let right = try b.start(logger: Logger(label: "flood") { _ in RedTeamTests.Handler(lines) })
    _ = await right.take(Frame.TrustLogHeads(own: try forged(size: 9, at: clock.now).head), from: xa)
    for index in 0..<200 {
      let head = try forged(size: 3 + index % 5, at: clock.now.adding(milliseconds: UInt64(index))).head
      _ = await right.take(Frame.TrustLogHeads(own: head), from: xa)
    }
    #expect(lines.all.count == 10)
  }
}
