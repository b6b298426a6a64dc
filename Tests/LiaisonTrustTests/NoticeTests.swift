import LiaisonModel
import LiaisonTrust
import TLSPresentation
import Testing

@Suite("Notices of revocations") struct NoticeTests {
  private let xb = Country("xb")
  private let xc = Country("xc")
  private let xd = Country("xd")
  private let b: Handle
  private let c: Handle
  private let d: Handle

  init() throws { (b, c, d) = (try Handle("xb"), try Handle("xc"), try Handle("xd")) }

  /// A log with three active peers.
  private func three(noticesToSuspend: UInt8 = 0) throws -> Log {
    var log = try Log()
    for country in [xb, xc, xd] { try log.admit(country) }
    if noticesToSuspend > 0 {
      try log.decide(.policyChanged(Policy(signatures: [:], proposalHours: 24, noticesToSuspend: noticesToSuspend)))
    }
    return log
  }

  private func notice(
    of issuer: Country, about subject: Country, _ standing: RevocationNotice.Standing = .revoked,
    reason: String = "key stolen", at time: Timestamp = noon, root: RootKey? = nil
  ) throws -> RevocationNotice {
    RevocationNotice(
      issuer: try Handle(issuer.handle), handle: try Handle(subject.handle), rootKey: root ?? subject.root.publicKey,
      standing: standing, reason: reason, decidedAt: time)
  }

  private func entry(
    _ notice: RevocationNotice, signedBy key: SigningKey<NodePurpose>, in log: Log,
    by own: SigningKey<NodePurpose>? = nil
  ) -> [UInt8] {
    let own = own ?? log.own.node
    let content = NoticeReceived(
      position: log.log.nextPosition, receivedAt: log.now, nodeKey: own.publicKey,
      notice: Signed(notice, by: key).unverified)
    return LogEntry.noticeReceived(Signed(content, by: own).unverified).tlsEncoded
  }

  @Test("a suspension, a revocation and a reactivation are told to everybody but the one concerned, by time")
  func due() throws {
    var log = try three()
    let own = try Handle("xa")
    #expect(log.registry.noticesDue(of: own, to: b).isEmpty)
    try log.decide(.peerSuspended(c))
    #expect(log.registry.noticesDue(of: own, to: c).isEmpty)
    let first = try #require(log.registry.noticesDue(of: own, to: b).first)
    #expect(first.standing == .suspended && first.handle == c && first.rootKey == xc.root.publicKey)
    #expect(first.issuer == own && first.decidedAt == noon)
    try log.decide(.peerActivated(c, rootKey: xc.root.publicKey))
    let second = try #require(log.registry.noticesDue(of: own, to: b).first)
    // The same millisecond by the administrators' clocks, and still the later one.
    #expect(second.standing == .active && second.decidedAt > first.decidedAt)
    try log.decide(.peerRevoked(c, reason: "stolen"))
    let third = log.registry.noticesDue(of: own, to: b)
    #expect(third.count == 1)
    #expect(third[0].standing == .revoked && third[0].reason == "stolen" && third[0].decidedAt > second.decidedAt)
    #expect(try RevocationNotice(tlsEncoded: third[0].tlsEncoded) == third[0])
    // A first activation is nothing to tell of, and a revoked root is told of also when its handle has another.
    try log.admit(Country("xc"))
    #expect(log.registry.noticesDue(of: own, to: b) == third)
    #expect(log.registry.noticesDue(of: own, to: c).isEmpty)
  }

  @Test("a notice is kept and shown, and changes nobody's state where the policy does not say so")
  func kept() throws {
    var log = try three()
    let told = try notice(of: xb, about: xc)
    let record = try log.append(entry(told, signedBy: xb.node, in: log))
    #expect(record.summary == "xb gives notice that it revoked xc: key stolen")
    #expect(log.registry.notices(about: c).map(\.notice) == [told])
    #expect(log.registry.notices(about: d).isEmpty)
    #expect(log.registry.peer(c)?.state == .active)
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
    // It is not passed on.
    #expect(log.registry.noticesDue(of: try Handle("xa"), to: d).isEmpty)
    // Whoever loses this country's trust is not listened to any more.
    try log.decide(.peerSuspended(b))
    #expect(log.registry.notices(about: c).isEmpty)
  }

  @Test("as many countries' notices as the policy asks for suspend a peer, never revoke it, and are not passed on")
  func suspends() throws {
    var log = try three(noticesToSuspend: 2)
    try log.append(entry(try notice(of: xb, about: xc), signedBy: xb.node, in: log))
    #expect(log.registry.peer(c)?.state == .active)
    log.now = noon.adding(milliseconds: 1000)
    let record = try log.append(entry(try notice(of: xd, about: xc, .suspended), signedBy: xd.node, in: log))
    #expect(record.summary.hasSuffix("; the policy suspends xc here"))
    #expect(log.registry.peer(c)?.state == .suspended)
    #expect(log.registry.peer(c)?.changedAt == log.now)
    #expect(log.registry.noticesDue(of: try Handle("xa"), to: b).isEmpty)
    // Administrators may think otherwise, and what was said before does not overrule them.
    log.now = noon.adding(milliseconds: 2000)
    try log.decide(.peerActivated(c, rootKey: xc.root.publicKey))
    #expect(log.registry.peer(c)?.reason == nil)
    log.now = noon.adding(milliseconds: 3000)
    try log.append(
      entry(try notice(of: xd, about: xc, at: noon.adding(milliseconds: 9)), signedBy: xd.node, in: log))
    #expect(log.registry.peer(c)?.state == .active)
    try log.append(
      entry(try notice(of: xb, about: xc, at: noon.adding(milliseconds: 9)), signedBy: xb.node, in: log))
    #expect(log.registry.peer(c)?.state == .suspended)
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("a notice that its issuer takes back does not count, and brings nobody back")
  func takenBack() throws {
    var log = try three(noticesToSuspend: 1)
    let news = try notice(of: xb, about: xc, .active)
    #expect(try log.refusal(entry: entry(news, signedBy: xb.node, in: log))?.code == .wrongState)
    try log.append(entry(try notice(of: xb, about: xc, .suspended), signedBy: xb.node, in: log))
    #expect(log.registry.peer(c)?.state == .suspended)
    try log.append(
      entry(try notice(of: xb, about: xc, .active, at: noon.adding(milliseconds: 5)), signedBy: xb.node, in: log))
    #expect(log.registry.peer(c)?.state == .suspended)
    #expect(log.registry.notices(about: c).map(\.notice.standing) == [.active])
  }

  @Test(
    "hostile notices are refused: another signer, replayed, about nobody known, about us or themselves, dated ahead")
  func hostile() throws {
    var log = try three(noticesToSuspend: 1)
    let good = try notice(of: xb, about: xc, .suspended, at: noon)
    let stranger = Country("xe")
    let cases: [(RevocationNotice, SigningKey<NodePurpose>, TrustError.Code)] = [
      (good, xd.node, .notPermitted),
      (good, try xb.root.asNode, .notPermitted),
      (try notice(of: stranger, about: xc), stranger.node, .notPermitted),
      (try notice(of: xb, about: stranger), xb.node, .unknownPeer),
      (try notice(of: xb, about: xc, root: stranger.root.publicKey), xb.node, .unknownPeer),
      (try notice(of: xb, about: xb), xb.node, .malformed),
      (try notice(of: xb, about: xc, root: xb.root.publicKey), xb.node, .malformed),
      (try notice(of: xb, about: log.own), xb.node, .malformed),
      (try notice(of: xb, about: Country("xa")), xb.node, .malformed),
      (try notice(of: xb, about: xc, at: noon.adding(milliseconds: 2 * 3_600_000)), xb.node, .notInForce),
    ]
    for (notice, key, code) in cases {
      #expect(try log.refusal(entry: entry(notice, signedBy: key, in: log))?.code == code, "\(notice)")
    }
    // Only the node itself enters what it received.
    #expect(
      try log.refusal(entry: entry(good, signedBy: xb.node, in: log, by: SigningKey()))?.code == .notPermitted)
    try log.append(entry(good, signedBy: xb.node, in: log))
    try log.decide(.peerActivated(c, rootKey: xc.root.publicKey))
    for older in [noon, Timestamp(milliseconds: noon.milliseconds - 1)] {
      let replayed = try notice(of: xb, about: xc, .suspended, at: older)
      #expect(try log.refusal(entry: entry(replayed, signedBy: xb.node, in: log))?.code == .wrongState)
    }
    // Nor does a peer that was suspended itself have a say.
    try log.decide(.peerSuspended(b))
    let later = try notice(of: xb, about: xc, .suspended, at: noon.adding(milliseconds: 50))
    #expect(try log.refusal(entry: entry(later, signedBy: xb.node, in: log))?.code == .notPermitted)
    #expect(log.registry.peer(c)?.state == .active)
  }

  @Test("a policy says how many notices suspend, within its bounds")
  func policy() throws {
    let policy = try Policy(signatures: [:], proposalHours: 24, noticesToSuspend: 3)
    #expect(try Policy(tlsEncoded: policy.tlsEncoded) == policy)
    #expect(policy.text.hasSuffix("; a peer is suspended by the notices of 3"))
    #expect(Policy.initial.noticesToSuspend == 0)
    #expect(throws: ModelError.self) { try Policy(signatures: [:], proposalHours: 24, noticesToSuspend: 9) }
    #expect(throws: TLSPresentationError.self) { try Policy(tlsEncoded: Array(policy.tlsEncoded.dropLast()) + [9]) }
  }
}

extension SigningKey<RootPurpose> {
  /// The same secret used for another purpose, which nobody may take.
  fileprivate var asNode: SigningKey<NodePurpose> {
    get throws { try SigningKey<NodePurpose>(seed: seed) }
  }
}
