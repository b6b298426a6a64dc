import Foundation
import LiaisonAdmin
import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import LiaisonTrust
import Logging
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
    func start(entries size: Int? = nil) throws -> TrustKeeper {
      let entries = Array(entries.prefix(size ?? entries.count))
      let clock = clock
      return try TrustKeeper(
        log: TrustLog(entries: entries), entries: entries, key: country.node, node: Node(),
        peerHeads: PeerHeads(folder: heads), clock: { clock.now }, logger: Logger(label: "test"))
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
}
