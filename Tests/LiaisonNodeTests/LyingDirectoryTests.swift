import LiaisonModel
import LiaisonNode
import LiaisonProtocol
import NodeSimulation
import Testing

/// Red team: a country's node that lies about its members.
@Suite("A node that lies about its directory")
struct LyingDirectoryTests {
  /// `xa` and `xc` are honest; the liar has the name and keys of `xb`.
  private final class Scene {
    let region: Region
    let xa: SimulatedNode
    let xc: SimulatedNode
    let liar: PlayedPeer
    let asker: PlayedDevice
    var log: LyingDirectory

    init(seed: UInt64) throws {
      region = Region(seed: seed)
      try region.addNodes(["xa", "xb", "xc"])
      asker = try region.enrol(["nino@xa"])[0]
      (xa, xc) = (try region.node("xa"), try region.node("xc"))
      liar = PlayedPeer(insteadOf: try region.node("xb"), in: region)
      log = LyingDirectory(liar.mask, beganAt: region.now)
      region.run(milliseconds: 500)
    }

    /// What the device is told of a member of the liar's, where the liar answers so.
    func lookUp(_ member: String, answering answer: (LyingDirectory) throws -> Frame.DirectoryAnswer) throws
      -> Frame.Body
    {
      var told: Frame.Body?
      let address = try Address("\(member)@xb")
      let before = liar.frames.count
      asker.request(
        .directoryQuery(.address(address)), onFailure: { told = .failure($0) }, then: { told = $0 })
      region.run(milliseconds: 300)
      // What was refused before is asked again now and then: it gets the same answer.
      for question in liar.frames.dropFirst(before) {
        guard case .directoryQuery = question.body else { continue }
        liar.send(.directoryAnswer(try answer(log)), request: question.request)
      }
      guard let told else { throw SimulationError("the device was told nothing") }
      return told
    }

    /// What the liar was asked last of how its log goes on.
    var question: Frame? {
      liar.frames.last { if case .directoryContinuationRequest = $0.body { true } else { false } }
    }

    func seen(by node: SimulatedNode) throws -> KnownDirectory? {
      try node.directories().countries.first { $0.handle == liar.mask.handle }
    }
  }

  @Test("is refused where its answer comes without its proof, or with a false one; nothing of it is kept")
  func unproven() throws {
    let scene = try Scene(seed: 601)
    try scene.log.add("other", in: scene.region)
    let card = try scene.log.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    let head = scene.log.head(signedAt: scene.region.now)
    let stranger = scene.log.head(signedAt: scene.region.now, by: SigningKey())
    let answers: [(LyingDirectory) throws -> Frame.DirectoryAnswer] = [
      { _ in Frame.DirectoryAnswer(cards: [card]) },
      { _ in Frame.DirectoryAnswer(cards: [card], head: head) },
      { Frame.DirectoryAnswer(cards: [card], head: nil, inclusions: [try $0.inclusion(1)]) },
      { Frame.DirectoryAnswer(cards: [card], head: head, inclusions: [try $0.inclusion(0)]) },
      { Frame.DirectoryAnswer(cards: [card], head: stranger, inclusions: [try $0.inclusion(1)]) },
      {
        Frame.DirectoryAnswer(cards: [card, card], head: head, inclusions: [try $0.inclusion(1), try $0.inclusion(1)])
      },
    ]
    for (number, answer) in answers.enumerated() {
      guard case .failure(let failure) = try scene.lookUp("vera", answering: answer) else {
        Issue.record("answer \(number) was believed")
        continue
      }
      #expect(failure.reason == .unavailable)
    }
    let seen = try #require(try scene.seen(by: scene.xa))
    #expect(seen.fault?.contains("not proven") == true)
    // An answer that is proven is taken.
    guard
      case .directoryAnswer(let found) = try scene.lookUp(
        "vera",
        answering: { Frame.DirectoryAnswer(cards: [card], head: head, inclusions: [try $0.inclusion(1)]) })
    else { throw SimulationError("an honest answer was refused") }
    #expect(found.cards == [card])
  }

  @Test(
    "that shows two histories of one length is found out by those whom it shows them to, and by everybody they tell")
  func twoHistories() throws {
    let scene = try Scene(seed: 602)
    var other = scene.log
    try scene.log.add("vera", in: scene.region)
    try other.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    scene.liar.dial(scene.xc)
    scene.liar.send(other.heads(signedAt: scene.region.now))
    scene.region.run(milliseconds: 90_000)
    for node in [scene.xa, scene.xc] {
      let evidence = try #require(try node.directories().evidence.first)
      #expect(evidence.handle == scene.liar.mask.handle)
      // Anybody can verify it, with nothing but the card.
      #expect(try evidence.evidence.verified(by: scene.liar.mask.card).kind == .twoRoots)
    }
    // Devices get it with the peers.
    guard
      case .peers(let peers) = try scene.xa.answer(
        to: .peersRequest, from: .device(scene.asker.identifier, inboxPosition: 0))
    else { throw SimulationError("no peers") }
    let told = try peers.filter { try $0.nodeCard.claim().handle == scene.liar.mask.handle }
    #expect(told.first?.directoryEvidence.count == 1)
  }

  @Test("that rewrites its history gives the evidence itself when it is asked how the one goes on from the other")
  func rewritten() throws {
    let scene = try Scene(seed: 603)
    var other = scene.log
    for _ in 0..<3 { try scene.log.add("vera", in: scene.region) }
    for _ in 0..<5 { try other.add("vera", in: scene.region) }
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    scene.liar.send(other.heads(signedAt: scene.region.now))
    let question = try #require(scene.question)
    scene.liar.send(.directoryContinuation(try other.continuation(from: 3)), request: question.request)
    let evidence = try #require(try scene.xa.directories().evidence.first)
    #expect(try evidence.evidence.verified(by: scene.liar.mask.card).kind == .rewritten)
    #expect(try scene.seen(by: scene.xa)?.head?.claim().size == 3)
  }

  @Test("that does not say how its history goes on raises an alarm, and is believed in nothing longer")
  func silent() throws {
    let scene = try Scene(seed: 604)
    var other = scene.log
    try scene.log.add("vera", in: scene.region)
    for _ in 0..<5 { try other.add("vera", in: scene.region) }
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    scene.liar.send(other.heads(signedAt: scene.region.now))
    let question = try #require(scene.question)
    scene.liar.send(.failure(Frame.Failure(.unknown, "no")), request: question.request)
    let seen = try #require(try scene.seen(by: scene.xa))
    #expect(seen.fault?.contains("does not show") == true)
    #expect(try seen.head?.claim().size == 1)
    #expect(try scene.xa.directories().evidence.isEmpty)
  }

  @Test("has nothing against it that others made up")
  func forged() throws {
    let scene = try Scene(seed: 605)
    try scene.log.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    // The liar speaks of xc, with its own key, and of itself ahead of time.
    var ofOther = LyingDirectory(scene.xc, beganAt: scene.region.now)
    try ofOther.add("dana", in: scene.region)
    let forged = ofOther.head(signedAt: scene.region.now, by: scene.liar.mask.nodeKey)
    let before = try scene.xa.directories().countries
    scene.liar.send(.directoryHeads(Frame.DirectoryHeads(heads: [forged])))
    #expect(try scene.xa.directories().countries == before)
    scene.liar.send(
      scene.log.heads(signedAt: scene.region.now.adding(milliseconds: 2 * Limits.clockErrorMillisecondsMax)))
    #expect(try scene.seen(by: scene.xa)?.fault?.contains("dated ahead") == true)
    #expect(try scene.xa.directories().evidence.isEmpty)
    #expect(scene.liar.isLinked)
    // Nor can it make xa begin its own directory anew.
    let own = try scene.xa.directories().own.content
    var ofXA = LyingDirectory(scene.xa, beganAt: own.beganAt)
    for _ in 0..<9 { try ofXA.add("nino", in: scene.region) }
    let false9 = ofXA.head(signedAt: scene.region.now, by: scene.liar.mask.nodeKey)
    scene.liar.send(.directoryHeads(Frame.DirectoryHeads(heads: [false9])))
    #expect(try scene.xa.directories().own.content.agrees(with: own))
  }

  @Test("is found out by a head that waits while another one of its length is taken")
  func whileWaiting() throws {
    let scene = try Scene(seed: 606)
    try scene.log.add("vera", in: scene.region)
    var other = scene.log
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    for _ in 0..<2 { try scene.log.add("vera", in: scene.region) }
    for _ in 0..<2 { try other.add("vera", in: scene.region) }
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    let question = try #require(scene.question)
    scene.liar.send(other.heads(signedAt: scene.region.now))
    #expect(try scene.xa.directories().evidence.isEmpty)
    scene.liar.send(.directoryContinuation(try scene.log.continuation(from: 1)), request: question.request)
    let evidence = try #require(try scene.xa.directories().evidence.first)
    #expect(try evidence.evidence.verified(by: scene.liar.mask.card).kind == .twoRoots)
    #expect(try scene.seen(by: scene.xa)?.head?.claim().size == 3)
  }

  @Test("that says for a day that it cannot say how its history goes on raises an alarm, and is asked again")
  func neverAble() throws {
    let scene = try Scene(seed: 607)
    try scene.log.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    for _ in 0..<2 { try scene.log.add("vera", in: scene.region) }
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    let first = try #require(scene.question)
    scene.liar.send(.failure(Frame.Failure(.unavailable, "not now")), request: first.request)
    scene.region.run(milliseconds: 60_000)
    #expect(scene.question?.request == first.request)
    #expect(try scene.seen(by: scene.xa)?.fault?.contains("has not said") != true)
    scene.region.leap(milliseconds: Limits.directoryUnansweredMilliseconds)
    scene.region.run(milliseconds: 5_000)
    if !scene.liar.isLinked { scene.liar.dial(scene.xa) }
    let second = try #require(scene.question)
    #expect(second.request != first.request)
    scene.liar.send(.failure(Frame.Failure(.unavailable, "not now")), request: second.request)
    #expect(try scene.seen(by: scene.xa)?.fault?.contains("has not said for a day") == true)
    #expect(try scene.seen(by: scene.xa)?.head?.claim().size == 1)
  }

  @Test("is not taken for one where only what it said earlier comes later")
  func underWay() throws {
    let scene = try Scene(seed: 608)
    try scene.log.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    try scene.log.add("vera", in: scene.region)
    let earlier = scene.log.heads(signedAt: scene.region.now)
    scene.liar.send(earlier)
    let question = try #require(scene.question)
    var next = LyingDirectory(scene.liar.mask, beganAt: scene.region.now)
    try next.add("vera", in: scene.region)
    scene.liar.send(next.heads(signedAt: scene.region.now))
    let begun = try #require(try scene.seen(by: scene.xa))
    #expect(begun.fault?.contains("begun its directory anew") == true)
    // What was under way: the head of before, and the answer to what was asked of it.
    scene.liar.send(earlier)
    scene.liar.send(.failure(Frame.Failure(.unknown, "no")), request: question.request)
    #expect(try scene.seen(by: scene.xa) == begun)
    // One that is signed still after clocks are ever wrong is another thing.
    scene.region.leap(milliseconds: 2 * Limits.clockErrorMillisecondsMax)
    scene.region.run(milliseconds: 1_000)
    if !scene.liar.isLinked { scene.liar.dial(scene.xa) }
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    #expect(try scene.seen(by: scene.xa)?.fault?.contains("in whose place") == true)
  }

  /// The peers of a node, with another card for one of them.
  private func table(of node: SimulatedNode, with card: Signed<NodeCard>) -> PeerTable {
    let others = node.peers.peers.values.filter { $0.card.content.handle != card.content.handle }
    return PeerTable(others + [PeerTable.Peer(card: card, standing: .active)])
  }

  @Test("stays proven by whatever card it has next, and not by one of whoever has its name with another root key")
  func nextCard() throws {
    let scene = try Scene(seed: 609)
    var other = scene.log
    try scene.log.add("vera", in: scene.region)
    try other.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    scene.liar.send(other.heads(signedAt: scene.region.now))
    #expect(try scene.xa.directories().evidence.count == 1)
    // The same lie again, signed later, is nothing more.
    scene.region.run(milliseconds: 2_000)
    scene.liar.send(other.heads(signedAt: scene.region.now))
    #expect(try scene.xa.directories().evidence.count == 1)
    let mask = scene.liar.mask
    let key = SigningKey<NodePurpose>()
    var card = mask.card.content
    (card.nodeKeys, card.serial) = ([key.publicKey], 2)
    let renewed = Signed(card, by: mask.rootKey)
    scene.xa.trust(table(of: scene.xa, with: renewed))
    scene.region.run(milliseconds: 1_000)
    let kept = try #require(try scene.xa.directories().evidence.first)
    #expect(try kept.evidence.verified(by: renewed).kind == .twoRoots)
    let root = SigningKey<RootPurpose>()
    card.rootKey = root.publicKey
    let stranger = Signed(card, by: root)
    #expect(throws: ModelError.self) { try kept.evidence.verified(by: stranger) }
    scene.xa.trust(table(of: scene.xa, with: stranger))
    scene.region.run(milliseconds: 1_000)
    #expect(try scene.xa.directories().evidence.isEmpty)
  }

  @Test("with the key of before and the one after raises an alarm, as no card proves it")
  func acrossKeys() throws {
    let scene = try Scene(seed: 610)
    var other = scene.log
    try scene.log.add("vera", in: scene.region)
    try other.add("vera", in: scene.region)
    scene.liar.dial(scene.xa)
    scene.liar.send(scene.log.heads(signedAt: scene.region.now))
    let key = SigningKey<NodePurpose>()
    var card = scene.liar.mask.card.content
    (card.nodeKeys, card.serial) = ([key.publicKey], 2)
    scene.xa.trust(table(of: scene.xa, with: Signed(card, by: scene.liar.mask.rootKey)))
    scene.region.run(milliseconds: 1_000)
    if !scene.liar.isLinked { scene.liar.dial(scene.xa) }
    let head = other.head(signedAt: scene.region.now, by: key)
    scene.liar.send(.directoryHeads(Frame.DirectoryHeads(heads: [head])))
    #expect(try scene.xa.directories().evidence.isEmpty)
    #expect(try scene.seen(by: scene.xa)?.fault?.contains("after its keys changed") == true)
  }

  @Test("in this node's own name is shown to its administrators")
  func ownName() throws {
    let scene = try Scene(seed: 611)
    var (one, other) = (
      LyingDirectory(scene.xa, beganAt: scene.region.now), LyingDirectory(scene.xa, beganAt: scene.region.now)
    )
    try one.add("nino", in: scene.region)
    try other.add("nino", in: scene.region)
    let now = scene.region.now
    guard
      case .contradictory(let evidence) = try one.head(signedAt: now).relation(
        to: other.head(signedAt: now), by: scene.xa.card.unverified)
    else { throw SimulationError("no contradiction") }
    scene.liar.dial(scene.xa)
    scene.liar.send(.directoryHeads(Frame.DirectoryHeads(heads: [], evidence: [evidence])))
    #expect(try scene.xa.directories().evidence.map(\.handle) == [scene.xa.handle])
    #expect(scene.xa.errors.contains { $0.contains("this node is proven to have shown two directories") })
  }
}
