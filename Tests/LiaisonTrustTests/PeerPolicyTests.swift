import LiaisonModel
import LiaisonTrust
import TLSPresentation
import Testing

@Suite("What a peer may do") struct PeerPolicyTests {
  private let xb = Country("xb")
  private let handle: Handle

  init() throws { handle = try Handle("xb") }

  private func policy(_ change: (inout PeerPolicy) throws -> Void) rethrows -> PeerPolicy {
    var policy = PeerPolicy.initial
    try change(&policy)
    return policy
  }

  /// Each field alone, changed.
  private func changed() throws -> [PeerPolicy] {
    var all: [PeerPolicy] = []
    for permission in PeerPolicy.Permission.allCases { all.append(policy { $0.permissions.remove(permission) }) }
    for precedence in Precedence.allCases where precedence != .flash {
      all.append(policy { $0.precedenceMax = precedence })
    }
    for discipline in Discipline.allCases { all.append(policy { $0.disciplines.remove(discipline) }) }
    all.append(try policy { $0.hours = try PeerPolicy.Hours(from: 360, until: 1110) })
    all.append(try policy { $0.hours = try PeerPolicy.Hours(from: 1320, until: 300) })
    all.append(policy { $0.validUntil = noon })
    for quota in PeerPolicy.Quota.allCases { all.append(try policy { try $0.set(quota, to: 7) }) }
    all.append(policy { $0.permissions = [] })
    all.append(policy { $0.disciplines = [] })
    all.append(policy { $0.way = .hand })
    all.append(try policy { $0.via = try Handle("xc") })
    return all
  }

  @Test("has one encoding, which is read again")
  func encoding() throws {
    let policies = try [.initial] + changed()
    #expect(Set(policies.map(\.tlsEncoded)).count == policies.count)
    for policy in policies {
      let bytes = policy.tlsEncoded
      #expect(try PeerPolicy(tlsEncoded: bytes) == policy)
      for length in bytes.indices {
        #expect(throws: TLSPresentationError.self) { try PeerPolicy(tlsEncoded: Array(bytes[..<length])) }
      }
      for index in bytes.indices {
        var bent = bytes
        bent[index] ^= 0x80
        if let read = try? PeerPolicy(tlsEncoded: bent) { #expect(read.tlsEncoded == bent) }
      }
    }
    // Unknown bits, precedences, minutes and quotas; the whole day and a node's own limit in another way.
    let initial = PeerPolicy.initial.tlsEncoded
    for (index, value) in [(0, 2), (1, 0x7F), (2, 4), (3, 0x1F), (4, 0x05), (5, 1)] as [(Int, UInt8)] {
      var bent = initial
      bent[index] = value
      if index == 4 { bent[5] = 0xA0 }
      if index == 5 { bent[7] = 1 }
      #expect(throws: TLSPresentationError.self, "\(index)") { try PeerPolicy(tlsEncoded: bent) }
    }
    var full = try policy { try $0.set(.rooms, to: 1) }.tlsEncoded
    full.replaceSubrange((full.count - 10)..., with: [0, 0, 0, 0, 0, 0, 0x27, 0x10, 0, 0])
    #expect(throws: TLSPresentationError.self) { try PeerPolicy(tlsEncoded: full) }
    for bent in [[2, 0], [1, 2, 0x78, 0x63], [0, 2, 0x58, 0x63]] as [[UInt8]] {
      #expect(throws: TLSPresentationError.self) { try PeerPolicy(tlsEncoded: Array(initial.dropLast(2)) + bent) }
    }
  }

  @Test("shows every difference, each as one field of one screen")
  func fields() throws {
    for policy in try changed() {
      #expect(policy.changes(since: .initial).count == 1, "\(policy.changes(since: .initial))")
      #expect(PeerPolicy.initial.changes(since: policy).count == 1)
    }
    #expect(PeerPolicy.initial.changes(since: .initial).isEmpty)
    #expect(throws: ModelError.self) { try policy { try $0.set(.rooms, to: PeerPolicy.Quota.rooms.nodeLimit + 1) } }
    #expect(throws: ModelError.self) { try PeerPolicy.Hours(from: 1440, until: 0) }
    #expect(try policy { try $0.set(.rooms, to: PeerPolicy.Quota.rooms.nodeLimit) } == .initial)
  }

  @Test("the hours of a day may go over midnight, and end before their end")
  func hours() throws {
    func isValid(_ from: UInt16, _ until: UInt16, at minute: UInt64) throws -> Bool {
      try policy { $0.hours = try PeerPolicy.Hours(from: from, until: until) }
        .isValid(at: Timestamp(milliseconds: 20_000 * day + minute * 60_000))
    }
    for (from, until, minute, expected) in [
      (360, 720, 359, false), (360, 720, 360, true), (360, 720, 719, true), (360, 720, 720, false),
      (1320, 300, 1319, false), (1320, 300, 1320, true), (1320, 300, 0, true), (1320, 300, 299, true),
      (1320, 300, 300, false), (500, 500, 17, true),
    ] as [(UInt16, UInt16, UInt64, Bool)] {
      #expect(try isValid(from, until, at: minute) == expected, "\(from) to \(until) at \(minute)")
    }
  }

  @Test("is changed by a trust officer's decision, by two where there are two, and folded from the log")
  func decisions() throws {
    var log = try Log()
    try log.admit(xb)
    let strict = policy { $0.permissions = [.messages] }
    #expect(log.registry.peer(handle)?.policy == .initial)
    try log.decide(.peerPolicyChanged(handle, strict))
    #expect(log.registry.peer(handle)?.policy == strict)
    #expect(try log.refusal(of: .peerPolicyChanged(handle, strict))?.code == .wrongState)
    #expect(try log.refusal(of: .peerPolicyChanged(Handle("xc"), strict))?.code == .unknownPeer)
    let registrar = try log.name("Rita", [.registrar])
    #expect(try log.refusal(of: .peerPolicyChanged(handle, .initial), by: registrar)?.code == .notPermitted)
    let ana = try log.name("Ana", [.trustOfficer])
    let before = log.registry
    let number = try log.propose(.peerPolicyChanged(handle, .initial), by: ana)
    #expect(log.registry.peer(handle)?.policy == strict)
    let other = Act.proposalSigned(number, ActDigest(of: .peerPolicyChanged(handle, strict)))
    #expect(try log.refusal(of: other)?.code == .malformed)
    try log.decide(.proposalSigned(number, ActDigest(of: .peerPolicyChanged(handle, .initial))))
    #expect(log.registry.peer(handle)?.policy == .initial)
    #expect(
      log.registry.changes(since: before).map(\.text) == [
        "the policy for xb has allowed: messages, documents, relaying, directory, rooms, carrying instead of messages"
      ])
    #expect(try TrustLog(entries: log.entries, head: log.head).registry == log.registry)
  }

  @Test("ends with a revocation: the handle comes again without it")
  func revocation() throws {
    var log = try Log()
    try log.admit(xb)
    try log.decide(.peerPolicyChanged(handle, policy { $0.permissions = [] }))
    try log.decide(.peerRevoked(handle, reason: "x"))
    #expect(try log.refusal(of: .peerPolicyChanged(handle, .initial))?.code == .wrongState)
    try log.decide(.peerProposed(Country("xb").card()))
    #expect(log.registry.peer(handle)?.policy == .initial)
  }
}
