import LiaisonModel
import LiaisonTrust
import TLSPresentation
import Testing

@Suite("Four eyes") struct FourEyesTests {
  private typealias Key = SigningKey<AdministratorPurpose>
  private let xb = Country("xb")
  private let handle: Handle

  init() throws { handle = try Handle("xb") }

  /// A verified peer, the owner of everything, and Ana, another trust officer.
  private func two() throws -> (Log, ana: Key) {
    var log = try Log()
    let ana = try log.name("Ana", [.trustOfficer])
    try log.decide(.peerProposed(xb.card()))
    try log.decide(.peerVerified(handle, rootKey: xb.root.publicKey))
    return (log, ana)
  }

  private func state(_ log: Log) -> PeerState? { log.registry.peer(handle)?.state }

  private func sign(_ number: UInt64, _ act: Act) -> Act { .proposalSigned(number, ActDigest(of: act)) }

  @Test("where two may activate a peer, one proposes it and the other puts it in force")
  func activation() throws {
    var (log, ana) = try two()
    let act = try xb.activation
    #expect(log.registry.signaturesNeeded(for: act) == 2)
    let number = try log.propose(act)
    #expect(state(log) == .verified)
    #expect(log.registry.openProposals(at: noon).map(\.sequence) == [number])
    let record = try log.decide(sign(number, act), by: ana)
    #expect(record.decision?.outcome.effect == act)
    #expect(state(log) == .active)
    #expect(log.registry.openProposals(at: noon).isEmpty)
    #expect(record.summary == "proposal \(number) is signed and in force: xb becomes active: its links are accepted")
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("one administrator alone needs one signature for everything")
  func alone() throws {
    var log = try Log()
    try log.admit(xb)
    #expect(state(log) == .active)
    try log.decide(.policyChanged(Policy(signatures: [.activate: 8, .policy: 8, .verify: 8], proposalHours: 1)))
    try log.admit(Country("xc"))
    try log.decide(.policyChanged(.initial))
  }

  @Test("a suspension and a revocation are one trust officer's at once, whatever the policy says")
  func emergency() throws {
    var (log, ana) = try two()
    let strict = try Policy(
      signatures: Dictionary(uniqueKeysWithValues: Policy.Matter.allCases.map { ($0, Policy.signaturesMax) }),
      proposalHours: 1)
    try log.decide(.policyChanged(strict))
    try log.agree(xb.activation, [log.owner, ana])
    try log.decide(.peerSuspended(handle), by: ana)
    #expect(state(log) == .suspended)
    // To activate it again takes two.
    _ = try log.propose(xb.activation, by: ana)
    #expect(state(log) == .suspended)
    try log.decide(.peerRevoked(handle, reason: "stolen"), by: ana)
    #expect(state(log) == .revoked)
  }

  @Test("nobody signs twice, nor without the role, nor what is not proposed")
  func signers() throws {
    var (log, ana) = try two()
    let registrar = try log.name("Rita", [.registrar])
    let auditor = try log.name("Aud", [.auditor])
    let act = try xb.activation
    let number = try log.propose(act, by: ana)
    #expect(try log.refusal(of: sign(number, act), by: ana)?.code == .notPermitted)
    for key in [registrar, auditor] {
      #expect(try log.refusal(of: sign(number, act), by: key)?.code == .notPermitted)
      #expect(try log.refusal(of: .proposalDeclined(number, reason: "no"), by: key)?.code == .notPermitted)
    }
    #expect(try log.refusal(of: sign(number, act), by: Key())?.code == .notPermitted)
    #expect(try log.refusal(of: sign(number + 1, act))?.code == .unknownProposal)
    #expect(state(log) == .verified)
  }

  @Test("a signature is for what was shown: another act under the same number is refused")
  func digest() throws {
    var (log, ana) = try two()
    let number = try log.propose(xb.activation, by: ana)
    #expect(try log.refusal(of: sign(number, Country("xc").activation))?.code == .malformed)
    #expect(state(log) == .verified)
  }

  @Test("a declined proposal is over, also for its proposer, and says why")
  func decline() throws {
    var (log, ana) = try two()
    let act = try xb.activation
    for (proposer, decliner) in [(ana, log.owner), (log.owner, ana), (ana, ana)] {
      let number = try log.propose(act, by: proposer)
      #expect(try log.refusal(of: .proposalDeclined(number, reason: ""), by: decliner)?.code == .malformed)
      let record = try log.decide(.proposalDeclined(number, reason: "not agreed"), by: decliner)
      #expect(record.summary.hasPrefix("proposal \(number) is declined: not agreed; it was: xb becomes active"))
      #expect(try log.refusal(of: sign(number, act))?.code == .unknownProposal)
      #expect(try log.refusal(of: sign(number, act), by: ana)?.code == .unknownProposal)
    }
    #expect(state(log) == .verified)
  }

  @Test("a proposal expires by the policy's time")
  func expiry() throws {
    var (log, ana) = try two()
    let act = try xb.activation
    let number = try log.propose(act)
    var late = log
    late.now = noon.adding(milliseconds: 7 * day)
    #expect(try late.refusal(of: sign(number, act), by: ana)?.code == .notInForce)
    #expect(try late.refusal(of: .proposalDeclined(number, reason: "late"), by: ana)?.code == .notInForce)
    #expect(late.registry.openProposals(at: late.now).isEmpty)
    // And it can be made again.
    let again = try late.propose(act)
    #expect(late.registry.proposals.keys.sorted() == [again])
    log.now = noon.adding(milliseconds: 7 * day - 1)
    try log.decide(sign(number, act), by: ana)
    #expect(state(log) == .active)
  }

  @Test("what cannot be is not proposed, and what cannot be any more is not put in force")
  func impossible() throws {
    var (log, ana) = try two()
    #expect(try log.refusal(of: Country("xz").activation)?.code == .unknownPeer)
    let act = try xb.activation
    let number = try log.propose(act)
    #expect(try log.refusal(of: act, by: ana)?.sentence.hasSuffix("liaisonctl proposal sign \(number)") == true)
    try log.decide(.peerRevoked(handle, reason: "stolen"))
    #expect(try log.refusal(of: sign(number, act), by: ana)?.code == .unknownProposal)
    #expect(state(log) == .revoked)
  }

  @Test("a signature for a peer does not count for who comes by its handle after a revocation")
  func anotherRoot() throws {
    var (log, ana) = try two()
    let act = try xb.activation
    let number = try log.propose(act)
    try log.decide(.peerRevoked(handle, reason: "made up"), by: ana)
    let other = Country("\(handle)")
    try log.decide(.peerProposed(other.card()), by: ana)
    try log.decide(.peerVerified(handle, rootKey: other.root.publicKey), by: ana)
    #expect(try log.refusal(of: sign(number, act), by: ana)?.code == .unknownProposal)
    #expect(state(log) == .verified)
    // Nor does a new proposal with the old root key, nor the old signature for one with the new.
    #expect(try log.refusal(of: act)?.code == .cardRefused)
    let again = try log.propose(other.activation)
    #expect(try log.refusal(of: sign(again, act), by: ana)?.code == .malformed)
    #expect(state(log) == .verified)
    try log.decide(sign(again, other.activation), by: ana)
    #expect(state(log) == .active)
  }

  @Test("the signature of somebody who lost the role meanwhile does not count")
  func lostRole() throws {
    var (log, ana) = try two()
    let bela = try log.name("Bela", [.trustOfficer])
    let act = try xb.activation
    let number = try log.propose(act, by: ana)
    try log.decide(.administratorRemoved(ana.publicKey, reason: "key stolen"))
    let record = try log.decide(sign(number, act), by: bela)
    guard case .waits(let proposal, let needed)? = record.decision?.outcome else { throw Log.Changed() }
    #expect(needed == 2 && log.registry.countedSigners(of: proposal).map(\.name) == ["Bela"])
    #expect(state(log) == .verified)
    try log.decide(sign(number, act))
    #expect(state(log) == .active)
  }

  @Test("a stolen owner's key names nobody, removes nobody and loosens nothing alone")
  func stolenOwner() throws {
    var (log, _) = try two()
    let thief = try log.name("Second", [.owner, .trustOfficer])
    let (registry, owners) = (log.registry, [log.owner.publicKey, thief.publicKey])
    let selfMade = try Administrator(key: Key().publicKey, name: "Thief", roles: [.owner, .trustOfficer])
    for act in [
      .administratorNamed(selfMade), .administratorRemoved(log.owner.publicKey, reason: "x"),
      .administratorChanged(log.owner.publicKey, roles: [.registrar]),
      .policyChanged(try Policy(signatures: [.activate: 1, .policy: 1, .administrators: 1], proposalHours: 1)),
      .ownCardIssued(try log.own.card(serial: 2, nodeKeys: [SigningKey<NodePurpose>().publicKey])),
      try xb.activation,
    ] as [Act] {
      let number = try log.propose(act, by: thief)
      #expect(try log.refusal(of: sign(number, act), by: thief)?.code == .notPermitted)
      #expect(log.registry.administrators == registry.administrators)
      #expect(log.registry.policy == registry.policy && log.registry.ownCard == registry.ownCard)
      #expect(log.registry.peers == registry.peers)
    }
    #expect(Set(owners).isSubset(of: log.registry.administrators.keys))
    // The node's card with the same keys is no rotation.
    try log.decide(.ownCardIssued(log.own.card(serial: 2)), by: thief)
  }

  @Test("the policy is changed by as many as it says itself, and counts from then on")
  func policy() throws {
    var (log, ana) = try two()
    let second = try log.name("Second", [.owner, .trustOfficer])
    let policy = try Policy(signatures: [.activate: 3, .policy: 1, .verify: 2], proposalHours: 2)
    try log.agree(.policyChanged(policy), [second, log.owner])
    #expect(log.registry.policy == policy)
    #expect(try log.refusal(of: .policyChanged(policy))?.code == .wrongState)
    let act = try xb.activation
    let number = try log.propose(act)
    #expect(log.registry.proposals[number]?.expiresAt == noon.adding(milliseconds: 7_200_000))
    try log.decide(sign(number, act), by: ana)
    #expect(state(log) == .verified)
    try log.decide(sign(number, act), by: second)
    #expect(state(log) == .active)
    try log.decide(.policyChanged(.initial), by: second)
    #expect(log.registry.policy == .initial)
  }

  @Test("a policy has one encoding, and numbers within bounds")
  func policyEncoding() throws {
    let bytes = Policy.initial.tlsEncoded
    #expect(try Policy(tlsEncoded: bytes) == .initial)
    for position in bytes.indices {
      for value in 0...UInt8.max where value != bytes[position] {
        var changed = bytes
        changed[position] = value
        guard let read = try? Policy(tlsEncoded: changed) else { continue }
        #expect(read != .initial && read.tlsEncoded == changed)
        #expect(read.signatures.values.allSatisfy { (1...8).contains($0) })
        #expect((1...Policy.proposalHoursMax).contains(read.proposalHours))
      }
      #expect(throws: TLSPresentationError.self) { try Policy(tlsEncoded: Array(bytes[..<position])) }
    }
    for (count, hours) in [(0, 1), (9, 1), (1, 0), (1, 2161)] as [(UInt8, UInt32)] {
      #expect(throws: ModelError.self) { try Policy(signatures: [.verify: count], proposalHours: hours) }
    }
  }

  @Test("so many proposals wait and no more; those that expired make room")
  func bound() throws {
    var log = try Log()
    let thief = try log.name("Second", [.owner])
    let third = Key()
    try log.agree(
      .administratorNamed(Administrator(key: third.publicKey, name: "Third", roles: [.owner])), [log.owner, thief])
    func naming(_ name: String) throws -> Act {
      .administratorNamed(try Administrator(key: Key().publicKey, name: name, roles: [.auditor]))
    }
    for index in 0..<Limits.proposalsPerProposerMax { _ = try log.propose(naming("A\(index)"), by: thief) }
    #expect(try log.refusal(of: naming("One more"), by: thief)?.code == .limit)
    // Nobody else is held up by that.
    let new = try naming("One more")
    try log.agree(new, [log.owner, third])
    for index in 0..<Limits.administratorsMax {
      _ = try log.propose(.administratorRemoved(third.publicKey, reason: "\(index)"), by: thief)
    }
    #expect(
      try log.refusal(of: .administratorRemoved(third.publicKey, reason: "x"), by: thief)?.code == .limit)
    // Who has filled their own share can still be removed by others, and may propose that themselves.
    for index in 0..<Limits.proposalsPerProposerMax { _ = try log.propose(naming("B\(index)")) }
    let removal = Act.administratorRemoved(thief.publicKey, reason: "stolen")
    let number = try log.propose(removal)
    #expect(try log.refusal(of: .proposalDeclined(number, reason: "no"), by: thief)?.code == .notPermitted)
    try log.decide(sign(number, removal), by: third)
    #expect(log.registry.administrators[thief.publicKey] == nil)
    log.now = noon.adding(milliseconds: 7 * day)
    _ = try log.propose(naming("Later"))
    #expect(log.registry.proposals.count == 1)
  }

  @Test("nobody declines what is proposed about their own key, which they may sign")
  func ownKey() throws {
    var log = try Log()
    let second = try log.name("Second", [.owner])
    for act in [
      .administratorRemoved(second.publicKey, reason: "stolen"),
      .administratorChanged(second.publicKey, roles: [.auditor]),
    ] as [Act] {
      let number = try log.propose(act)
      #expect(try log.refusal(of: .proposalDeclined(number, reason: "no"), by: second)?.code == .notPermitted)
      try log.decide(.proposalDeclined(number, reason: "found again"))
    }
    // Not even what they proposed themselves: the key may be somebody else's by now.
    let act = Act.administratorRemoved(second.publicKey, reason: "left")
    let number = try log.propose(act, by: second)
    #expect(try log.refusal(of: .proposalDeclined(number, reason: "no"), by: second)?.code == .notPermitted)
    try log.decide(sign(number, act))
    #expect(log.registry.administrators[second.publicKey] == nil)
  }

  @Test("where fewer signatures are needed by now than there are, one who has signed puts it in force")
  func fewerNeeded() throws {
    var (log, ana) = try two()
    let bela = try log.name("Bela", [.trustOfficer])
    try log.decide(.policyChanged(Policy(signatures: [.activate: 3], proposalHours: 24)))
    let act = try xb.activation
    let number = try log.propose(act)
    try log.decide(sign(number, act), by: ana)
    #expect(try log.refusal(of: sign(number, act), by: ana)?.code == .notPermitted)
    try log.decide(.administratorRemoved(bela.publicKey, reason: "left"))
    #expect(log.registry.signaturesNeeded(for: act) == 2)
    #expect(state(log) == .verified)
    try log.decide(sign(number, act), by: ana)
    #expect(state(log) == .active && log.registry.proposals.isEmpty)
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("who decides alone what the policy wants several for is named, until there is a second")
  func decidesAlone() throws {
    func sentences(_ log: Log) -> [String] {
      log.registry.policy.decidesAlone(among: log.registry.administrators.values).map(\.sentence)
    }
    var log = try Log()
    let owner =
      "Owner is the only owner and decides alone, whatever the policy says: administrators, rotate, policy, restore"
    #expect(
      sentences(log) == [
        owner, "Owner is the only trust officer and decides alone, whatever the policy says: activate, permit, charter",
      ])
    _ = try log.name("Ana", [.trustOfficer])
    #expect(sentences(log) == [owner])
    // It is so: with an owner alone, four eyes of trust officers rest on that one key.
    let second = try log.name("Bela", [.owner])
    #expect(sentences(log).isEmpty)
    try log.agree(.administratorRemoved(second.publicKey, reason: "left"), [log.owner, second])
    #expect(sentences(log) == [owner])
    try log.decide(
      .policyChanged(Policy(signatures: [.administrators: 1, .rotate: 1, .policy: 1, .restore: 1], proposalHours: 1)))
    #expect(sentences(log).isEmpty)
  }

  @Test("that entries are lost is said by two owners, of a head of this log, and of later ones again")
  func lostHistory() throws {
    var log = try Log()
    let second = try log.name("Second", [.owner])
    func head(at time: UInt64, by key: SigningKey<NodePurpose>? = nil, handle: String = "xa") throws -> Act {
      let head = LogHead(
        handle: try Handle(handle), size: 99, root: log.log.root, signedAt: noon.adding(milliseconds: time))
      return .historyLost(Signed(head, by: key ?? log.own.node).unverified)
    }
    #expect(log.registry.signaturesNeeded(for: try head(at: 5)) == 2)
    #expect(try log.refusal(of: head(at: 5, by: xb.node))?.code == .malformed)
    #expect(try log.refusal(of: head(at: 5, handle: "xb"))?.code == .malformed)
    #expect(try log.refusal(of: head(at: 3_600_001))?.code == .notInForce)
    let place = log.entries.count
    try log.agree(head(at: 5), [second, log.owner])
    #expect(log.registry.lostUntil == noon.adding(milliseconds: 5))
    #expect(log.registry.lostBy == UInt64(place))
    #expect(try log.refusal(of: head(at: 5))?.code == .wrongState)
    // All that was signed before the decision goes with the head that it names.
    log.now = noon.adding(milliseconds: 100)
    try log.agree(head(at: 6), [second, log.owner])
    #expect(log.registry.lostUntil == log.now)
    #expect(try log.refusal(of: head(at: 100))?.code == .wrongState)
    // What a node key of before signed is a head of this log still.
    let next = SigningKey<NodePurpose>()
    try log.agree(.ownCardIssued(log.own.card(serial: 2, nodeKeys: [next.publicKey])), [second, log.owner])
    try log.agree(head(at: 101), [second, log.owner])
    try log.agree(head(at: 102, by: next), [second, log.owner])
    #expect(log.registry.lostUntil == noon.adding(milliseconds: 102))
    #expect(try TrustLog(entries: log.entries).registry == log.registry)
  }

  // MARK: Lost keys

  @Test("where all owners' keys are lost, the root key names a new owner, and everything else stays")
  func recovery() throws {
    var (log, ana) = try two()
    let new = Key()
    let record = try log.append(
      log.recovery(
        owner: new.publicKey, named: "Owner", lost: [log.owner.publicKey], roles: [.owner, .trustOfficer]))
    #expect(record.author == .root(log.own.root.publicKey))
    #expect(
      record.summary == "Owner becomes an administrator by the root key: owner, trust officer; "
        + "no administrators any more: Owner")
    #expect(try log.refusal(of: .peerSuspended(handle))?.code == .notPermitted)
    #expect(state(log) == .verified)
    try log.agree(xb.activation, [new, ana])
    #expect(state(log) == .active)
    #expect(
      try log.refusal(
        of: .administratorNamed(
          Administrator(key: log.owner.publicKey, name: "Back", roles: [.owner])), by: new)?.code == .notPermitted)
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("where one of two owners is left, four eyes do not lock them out")
  func oneOfTwo() throws {
    var log = try Log()
    let second = try log.name("Second", [.owner])
    _ = try log.propose(.administratorRemoved(log.owner.publicKey, reason: "lost"), by: second)
    let spare = Key()
    try log.append(log.recovery(owner: spare.publicKey, named: "Spare", lost: [log.owner.publicKey]))
    #expect(Set(log.registry.administrators.values.map(\.name)) == ["Second", "Spare"])
    let third = try Administrator(key: Key().publicKey, name: "Third", roles: [.trustOfficer])
    try log.agree(.administratorNamed(third), [second, spare])
    #expect(log.registry.administrators[third.key] == third)
  }

  @Test("a recovery is by this country's root key, for its place in the log, and names an owner and known keys")
  func wrongRecoveries() throws {
    var (log, ana) = try two()
    let new = Key().publicKey
    let good = try log.recovery(owner: new, named: "New", lost: [])
    #expect(
      try log.refusal(entry: log.recovery(owner: new, named: "New", lost: [], by: xb.root))?.code == .notPermitted)
    #expect(
      try log.refusal(entry: log.recovery(owner: new, named: "New", lost: [], roles: [.trustOfficer]))?.code
        == .malformed)
    #expect(
      try log.refusal(entry: log.recovery(owner: new, named: "New", lost: [Key().publicKey]))?.code
        == .unknownAdministrator)
    #expect(
      try log.refusal(entry: log.recovery(owner: ana.publicKey, named: "New", lost: [ana.publicKey]))?.code
        == .notPermitted)
    #expect(try log.refusal(entry: log.recovery(owner: new, named: "Ana", lost: []))?.code == .wrongState)
    try log.append(good)
    #expect(try log.refusal(entry: good)?.code == .wrongPosition)
  }
}
