import LiaisonModel
import LiaisonTrust
import MerkleLog
import TLSPresentation
import Testing

@Suite struct TrustLogTests {
  /// Entries of every kind.
  private func history() throws -> Log {
    var log = try Log()
    let (xb, xc) = (Country("xb"), Country("xc"))
    try log.admit(xb)
    try log.append(log.received(xb.card(serial: 2)))
    try log.decide(.peerProposed(xc.card()))
    try log.decide(.peerSuspended(Handle("xb")))
    try log.decide(.peerCardUpdated(xc.card(serial: 2)))
    try log.decide(.peerRevoked(Handle("xc"), reason: "withdrawn"))
    let ana = try log.name("Ana", [.registrar])
    try log.decide(MemberRequest(Address("nino@xa"), .revocation(reason: "left")).act, by: ana)
    try log.decide(.administratorChanged(ana.publicKey, roles: [.auditor]))
    try log.decide(.administratorRemoved(ana.publicKey, reason: "left"))
    let bela = try log.name("Bela", [.owner, .trustOfficer])
    try log.agree(.policyChanged(Policy(signatures: [.verify: 2], proposalHours: 24)), [bela, log.owner])
    let number = try log.propose(xb.activation)
    try log.decide(.proposalDeclined(number, reason: "not yet"), by: bela)
    try log.append(
      log.recovery(owner: SigningKey<AdministratorPurpose>().publicKey, named: "Cara", lost: [bela.publicKey]))
    return log
  }

  /// The entry that a verification of `entries` names; -1 for the head, nil where nothing is wrong.
  private func wrongEntry(_ entries: [[UInt8]], _ head: Unverified<LogHead>) -> Int? {
    do {
      _ = try TrustLog(entries: entries, head: head)
      return nil
    } catch {
      if case .entry(let index, _) = error { return index }
      return -1
    }
  }

  @Test("a whole log verifies, and folds to the registry it came from")
  func whole() throws {
    let log = try history()
    let again = try TrustLog(entries: log.entries, head: log.head)
    #expect(again.registry == log.registry)
    #expect(again.root == MerkleTree.root(ofLeaves: log.entries))
    #expect(again.size == 20)
  }

  @Test("any changed byte of any entry is found, in that entry")
  func tampering() throws {
    let log = try history()
    let head = try log.head
    var changes = 0
    for (index, entry) in log.entries.enumerated() {
      for position in entry.indices {
        var entries = log.entries
        entries[index][position] ^= 1 << UInt8(position % 8)
        #expect(wrongEntry(entries, head) == index, "byte \(position) of entry \(index)")
        changes += 1
      }
    }
    #expect(changes == log.entries.reduce(0) { $0 + $1.count })
  }

  @Test("a truncated or a lengthened entry is found, in that entry")
  func truncation() throws {
    let log = try history()
    let head = try log.head
    for index in log.entries.indices {
      for length in 0..<log.entries[index].count {
        var entries = log.entries
        entries[index].removeSubrange(length...)
        #expect(wrongEntry(entries, head) == index)
      }
      var entries = log.entries
      entries[index].append(0)
      #expect(wrongEntry(entries, head) == index)
    }
  }

  @Test("a dropped entry is found where it is missing; the last ones by the head")
  func dropping() throws {
    let log = try history()
    let head = try log.head
    for index in log.entries.indices {
      var entries = log.entries
      entries.remove(at: index)
      #expect(wrongEntry(entries, head) == (index == log.entries.count - 1 ? -1 : index))
      #expect(wrongEntry(Array(log.entries.prefix(index)), head) == -1)
    }
  }

  @Test("swapped, repeated and inserted entries are found")
  func reordering() throws {
    let log = try history()
    let head = try log.head
    for first in log.entries.indices {
      for second in log.entries.indices where second > first {
        var entries = log.entries
        entries.swapAt(first, second)
        #expect(wrongEntry(entries, head) == first)
      }
      for place in 0...log.entries.count {
        var entries = log.entries
        entries.insert(log.entries[first], at: place)
        let expected = place <= first ? (place == first ? first + 1 : place) : place
        #expect(wrongEntry(entries, head) == expected, "entry \(first) again at \(place)")
      }
    }
  }

  @Test("a head of another size, root, node or key is refused, and any changed byte of it")
  func heads() throws {
    let log = try history()
    let good = log.log.head(of: try Handle("xa"), at: noon)
    var wrong = [good, good, good, good]
    wrong[0].size += 1
    wrong[1].size -= 1
    wrong[2].root = .emptyTree
    wrong[3].handle = try Handle("xb")
    for head in wrong {
      #expect(wrongEntry(log.entries, Signed(head, by: log.own.node).unverified) == -1)
    }
    #expect(wrongEntry(log.entries, Signed(good, by: Country("xa").node).unverified) == -1)
    let bytes = try log.head.tlsEncoded
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 1
      guard let head = try? Unverified<LogHead>(tlsEncoded: changed) else { continue }
      #expect(wrongEntry(log.entries, head) == -1, "byte \(position)")
    }
    #expect(wrongEntry(log.entries, try log.head) == nil)
  }

  @Test("a decision serves its own place in its own log, once")
  func replay() throws {
    var log = try Log()
    let suspension = Act.peerSuspended(try Handle("xb"))
    let xb = Country("xb")
    try log.admit(xb)
    let signed = log.entry(suspension)
    try log.append(signed)
    try log.decide(xb.activation)
    #expect(try log.refusal(entry: signed)?.code == .wrongPosition)
    let stale = LogPosition(sequence: log.log.nextPosition.sequence, previousRoot: .emptyTree)
    #expect(try log.refusal(entry: log.entry(suspension, position: stale))?.code == .wrongPosition)
    #expect(log.registry.peer(try Handle("xb"))?.state == .active)
  }

  @Test("a decision dated more than an hour off is refused when it is made, and kept logs are still read")
  func clocks() throws {
    var log = try Log()
    let card = try Country("xb").card()
    let entry = log.entry(.peerProposed(card))
    for now in [noon.milliseconds - 3_600_001, noon.milliseconds + 3_600_001] {
      var other = log
      other.now = Timestamp(milliseconds: now)
      #expect(try other.refusal(entry: entry)?.code == .notInForce)
    }
    try log.append(entry)
    #expect(try TrustLog(entries: log.entries).registry == log.registry)
  }

  @Test(
    "random histories of several administrators: what was refused changed nothing, the rest verifies, four eyes hold",
    arguments: 1...40 as ClosedRange<UInt64>)
  func randomHistories(seed: UInt64) throws {
    var generator = Xorshift(state: seed &* 0x9E37_79B9_7F4A_7C15)
    var log = try Log()
    let countries = ["xb", "xc", "xd"].map { Country($0) }
    var serials = [UInt64](repeating: 1, count: countries.count)
    var keys = [log.owner]
    for step in 0..<90 {
      let index = Int.random(in: 0..<countries.count, using: &generator)
      let country = countries[index]
      let handle = try Handle(country.handle)
      serials[index] += UInt64.random(in: 0...1, using: &generator)
      let someone = keys.randomElement(using: &generator) ?? log.owner
      let roles = Set(Role.allCases.filter { _ in Bool.random(using: &generator) })
      let act: Act?
      switch Int.random(in: 0..<12, using: &generator) {
      case 0: act = .peerProposed(try country.card(serial: serials[index]))
      case 1: act = .peerVerified(handle, rootKey: country.root.publicKey)
      case 2, 3: act = try country.activation
      case 4: act = .peerSuspended(handle)
      case 5: act = .peerCardUpdated(try country.card(serial: serials[index]))
      case 6:
        let revokes = Int.random(in: 0..<8, using: &generator) == 0
        act = revokes ? .peerRevoked(handle, reason: "x") : try country.activation
      case 7:
        keys.append(SigningKey())
        act = (try? Administrator(key: keys[keys.count - 1].publicKey, name: "A\(step)", roles: roles))
          .map { .administratorNamed($0) }
      case 8: act = roles.isAllowed ? .administratorChanged(someone.publicKey, roles: roles) : nil
      case 9: act = .administratorRemoved(someone.publicKey, reason: "x")
      case 10:
        let counts = Policy.Matter.allCases.map { ($0, UInt8.random(in: 1...3, using: &generator)) }
        act = .policyChanged(try Policy(signatures: Dictionary(uniqueKeysWithValues: counts), proposalHours: 5))
      case 11 where Bool.random(using: &generator):
        var policy = PeerPolicy.initial
        policy.permissions = Set(PeerPolicy.Permission.allCases.filter { _ in Bool.random(using: &generator) })
        act = .peerPolicyChanged(handle, policy)
      default: act = nil
      }
      let proposal = log.registry.openProposals(at: log.now).randomElement(using: &generator)
      let signed = proposal.map { Act.proposalSigned($0.sequence, ActDigest(of: $0.act)) }
      guard let act = act ?? signed else { continue }
      log.now = log.now.adding(milliseconds: UInt64.random(in: 0...3_600_000, using: &generator))
      let before = log.registry
      let entry = log.entry(act, by: keys.randomElement(using: &generator))
      guard try log.refusal(entry: entry) == nil else { continue }
      log.entries.append(entry)
      #expect(log.registry.administrators.values.contains { $0.roles.contains(.owner) }, "seed \(seed)")
      for (handle, peer) in log.registry.peers
      where peer.state == .active && before.peer(handle)?.state != .active {
        // So many who are entitled wanted it as the policy asked for.
        let wanted = before.signaturesNeeded(for: try country.activation)
        let signers = proposal.flatMap { before.countedSigners(of: $0).count } ?? 0
        #expect(wanted == 1 || signers + 1 >= wanted, "seed \(seed), step \(step)")
      }
    }
    let again = try TrustLog(entries: log.entries, head: log.head)
    #expect(again.registry == log.registry)
    #expect(log.entries.count > 2)
  }

  @Test("of many entries is verified on all processors, and the first of several wrong ones is named")
  func large() throws {
    var log = try Log()
    let request = MemberRequest(
      try Address("ana@xa"), .invitation(name: "Ana", discipline: .cyber, role: "", expiresAt: noon))
    while log.entries.count < 9000 { try log.append(log.entry(request.act)) }
    let again = try TrustLog(entries: log.entries, head: log.head)
    #expect(again.root == log.log.root && again.registry == log.registry)
    for places in [[0], [63], [64, 65], [8191], [8192], [8192, 100], [8999]] {
      var entries = log.entries
      for place in places { entries[place][entries[place].count - 1] ^= 1 }
      do {
        _ = try TrustLog(entries: entries)
        Issue.record("entries \(places) are wrong, and the log was taken")
      } catch {
        guard case .entry(let index, _) = error else { throw error }
        #expect(index == places.min())
      }
    }
  }

  @Test("that a node takes up quickly has what it left verified afterwards, and takes nothing else on trust")
  func quickly() async throws {
    var log = try Log()
    let request = MemberRequest(
      try Address("ana@xa"), .invitation(name: "Ana", discipline: .cyber, role: "", expiresAt: noon))
    for _ in 0..<3 { try log.append(log.entry(request.act)) }
    let quick = try TrustLog(ownEntries: log.entries, head: log.head)
    #expect(quick.root == log.log.root && quick.registry == log.registry)
    try await TrustLog.verify(log.entries)

    // Whoever has the node's key signs a head over an invitation that no registrar signed.
    func forged(_ act: Act) throws -> (entries: [[UInt8]], head: Unverified<LogHead>) {
      var entries = log.entries
      var entry = log.entry(act)
      entry[entry.count - 1] ^= 1
      entries.append(entry)
      let head = LogHead(
        handle: try Handle("xa"), size: UInt64(entries.count), root: MerkleTree.root(ofLeaves: entries),
        signedAt: log.now)
      return (entries, Signed(head, by: log.own.node).unverified)
    }
    let invitation = try forged(request.act)
    #expect(try TrustLog(ownEntries: invitation.entries, head: invitation.head).size == 6)
    await #expect(throws: TrustLogFault.self) { try await TrustLog.verify(invitation.entries) }
    let change = try forged(.policyChanged(Policy(signatures: [.verify: 2], proposalHours: 24)))
    #expect(throws: TrustLogFault.self) { try TrustLog(ownEntries: change.entries, head: change.head) }
  }
}

struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
