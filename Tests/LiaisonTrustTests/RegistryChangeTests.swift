import LiaisonModel
import LiaisonTrust
import Testing

@Suite("What changed, in words") struct RegistryChangeTests {
  private let xb = Country("xb")

  /// What `body` changes, as it is told.
  private func changes(_ log: inout Log, _ body: (inout Log) throws -> Void) throws -> [String] {
    let (before, size) = (log.registry, log.entries.count)
    try body(&log)
    var again = try TrustLog(entries: log.entries.prefix(size))
    let records = try log.entries.dropFirst(size).map { try again.append($0) }
    return log.log.changes(since: before, after: records[...], at: log.now).map { "\($0.subject): \($0.text)" }
  }

  @Test("nothing is told where nothing is other")
  func nothing() throws {
    var log = try Log()
    #expect(try changes(&log) { _ in }.isEmpty)
  }

  @Test("peers")
  func peers() throws {
    var log = try Log()
    let handle = try Handle("xb")
    #expect(
      try changes(&log) { try $0.decide(.peerProposed(xb.card())) } == ["peer: xb (Land of xb) is new and proposed"])
    #expect(
      try changes(&log) { log in
        try log.decide(.peerVerified(handle, rootKey: xb.root.publicKey))
        try log.decide(xb.activation)
      } == ["peer: xb was proposed and is active"])
    log.now = noon.adding(milliseconds: 1)
    #expect(
      try changes(&log) { log in
        try log.decide(.peerSuspended(handle))
        try log.decide(xb.activation)
      } == ["peer: xb is active as it was before, and was not in between"])
    let endpoint = try Endpoint("192.0.2.1:7400")
    #expect(
      try changes(&log) { log in
        try log.append(
          log.received(xb.card(serial: 2, nodeKeys: [SigningKey<NodePurpose>().publicKey], endpoints: [endpoint])))
      } == ["peer: the card of xb has serial 2 instead of 1, and names other keys, and is reached at 192.0.2.1:7400"])
    #expect(
      try changes(&log) { try $0.decide(.peerRevoked(handle, reason: "stolen")) }
        == ["peer: xb was active and is revoked: stolen"])
    let other = Country("xb")
    #expect(
      try changes(&log) { try $0.decide(.peerProposed(other.card())) } == [
        "peer: xb came back with another root key: \(Fingerprint(of: other.root.publicKey))",
        "peer: xb was revoked and is proposed",
      ])
  }

  @Test("entries that are said to be lost")
  func lost() throws {
    var log = try Log()
    let head = LogHead(handle: try Handle("xa"), size: 9, root: log.log.root, signedAt: noon)
    let act = Act.historyLost(Signed(head, by: log.own.node).unverified)
    #expect(
      try changes(&log) { try $0.decide(act) } == [
        "log: entries of this log are lost, as entry 2 says: no head signed before it counts"
      ])
  }

  @Test("administrators, policy, members, proposals and the node's card")
  func others() throws {
    var log = try Log()
    var ana = SigningKey<AdministratorPurpose>()
    #expect(
      try changes(&log) { ana = try $0.name("Ana", [.registrar]) } == [
        "administrator: Ana became an administrator: registrar"
      ])
    #expect(
      try changes(&log) { log in
        try log.decide(.administratorChanged(ana.publicKey, roles: [.registrar, .owner]))
        _ = try log.propose(.policyChanged(Policy(signatures: [.verify: 2], proposalHours: 48)))
      } == [
        "administrator: Ana was registrar, and is now: owner, registrar",
        "proposal: proposal 4 waits for signatures: the policy becomes: administrators 2, card 1, rotate 2, propose 1, "
          + "verify 2, activate 2, update 1, policy 2, restore 2, permit 2, charter 2; proposals wait 48 h",
      ])
    #expect(
      try changes(&log) { log in
        let act = Act.policyChanged(try Policy(signatures: [.verify: 2], proposalHours: 48))
        try log.decide(.proposalSigned(4, ActDigest(of: act)), by: ana)
        try log.decide(.ownCardIssued(log.own.card(serial: 2)))
        let address = try Address("nino@xa")
        let invitation = MemberRequest.Change.invitation(name: "N", discipline: .cyber, role: "", expiresAt: noon)
        try log.decide(MemberRequest(address, invitation).act, by: ana)
        try log.decide(MemberRequest(address, invitation).act)
        try log.decide(MemberRequest(address, .revocation(reason: "left")).act)
      } == [
        "policy: verify needs 2 signatures instead of 1", "policy: proposals wait 48 h instead of 168 h",
        "card: this node's card has serial 2 instead of 1", "member: members were invited: 2 times",
        "member: members were revoked: 1 times",
      ])
    #expect(
      try changes(&log) { log in
        try log.append(
          log.recovery(owner: SigningKey<AdministratorPurpose>().publicKey, named: "Bela", lost: [ana.publicKey]))
      } == ["administrator: Ana is no administrator any more", "administrator: Bela became an administrator: owner"])
  }
}
