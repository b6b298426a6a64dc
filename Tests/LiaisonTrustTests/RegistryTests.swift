import LiaisonModel
import LiaisonTrust
import Testing

@Suite struct RegistryTests {
  let xb = Country("xb")
  let xbHandle: Handle

  init() throws { xbHandle = try Handle("xb") }

  @Test("a peer goes from proposed to verified to active, and only then is its key accepted")
  func admission() throws {
    var log = try Log()
    try log.decide(.peerProposed(xb.card()))
    #expect(log.registry.peer(xbHandle)?.state == .proposed)
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon) == nil)
    try log.decide(.peerVerified(xbHandle, rootKey: xb.root.publicKey))
    #expect(log.registry.peer(xbHandle)?.state == .verified)
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon) == nil)
    try log.decide(xb.activation)
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon)?.handle == xbHandle)
    #expect(log.registry.activePeer(xbHandle, at: noon)?.handle == xbHandle)
    #expect(log.registry.peer(rootKey: xb.root.publicKey)?.handle == xbHandle)
    #expect(try Set(log.registry.trustedCards(at: noon).keys) == [Handle("xa"), xbHandle])
    try log.decide(.peerSuspended(xbHandle))
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon) == nil)
    #expect(try Set(log.registry.trustedCards(at: noon).keys) == [Handle("xa")])
    try log.decide(xb.activation)
    #expect(log.registry.activePeer(xbHandle, at: noon) != nil)
    try log.decide(.peerRevoked(xbHandle, reason: "key lost"))
    #expect(log.registry.peer(xbHandle)?.state == .revoked)
    #expect(log.registry.peer(xbHandle)?.reason == "key lost")
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon) == nil)
  }

  @Test("from each state exactly the steps of ARCHITECTURE.md §6 are allowed", arguments: PeerState.allCases)
  func steps(state: PeerState) throws {
    let allowed: [PeerState: Set<PeerState.Step>] = [
      .proposed: [.verify, .revoke], .verified: [.activate, .revoke], .active: [.suspend, .revoke],
      .suspended: [.activate, .revoke], .revoked: [],
    ]
    for step in PeerState.Step.allCases {
      var log = try Log()
      try bring(&log, to: state)
      let act: Act =
        switch step {
        case .verify: .peerVerified(xbHandle, rootKey: xb.root.publicKey)
        case .activate: try xb.activation
        case .suspend: .peerSuspended(xbHandle)
        case .revoke: .peerRevoked(xbHandle, reason: "why")
        }
      let refusal = try log.refusal(of: act)
      #expect((refusal == nil) == allowed[state]?.contains(step), "\(step) of a peer that is \(state)")
      if let refusal {
        #expect(refusal.code == .wrongState)
        #expect(refusal.sentence.hasPrefix("cannot \(step) xb: it is \(state); "))
      }
    }
  }

  private func bring(_ log: inout Log, to state: PeerState) throws {
    try log.decide(.peerProposed(xb.card()))
    if state == .proposed { return }
    if state == .revoked {
      try log.decide(.peerRevoked(xbHandle, reason: "why"))
      return
    }
    try log.decide(.peerVerified(xbHandle, rootKey: xb.root.publicKey))
    if state == .verified { return }
    try log.decide(xb.activation)
    if state == .suspended { try log.decide(.peerSuspended(xbHandle)) }
  }

  @Test("a step needs a known peer, a revocation a reason, a verification the root key of the card")
  func stepsNeed() throws {
    var log = try Log()
    #expect(try log.refusal(of: Country("xz").activation)?.code == .unknownPeer)
    try log.decide(.peerProposed(xb.card()))
    #expect(try log.refusal(of: .peerRevoked(xbHandle, reason: ""))?.code == .malformed)
    #expect(try log.refusal(of: .peerVerified(xbHandle, rootKey: Country("xb").root.publicKey))?.code == .cardRefused)
    #expect(log.registry.peer(xbHandle)?.state == .proposed)
    try log.decide(.peerVerified(xbHandle, rootKey: xb.root.publicKey))
    #expect(try log.refusal(of: Country("xb").activation)?.code == .cardRefused)
    #expect(log.registry.peer(xbHandle)?.state == .verified)
  }

  @Test("a known handle never takes a card of another root key")
  func otherRoot() throws {
    var log = try Log()
    try log.admit(xb)
    let impostor = Country("xb")
    #expect(try log.refusal(of: .peerProposed(impostor.card(serial: 9)))?.code == .cardRefused)
    #expect(try log.refusal(of: .peerCardUpdated(impostor.card(serial: 9)))?.code == .cardRefused)
    #expect(try log.refusal(entry: log.received(impostor.card(serial: 9)))?.code == .cardRefused)
    #expect(log.registry.activePeer(xbHandle, at: noon)?.card.content.rootKey == xb.root.publicKey)
  }

  @Test("a peer's next card is taken, from an administrator or by the node, and keeps its state")
  func update() throws {
    var log = try Log()
    try log.admit(xb)
    let nextKey = SigningKey<NodePurpose>()
    try log.append(log.received(xb.card(serial: 2, nodeKeys: [nextKey.publicKey])))
    #expect(log.registry.activePeer(nodeKey: nextKey.publicKey, at: noon)?.handle == xbHandle)
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon) == nil)
    try log.decide(.peerCardUpdated(xb.card(serial: 3)))
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: noon)?.card.content.serial == 3)
  }

  @Test("a card of a lower or the same serial is refused")
  func lowerSerial() throws {
    var log = try Log()
    try log.admit(xb)
    try log.decide(.peerCardUpdated(xb.card(serial: 5)))
    for serial in [1, 4, 5] as [UInt64] {
      #expect(try log.refusal(of: .peerCardUpdated(xb.card(serial: serial, days: 30)))?.code == .cardRefused)
      #expect(try log.refusal(entry: log.received(xb.card(serial: serial, days: 30)))?.code == .cardRefused)
    }
    #expect(try log.refusal(of: .peerCardUpdated(Country("xc").card()))?.code == .unknownPeer)
  }

  @Test("the node's own entries are signed by its own key, and only for peers that are not revoked")
  func receivedCard() throws {
    var log = try Log()
    try log.admit(xb)
    #expect(try log.refusal(entry: log.received(xb.card(serial: 2), by: xb.node))?.code == .notPermitted)
    try log.decide(.peerRevoked(xbHandle, reason: "why"))
    #expect(try log.refusal(entry: log.received(xb.card(serial: 2)))?.code == .wrongState)
  }

  @Test("expired cards, and those dated ahead, are refused and no longer accepted")
  func expiry() throws {
    var log = try Log()
    let past = Timestamp(milliseconds: noon.milliseconds - 10 * day)
    #expect(try log.refusal(of: .peerProposed(xb.card(issued: past, days: 10)))?.code == .notInForce)
    #expect(
      try log.refusal(of: .peerProposed(xb.card(issued: noon.adding(milliseconds: 2 * 3_600_000))))?.code == .notInForce
    )
    try log.decide(.peerProposed(xb.card(days: 1)))
    try log.decide(.peerVerified(xbHandle, rootKey: xb.root.publicKey))
    let later = noon.adding(milliseconds: day)
    var late = log
    late.now = later
    #expect(try late.refusal(of: xb.activation)?.code == .notInForce)
    try log.decide(xb.activation)
    #expect(log.registry.activePeer(xbHandle, at: later) == nil)
    #expect(log.registry.activePeer(nodeKey: xb.node.publicKey, at: later) == nil)
  }

  @Test("a card that is not signed by its own root key is refused")
  func forged() throws {
    var log = try Log()
    var forger = xb
    forger.root = SigningKey()
    let content = try xb.card().claim()
    #expect(try log.refusal(of: .peerProposed(Signed(content, by: forger.root).unverified))?.code == .malformed)
  }

  @Test("this node's own handle and keys, and other peers' keys, are refused")
  func takenNamesAndKeys() throws {
    var log = try Log()
    try log.admit(xb)
    #expect(try log.refusal(of: .peerProposed(Country("xa").card()))?.code == .cardRefused)
    var sameRoot = Country("xc")
    sameRoot.root = log.own.root
    #expect(try log.refusal(of: .peerProposed(sameRoot.card()))?.code == .cardRefused)
    #expect(
      try log.refusal(of: .peerProposed(Country("xc").card(nodeKeys: [log.own.node.publicKey])))?.code == .cardRefused)
    var othersRoot = Country("xc")
    othersRoot.root = xb.root
    #expect(try log.refusal(of: .peerProposed(othersRoot.card()))?.code == .cardRefused)
    #expect(try log.refusal(of: .peerProposed(Country("xc").card(nodeKeys: [xb.node.publicKey])))?.code == .cardRefused)
    try log.decide(.peerProposed(Country("xc").card()))
  }

  @Test(
    "handles that look like a known one are refused",
    arguments: [
      ("lo-1", "l0-1"), ("modern", "modem"), ("westmark", "vvestmark"), ("north-9", "north9"), ("gs", "g5"),
      ("cl0ud", "doud"),
    ])
  func lookAlike(known: String, other: String) throws {
    var log = try Log()
    let (one, two) = (Country(known), Country(other))
    let handle = try Handle(known)
    try log.decide(.peerProposed(one.card()))
    try log.decide(.peerVerified(handle, rootKey: one.root.publicKey))
    #expect(try log.refusal(of: .peerProposed(two.card()))?.code == .cardRefused)
    try log.decide(one.activation)
    #expect(try log.refusal(of: .peerProposed(two.card()))?.code == .cardRefused)
    try log.decide(.peerSuspended(handle))
    #expect(try log.refusal(of: .peerProposed(two.card()))?.code == .cardRefused)
    // Who is revoked holds nothing any more.
    try log.decide(.peerRevoked(handle, reason: "made up"))
    try log.decide(.peerProposed(two.card()))
  }

  @Test("what is only proposed holds neither names nor keys; of those that look alike, one is verified")
  func proposedHoldsNothing() throws {
    var log = try Log()
    let (one, two) = (Country("modern"), Country("modem"))
    try log.decide(.peerProposed(one.card()))
    try log.decide(.peerProposed(two.card(nodeKeys: [one.node.publicKey])))
    try log.decide(.peerVerified(Handle("modem"), rootKey: two.root.publicKey))
    let verification = Act.peerVerified(try Handle("modern"), rootKey: one.root.publicKey)
    #expect(try log.refusal(of: verification)?.sentence == "the handle modern looks like modem, which is known here")
    try log.decide(.peerRevoked(Handle("modem"), reason: "made up"))
    try log.decide(verification)
    try log.decide(one.activation)
    #expect(log.registry.activePeer(nodeKey: one.node.publicKey, at: noon)?.handle == (try Handle("modern")))
    // A card with that node key is another's from now on.
    let third = Country("xc")
    #expect(try log.refusal(of: .peerProposed(third.card(nodeKeys: [one.node.publicKey])))?.code == .cardRefused)
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("proposed peers are bounded by themselves, and leave room as they are revoked or verified")
  func bounds() throws {
    var log = try Log()
    try log.admit(xb)
    for index in 0..<Limits.peersMax { try log.decide(.peerProposed(Country("p\(1000 + index)").card())) }
    let one = Country("one-more")
    #expect(try log.refusal(of: .peerProposed(one.card()))?.code == .limit)
    #expect(log.registry.activePeer(xbHandle, at: noon) != nil)
    try log.decide(.peerRevoked(Handle("p1000"), reason: "made up"))
    try log.decide(.peerProposed(one.card()))
    try log.decide(.peerVerified(Handle("one-more"), rootKey: one.root.publicKey))
    try log.decide(.peerProposed(Country("another").card()))
  }

  @Test("handles that look like this node's own are refused, and no two country codes are alike")
  func countryCodes() throws {
    var log = try Log()
    #expect(try log.refusal(of: .peerProposed(Country("x-a").card()))?.code == .cardRefused)
    let letters = "abcdefghijklmnopqrstuvwxyz"
    for first in letters {
      for second in letters where "\(first)\(second)" != "xa" {
        try log.decide(.peerProposed(Country("\(first)\(second)").card()))
      }
    }
    #expect(log.registry.peers.count == 675)
  }

  @Test("a revoked root key never returns, its country may with another")
  func revocation() throws {
    var log = try Log()
    try log.admit(xb)
    try log.decide(.peerRevoked(xbHandle, reason: "stolen"))
    #expect(try log.refusal(of: .peerProposed(xb.card(serial: 7)))?.code == .cardRefused)
    var renamed = xb
    renamed.handle = "xd"
    renamed.node = SigningKey()
    #expect(try log.refusal(of: .peerProposed(renamed.card()))?.code == .cardRefused)
    let renewed = Country("xb")
    try log.decide(.peerProposed(renewed.card()))
    #expect(log.registry.peer(xbHandle)?.state == .proposed)
    #expect(log.registry.peer(xbHandle)?.reason == nil)
    #expect(log.registry.peer(rootKey: xb.root.publicKey) == nil)
    try log.decide(.peerRevoked(xbHandle, reason: "again"))
    #expect(try log.refusal(of: .peerProposed(xb.card(serial: 8)))?.code == .cardRefused)
    #expect(try log.refusal(of: .peerProposed(renewed.card(serial: 8)))?.code == .cardRefused)
  }

  @Test("this node's own card is replaced only by the next one of the same root key and handle")
  func ownCard() throws {
    var log = try Log()
    #expect(try log.refusal(of: .ownCardIssued(log.own.card(serial: 1)))?.code == .cardRefused)
    #expect(try log.refusal(of: .ownCardIssued(Country("xa").card(serial: 2)))?.code == .cardRefused)
    var renamed = log.own
    renamed.handle = "xz"
    #expect(try log.refusal(of: .ownCardIssued(renamed.card(serial: 2)))?.code == .cardRefused)
    try log.decide(.ownCardIssued(log.own.card(serial: 2)))
    #expect(log.registry.ownCard?.content.serial == 2)
  }
}
