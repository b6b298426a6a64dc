import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import Testing

@Suite("What is shown before signing") struct ActScreenTests {
  private let now = Timestamp(milliseconds: 1_790_000_000_000)
  private let root = SigningKey<RootPurpose>()
  private let key = SigningKey<NodePurpose>().publicKey

  private func card(
    _ handle: String = "xb", country: String = "XB", name: String = "Brenova", nodeKey: NodeKey? = nil,
    root: SigningKey<RootPurpose>? = nil, endpoint: String = "192.0.2.1:7400", serial: UInt64 = 1, issued: UInt64 = 0,
    expires: UInt64 = 1000
  ) throws -> Unverified<NodeCard> {
    let root = root ?? self.root
    return Signed(
      try NodeCard(
        handle: Handle(handle), country: country, name: name, rootKey: root.publicKey, nodeKeys: [nodeKey ?? key],
        endpoints: [Endpoint(endpoint)], serial: serial, issuedAt: now.adding(milliseconds: issued),
        expiresAt: now.adding(milliseconds: expires)), by: root
    ).unverified
  }

  @Test("acts that differ in anything are shown differently")
  func allDiffer() throws {
    let (one, other) = (SigningKey<AdministratorPurpose>().publicKey, SigningKey<AdministratorPurpose>().publicKey)
    let cards = try [
      card(), card("xc"), card(country: "XC"), card(name: "Brenow"), card(nodeKey: SigningKey().publicKey),
      card(root: SigningKey()), card(endpoint: "192.0.2.1:7401"), card(serial: 2), card(issued: 1), card(expires: 1001),
    ]
    var acts: [Act] = []
    for card in cards { acts += [.ownCardIssued(card), .peerProposed(card), .peerCardUpdated(card)] }
    for key in [one, other] {
      let sets: [Set<Role>] = [[.owner], [.owner, .registrar], [.auditor]]
      for roles in sets {
        acts.append(.administratorChanged(key, roles: roles))
        for name in ["Ana", "Ana Arden"] {
          acts.append(.administratorNamed(try Administrator(key: key, name: name, roles: roles)))
        }
      }
      for reason in ["left", "left again"] { acts.append(.administratorRemoved(key, reason: reason)) }
    }
    for handle in [try Handle("xb"), try Handle("xc")] {
      acts += [.peerSuspended(handle)]
      acts += [.peerRevoked(handle, reason: "lost"), .peerRevoked(handle, reason: "stolen")]
      for _ in 0..<2 {
        let rootKey = SigningKey<RootPurpose>().publicKey
        acts += [.peerVerified(handle, rootKey: rootKey), .peerActivated(handle, rootKey: rootKey)]
      }
    }
    for address in [try Address("nino@xa"), try Address("luka@xa")] {
      acts += [
        MemberRequest(address, .revocation(reason: "left")).act,
        MemberRequest(address, .revocation(reason: "left")).act,
      ]
    }
    for handle in [try Handle("xb"), try Handle("xc")] {
      var policy = PeerPolicy.initial
      acts.append(.peerPolicyChanged(handle, policy))
      policy.precedenceMax = .priority
      acts.append(.peerPolicyChanged(handle, policy))
      try policy.set(.rooms, to: 3)
      acts.append(.peerPolicyChanged(handle, policy))
    }
    for name in ["One", "Two"] {
      let members = try ["xa", "xb"].map {
        try CharterMember(
          handle: Handle($0), country: "XA", name: "A", rootKey: SigningKey().publicKey, region: "Westmark")
      }
      var charter = VerifiedCharter(
        try Charter(
          serial: 1, origin: nil, name: name, community: "People.", threshold: 2, members: members, issuedAt: now))
      acts.append(.charterAdopted(charter.signed, despite: []))
      acts.append(.charterAdopted(charter.signed, despite: [charter.digest]))
      charter.sign(by: root)
      acts.append(.charterAdopted(charter.signed, despite: []))
    }
    for hours in [1, 2] as [UInt32] {
      acts.append(.policyChanged(try Policy(signatures: [:], proposalHours: hours)))
      for matter in Policy.Matter.allCases {
        acts.append(.policyChanged(try Policy(signatures: [matter: 5], proposalHours: hours)))
      }
    }
    acts += [
      .proposalDeclined(7, reason: "no"), .proposalDeclined(7, reason: "late"), .proposalDeclined(8, reason: "no"),
    ]
    // Whoever has the same name elsewhere is told apart by the key.
    let screens = acts.map { $0.screen(naming: { _ in "Ana" }).joined(separator: "\n") }
    #expect(Set(screens).count == acts.count)
    #expect(acts.count == Set(acts).count)
    // Signing a proposal shows what it is about.
    let signatures = acts.map { act in
      Act.proposalSigned(7, ActDigest(of: act)).screen(naming: { _ in "Ana" }, about: act).joined(separator: "\n")
    }
    #expect(Set(signatures).count == acts.count)
    #expect(signatures.allSatisfy { $0.hasPrefix("proposal 7 is signed\n") })
  }

  @Test("a decision about a member shows all that is asked for")
  func members() throws {
    let base = MemberRequest.Change.invitation(name: "Nino", discipline: .cyber, role: "duty", expiresAt: now)
    let changes: [MemberRequest.Change] = [
      base, .invitation(name: "Nina", discipline: .cyber, role: "duty", expiresAt: now),
      .invitation(name: "Nino", discipline: .security, role: "duty", expiresAt: now),
      .invitation(name: "Nino", discipline: .cyber, role: "", expiresAt: now),
      .invitation(name: "Nino", discipline: .cyber, role: "duty", expiresAt: now.adding(milliseconds: 1)),
      .revocation(reason: "left"), .revocation(reason: "died"),
    ]
    let screens = try changes.map { change in
      let request = MemberRequest(try Address("nino@xa"), change)
      return request.act.screen(naming: { _ in nil }, member: request)
    }
    #expect(Set(screens).count == changes.count)
    #expect(
      screens[0] == [
        "nino@xa is invited", "  name        Nino", "  discipline  cyber", "  role        duty",
        "  until       2026-09-21T14:13:20.000Z",
      ])
    // A name cannot pass for the rest.
    let posing = MemberRequest(
      try Address("nino@xa"),
      .invitation(name: "Nino\n  role        duty", discipline: .cyber, role: "", expiresAt: now))
    #expect(posing.act.screen(naming: { _ in nil }, member: posing)[1] == #"  name        Nino\n  role        duty"#)
  }

  @Test("a peer's policy is shown before and after, with a mark where it changes")
  func peerPolicy() throws {
    let handle = try Handle("xb")
    var (before, after) = (PeerPolicy.initial, PeerPolicy.initial)
    before.precedenceMax = .immediate
    after.precedenceMax = .priority
    let screen = Act.peerPolicyChanged(handle, after).screen(naming: { _ in nil }, policies: [handle: before])
    #expect(screen.first == "the policy for xb is changed where there is a *")
    let marked = screen.filter { $0.contains(" *  ") || $0.hasPrefix("  *") }
    #expect(marked.count == 1 && marked[0].contains("up to immediate") && marked[0].hasSuffix("up to priority"))
    #expect(screen.count == 2 + after.fields.count)
  }

  @Test("what others wrote cannot move the cursor")
  func escaping() throws {
    let lines = Act.peerRevoked(try Handle("xb"), reason: "\u{1B}[2J\nxc becomes active").screen { _ in nil }
    #expect(lines == [#"xb is revoked for good: \u{1B}[2J\nxc becomes active"#])
  }
}
