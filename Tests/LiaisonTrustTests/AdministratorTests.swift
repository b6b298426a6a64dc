import LiaisonModel
import LiaisonTrust
import TLSPresentation
import Testing

@Suite("Administrators") struct AdministratorTests {
  private let xb = Country("xb")

  @Test("each role decides what is its own, and nothing else", arguments: Role.allCases)
  func rights(role: Role) throws {
    let rights: [Role: Set<Int>] = [
      .owner: [0, 1, 2, 3, 12], .trustOfficer: [4, 5, 6, 7, 8, 9, 13], .registrar: [10, 11],
    ]
    for index in 0...13 {
      var log = try Log()
      let signer = try log.name("Signer", [role])
      let act = try prepare(act: index, &log, with: signer)
      let refusal = try log.refusal(of: act, by: signer)
      if rights[role]?.contains(index) == true {
        #expect(refusal == nil, "\(role) \(act)")
      } else {
        #expect(refusal?.code == .notPermitted, "\(role) \(act)")
        #expect(refusal?.sentence.hasSuffix("the signer has \(role)") == true)
        #expect(try log.refusal(of: act) == nil, "the owner of everything, \(act)")
      }
    }
  }

  /// Every act there is, after what has to come before it.
  private func prepare(
    act index: Int, _ log: inout Log, with signer: SigningKey<AdministratorPurpose>
  ) throws -> Act {
    let handle = try Handle("xb")
    let verified = Act.peerVerified(handle, rootKey: xb.root.publicKey)
    if (5...9).contains(index) || index == 13 { try log.decide(.peerProposed(xb.card())) }
    if (6...8).contains(index) { try log.decide(verified) }
    if index == 7 { try log.agree(xb.activation, [log.owner, signer]) }
    let new = try Administrator(
      key: SigningKey<AdministratorPurpose>().publicKey, name: "New", roles: [.auditor])
    if (1...2).contains(index) { try log.agree(.administratorNamed(new), [log.owner, signer]) }
    let address = try Address("nino@xa")
    var strict = PeerPolicy.initial
    strict.permissions = []
    return switch index {
    case 0: .administratorNamed(new)
    case 1: .administratorChanged(new.key, roles: [.registrar])
    case 2: .administratorRemoved(new.key, reason: "left")
    case 3: .ownCardIssued(try log.own.card(serial: 2))
    case 4: .peerProposed(try xb.card())
    case 5: verified
    case 6: try xb.activation
    case 7: .peerSuspended(handle)
    case 8: .peerRevoked(handle, reason: "why")
    case 9: .peerCardUpdated(try xb.card(serial: 2))
    case 13: .peerPolicyChanged(handle, strict)
    case 12: .policyChanged(try Policy(signatures: [.verify: 2], proposalHours: 24))
    case 10: MemberRequest(address, .invitation(name: "N", discipline: .cyber, role: "", expiresAt: noon)).act
    default: MemberRequest(address, .revocation(reason: "left")).act
    }
  }

  @Test("a stranger decides nothing, and the first owner names themselves")
  func strangers() throws {
    var log = try Log()
    let stranger = SigningKey<AdministratorPurpose>()
    #expect(try log.refusal(of: .peerProposed(xb.card()), by: stranger)?.code == .notPermitted)
    let wrong: [(AdministratorKey, Set<Role>)] = [
      (log.owner.publicKey, [.owner]), (stranger.publicKey, [.trustOfficer]),
    ]
    for (key, roles) in wrong {
      var empty = TrustLog()
      let first = Decision(
        position: .first, decidedAt: noon, administrator: stranger.publicKey,
        act: .administratorNamed(try Administrator(key: key, name: "Other", roles: roles)))
      #expect(throws: TrustError.self) {
        try empty.append(LogEntry.decision(Signed(first, by: stranger).unverified).tlsEncoded)
      }
      #expect(empty.size == 0)
    }
  }

  @Test("a decision signed by another key than it names is refused")
  func otherKey() throws {
    var log = try Log()
    let decision = Decision(
      position: log.log.nextPosition, decidedAt: noon, administrator: log.owner.publicKey,
      act: .peerProposed(try xb.card()))
    let signed = Signed(decision, by: SigningKey<AdministratorPurpose>())
    #expect(try log.refusal(entry: LogEntry.decision(signed.unverified).tlsEncoded)?.code == .malformed)
  }

  @Test("names and keys are taken once, names in whatever case")
  func taken() throws {
    var log = try Log()
    let ana = try log.name("Ana Arden", [.registrar])
    let other = SigningKey<AdministratorPurpose>().publicKey
    for (key, name) in [(ana.publicKey, "Bela"), (other, "Ana Arden"), (other, "ANA arden"), (other, "owner")] {
      let refusal = try log.refusal(of: .administratorNamed(Administrator(key: key, name: name, roles: [.owner])))
      #expect(refusal?.code == .wrongState, "\(name)")
    }
    #expect(log.registry.administrator(named: "ana arden")?.key == ana.publicKey)
    #expect(log.registry.administrator(named: "Bela") == nil)
  }

  @Test("one owner remains, whatever is decided")
  func lastOwner() throws {
    var log = try Log()
    let owner = log.owner.publicKey
    #expect(try log.refusal(of: .administratorRemoved(owner, reason: "leaves"))?.code == .wrongState)
    #expect(try log.refusal(of: .administratorChanged(owner, roles: [.registrar]))?.code == .wrongState)
    let second = try log.name("Second", [.owner])
    try log.agree(.administratorChanged(owner, roles: [.registrar]), [second, log.owner])
    #expect(
      try log.refusal(of: .administratorRemoved(second.publicKey, reason: "leaves"), by: second)?.code == .wrongState)
    #expect(try log.refusal(of: .administratorRemoved(second.publicKey, reason: "leaves"))?.code == .notPermitted)
  }

  @Test("an owner may leave while another stays, and the log says who it was")
  func leaving() throws {
    var log = try Log()
    let second = try log.name("Second", [.owner])
    let leaving = Act.administratorRemoved(second.publicKey, reason: "leaves")
    let record = try log.agree(leaving, [log.owner, second])
    guard case .administrator(let author) = record.author else { throw Log.Changed() }
    #expect(author.name == "Second")
    #expect(record.summary == "proposal 3 is signed and in force: Second is no administrator any more: leaves")
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("a removed key decides nothing and never returns; what it decided before stands")
  func removed() throws {
    var log = try Log()
    let ana = try log.name("Ana", [.trustOfficer])
    try log.decide(.peerProposed(xb.card()), by: ana)
    #expect(try log.refusal(of: .administratorRemoved(ana.publicKey, reason: ""))?.code == .malformed)
    try log.decide(.administratorRemoved(ana.publicKey, reason: "key stolen"))
    #expect(try log.refusal(of: .peerProposed(Country("xc").card()), by: ana)?.code == .notPermitted)
    #expect(
      try log.refusal(of: .administratorRemoved(ana.publicKey, reason: "again"))?.code == .unknownAdministrator)
    #expect(
      try log.refusal(of: .administratorNamed(Administrator(key: ana.publicKey, name: "Ana", roles: [.registrar])))?
        .code
        == .notPermitted)
    #expect(log.registry.peer(try Handle("xb"))?.state == .proposed)
    _ = try log.name("Ana", [.trustOfficer])
  }

  @Test("other roles count from the next decision on")
  func change() throws {
    var log = try Log()
    let ana = try log.name("Ana", [.registrar])
    #expect(try log.refusal(of: .peerProposed(xb.card()), by: ana)?.code == .notPermitted)
    let record = try log.decide(.administratorChanged(ana.publicKey, roles: [.registrar, .trustOfficer]))
    #expect(record.summary == "Ana is from now on: trust officer, registrar")
    #expect(
      try log.refusal(of: .administratorChanged(ana.publicKey, roles: [.trustOfficer, .registrar]))?.code == .wrongState
    )
    try log.decide(.peerProposed(xb.card()), by: ana)
  }

  @Test("an auditor has no other role, and nobody has none")
  func roles() throws {
    let key = SigningKey<AdministratorPurpose>().publicKey
    for roles in [[], [.auditor, .owner], [.auditor, .registrar]] as [Set<Role>] {
      #expect(throws: ModelError.self) { try Administrator(key: key, name: "A", roles: roles) }
    }
    let good = try Administrator(key: key, name: "A", roles: [.owner, .registrar]).tlsEncoded
    for bits in 0...UInt8.max {
      let read = try? Administrator(tlsEncoded: good.dropLast() + [bits])
      #expect((read != nil) == ((1...7).contains(bits) || bits == 8), "\(bits)")
      if let read { #expect(read.tlsEncoded.last == bits) }
    }
    #expect(throws: ModelError.self) { try Administrator(key: key, name: "", roles: [.owner]) }
    #expect(throws: ModelError.self) {
      try Administrator(key: key, name: String(repeating: "a", count: 129), roles: [.owner])
    }
  }

  @Test("an administrator's card is signed by the key that it names, and any changed byte is found")
  func card() throws {
    let key = SigningKey<AdministratorPurpose>()
    let card = try AdministratorCard(key: key.publicKey, name: "Ana Arden")
    let signed = Signed(card, by: key)
    #expect(try Armor.decode(Armor.encode(signed.unverified), as: AdministratorCard.self).verifiedBySelf() == signed)
    #expect(throws: ModelError.self) {
      try Signed(card, by: SigningKey<AdministratorPurpose>()).unverified.verifiedBySelf()
    }
    for position in signed.bytes.indices {
      var bytes = signed.bytes
      bytes[position] ^= 1
      #expect(throws: (any Error).self) { try Unverified<AdministratorCard>(tlsEncoded: bytes).verifiedBySelf() }
    }
    #expect(card.fingerprint != Fingerprint(of: try RootKey(bytes: key.publicKey.bytes)))
  }

  @Test("a request for a member is found in its hash, and never the same twice")
  func memberRequests() throws {
    let address = try Address("nino@xa")
    let change = MemberRequest.Change.invitation(name: "Nino", discipline: .cyber, role: "duty", expiresAt: noon)
    let request = MemberRequest(address, change)
    #expect(try MemberRequest(tlsEncoded: request.tlsEncoded) == request)
    #expect(request.act == .memberInvited(request.digest))
    #expect(MemberRequest(address, change).digest != request.digest)
    let bytes = request.tlsEncoded
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1
      if let other = try? MemberRequest(tlsEncoded: changed) { #expect(other.digest != request.digest) }
      #expect(throws: TLSPresentationError.self) { try MemberRequest(tlsEncoded: Array(bytes[..<position])) }
    }
    #expect(MemberRequest(address, .revocation(reason: "left")).act.requiredRole == .registrar)
  }
}
