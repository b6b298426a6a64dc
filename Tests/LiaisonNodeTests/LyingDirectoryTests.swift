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
    let question = try #require(
      scene.liar.frames.last { if case .directoryContinuationRequest = $0.body { true } else { false } })
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
    let question = try #require(
      scene.liar.frames.last { if case .directoryContinuationRequest = $0.body { true } else { false } })
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
}
