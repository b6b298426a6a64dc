import LiaisonAdmin
import LiaisonModel
import LiaisonTrust
import MerkleLog
import TLSPresentation

extension FuzzTarget {
  /// The trust log: what is on a disk, in a file or comes from an administrator.
  static let trust: [FuzzTarget] = [
    FuzzTarget(name: "log-entry") { input in
      if let entry = try? LogEntry(tlsEncoded: input) {
        precondition(entry.tlsEncoded == input, "a value has two encodings")
      }
      var log = TrustLog()
      _ = try? log.append(input)
      if let card = try? Unverified<AdministratorCard>(tlsEncoded: input) { _ = try? card.verifiedBySelf() }
      if let request = try? MemberRequest(tlsEncoded: input) { precondition(request.tlsEncoded == input) }
      if let head = try? LogHead(tlsEncoded: input) { precondition(head.tlsEncoded == input) }
    } seeds: {
      try DecisionFuzz().entries
    },
    FuzzTarget(name: "trust-log-file") { input in
      guard let file = try? TrustLogFile(bytes: input) else { return }
      precondition(file.bytes == input, "a file has two encodings")
      _ = try? file.verified()
    } seeds: {
      [try DecisionFuzz().file.bytes]
    },
    // Acts that administrators sign, whatever they say: what was refused changed nothing, and the rest verifies.
    FuzzTarget(name: "decisions") { input in
      do {
        var fuzz = try DecisionFuzz()
        fuzz.decide(input)
        let again = try fuzz.file.verified().registry
        precondition(again == fuzz.log.registry, "the fold is not what it was")
      } catch { preconditionFailure("\(error)") }
    } seeds: {
      let handle = try Handle("xb")
      let peer = try DecisionFuzz.card("xb")
      let rootKey = try peer.claim().rootKey
      let activation = Act.peerActivated(handle, rootKey: rootKey)
      var policy = PeerPolicy.initial
      try policy.set(.rooms, to: 1)
      let acts: [Act] = [
        .peerProposed(peer), .peerVerified(handle, rootKey: rootKey), activation,
        .proposalSigned(5, ActDigest(of: activation)), .peerSuspended(handle),
        .peerPolicyChanged(handle, policy), .peerRevoked(handle, reason: "x"),
        .policyChanged(try Policy(signatures: [.verify: 1], proposalHours: 1)),
      ]
      return [
        acts.enumerated().flatMap { index, act in
          var encoder = TLSEncoder()
          encoder.write(UInt8(index % 2))
          encoder.write(opaque: act.tlsEncoded)
          return encoder.bytes
        }
      ]
    },
    FuzzTarget(name: "charter-file") { input in
      guard let file = try? CharterFile(tlsEncoded: input) else { return }
      precondition(file.tlsEncoded == input, "a value has two encodings")
      guard let charter = try? file.charter.verified() else { return }
      precondition(charter.content.tlsEncoded == file.charter.statement, "a charter has two encodings")
      precondition(charter.signers.count <= file.charter.signatures.count)
      _ = CharterStanding(of: charter, after: charter.content)
      precondition(file.cards(of: charter.content).count <= charter.content.members.count)
    } seeds: {
      let (one, two) = (SigningKey<RootPurpose>(), SigningKey<RootPurpose>())
      let members = try [("xa", one), ("xb", two)].map { handle, root in
        try CharterMember(
          handle: Handle(handle), country: "XA", name: "A", rootKey: root.publicKey, region: "Westmark")
      }
      var charter = VerifiedCharter(
        try Charter(
          serial: 1, origin: nil, name: "N", community: "C", threshold: 2, members: members,
          issuedAt: Timestamp(milliseconds: 1)))
      charter.sign(by: one)
      let cards = [try DecisionFuzz.card("xb", SigningKey(), two)]
      return [CharterFile(charter.signed).tlsEncoded, CharterFile(charter.signed, cards: cards).tlsEncoded]
    },
    // What people write to propose a charter; and a charter of any texts becomes a definition that says the same.
    FuzzTarget(name: "charter-definition") { input in
      guard let text = String(validating: input, as: UTF8.self) else { return }
      _ = try? CharterDefinition(yaml: text, name: "x")
      let keys = [SigningKey<RootPurpose>(), SigningKey<RootPurpose>()]
      let members = zip(["xa", "xb"], keys).compactMap { handle, key in
        (try? Handle(handle)).flatMap {
          try? CharterMember(handle: $0, country: "XA", name: "A", rootKey: key.publicKey, region: text)
        }
      }
      guard
        let charter = try? Charter(
          serial: 1, origin: nil, name: text, community: text, threshold: 2, members: members,
          issuedAt: Timestamp(milliseconds: 1))
      else { return }
      guard let read = try? CharterDefinition(yaml: charter.definition, name: "x") else {
        preconditionFailure("a charter's definition is not read")
      }
      precondition([read.name, read.community, read.countries[0].region].allSatisfy { Array($0.utf8) == input })
    } seeds: {
      [
        "name: N\ncommunity: |\n  C\n  D\nthreshold: 2\ncountries:\n  - {handle: xa, region: R}\n  - {handle: xb, region: R}\n",
        "a: &a [*a, {b: c}]", "\"\\U0001F3D4\" # x", "Westmark",
      ].map { Array($0.utf8) }
    },
    FuzzTarget(name: "merkle-proof") { input in
      var decoder = TLSDecoder(input)
      guard let first = try? decoder.read(UInt64.self), let second = try? decoder.read(UInt64.self) else { return }
      var proof: [MerkleHash] = []
      while let bytes = try? decoder.read(fixed: MerkleHash.length), let hash = MerkleHash(bytes) { proof.append(hash) }
      let hash = MerkleHash.emptyTree
      try? MerkleProof.verifyInclusion(leafHash: hash, index: first, size: second, proof: proof, root: hash)
      try? MerkleProof.verifyConsistency(
        firstSize: first, secondSize: second, proof: proof, firstRoot: hash, secondRoot: hash)
    } seeds: {
      [[UInt8](repeating: 0, count: 7) + [3] + [UInt8](repeating: 0, count: 7) + [9] + [UInt8](repeating: 1, count: 96)]
    },
  ]
}

/// A log with two administrators, to which whatever they sign is appended.
private struct DecisionFuzz {
  var log = TrustLog()
  var entries: [[UInt8]] = []
  private let node = SigningKey<NodePurpose>()
  private let keys = [SigningKey<AdministratorPurpose>(), SigningKey<AdministratorPurpose>()]
  private static let now = Timestamp(milliseconds: 1_790_000_000_000)

  init() throws {
    let roles: Set<Role> = [.owner, .trustOfficer, .registrar]
    for (index, key) in keys.enumerated() {
      append(
        .administratorNamed(try Administrator(key: key.publicKey, name: "A\(index)", roles: roles)), by: keys[0])
    }
    append(.ownCardIssued(try Self.card("xa", node)), by: keys[0])
  }

  var file: TrustLogFile {
    get throws {
      TrustLogFile(
        head: Signed(log.head(of: try Handle("xa"), at: Self.now), by: node).unverified, entries: entries)
    }
  }

  /// Acts one after the other: who signs, in one byte, and the act.
  mutating func decide(_ input: [UInt8]) {
    var decoder = TLSDecoder(input)
    while let signer = try? decoder.read(UInt8.self), let bytes = try? decoder.readOpaque(bound: 1 << 16) {
      guard let act = try? Act(tlsEncoded: bytes) else { continue }
      precondition(act.tlsEncoded == bytes, "a value has two encodings")
      append(act, by: keys[Int(signer) % keys.count])
    }
  }

  private mutating func append(_ act: Act, by key: SigningKey<AdministratorPurpose>) {
    let decision = Decision(
      position: log.nextPosition, decidedAt: Self.now, administrator: key.publicKey, act: act)
    let entry = LogEntry.decision(Signed(decision, by: key).unverified).tlsEncoded
    let before = log.registry
    if (try? log.append(entry, at: Self.now)) != nil {
      entries.append(entry)
    } else {
      precondition(log.registry == before, "what was refused changed something")
    }
  }

  static func card(
    _ handle: String, _ node: SigningKey<NodePurpose> = SigningKey(), _ root: SigningKey<RootPurpose> = SigningKey()
  ) throws -> Unverified<NodeCard> {
    Signed(
      try NodeCard(
        handle: Handle(handle), country: "XA", name: "A", rootKey: root.publicKey, nodeKeys: [node.publicKey],
        endpoints: [], serial: 1, issuedAt: now, expiresAt: now.adding(milliseconds: 1 << 30)), by: root
    ).unverified
  }
}
