internal import Crypto
internal import LiaisonModel
internal import LiaisonProtocol

/// What administrators ask.
extension Batch {
  /// How many members or queue entries one answer lists.
  private var rowsMax: Int { 10_000 }

  mutating func administer(_ identifier: AdministrationID, _ request: AdministrationRequest) throws {
    let outputsBefore = outputs.count
    do {
      let answer = try store.savepoint { try self.answer(request) }
      outputs.append(.answer(identifier, answer))
    } catch let failure as Frame.Failure {
      outputs.removeLast(outputs.count - outputsBefore)
      outputs.append(.answer(identifier, .failed(failure)))
    } catch let error as ModelError {
      outputs.removeLast(outputs.count - outputsBefore)
      outputs.append(.answer(identifier, .failed(.malformed(error.sentence))))
    }
  }

  private mutating func answer(_ request: AdministrationRequest) throws -> AdministrationAnswer {
    switch request {
    case .decide(let entry, let head, let table):
      try store.appendTrustLogEntry(entry)
      try store.saveTrustLogHead(head)
      try adopt(table)
      return .done
    case .invite(let address, let profile, let expiresAt): return try invite(address, profile, expiresAt)
    case .members: return .members(try store.members(after: nil, limit: rowsMax))
    case .member(let address):
      guard let member = try store.member(address) else { throw Frame.Failure.unknown("there is no member \(address)") }
      return .member(member, devices: try store.devices(of: address))
    case .revoke(let address, let reason):
      try revoke(address, reason)
      return .done
    case .queues: return .queues(try queueStatuses())
    case .queue(let peer): return try queue(of: peer)
    case .status:
      return .status(
        NodeStatus(
          handle: handle, peersLinked: memory.links.peers.count, peersActive: peers.active.count,
          devicesLinked: Set(memory.links.devices.values.map(\.device)).count, counts: try store.counts()))
    }
  }

  private mutating func invite(
    _ address: Address, _ profile: MemberProfile, _ expiresAt: Timestamp
  ) throws -> AdministrationAnswer {
    guard address.handle == handle else {
      throw Frame.Failure.notPermitted("\(address) is not of this node, which is \(handle)")
    }
    guard now < expiresAt, expiresAt <= now.adding(milliseconds: Limits.invitationLifetimeMillisecondsMax) else {
      throw Frame.Failure.malformed("an invitation expires within 30 days")
    }
    // What a card cannot say is found out now, not when the device comes.
    _ = try MemberCard(
      address: address, name: profile.name, discipline: profile.discipline, role: profile.role, devices: [], serial: 1,
      issuedAt: now, expiresAt: expiresAt)
    let known = try store.member(address)
    try Quota.devicesPerMember.check(known?.deviceCount ?? 0)
    var member = known ?? MemberRecord(address: address, profile: profile)
    let isChanged = member.profile != profile
    member.profile = profile
    member.revocation = nil
    try store.saveMember(member)
    if isChanged, member.deviceCount > 0 { try issueCard(to: &member) }
    let secret = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    try store.insertInvitation(
      InvitationRecord(secretHash: Array(SHA256.hash(data: secret)), address: address, expiresAt: expiresAt))
    return .invitation(
      Invitation(
        address: address, endpoints: identity.card.content.endpoints, rootKey: identity.card.content.rootKey,
        nodeKey: identity.key.publicKey, secret: secret, expiresAt: expiresAt))
  }

  /// A member's devices lose their links, inboxes and key packages at once. Rooms are left to their members, who see it.
  private mutating func revoke(_ address: Address, _ reason: String) throws {
    guard var member = try store.member(address), member.revocation == nil else {
      throw Frame.Failure.unknown("there is no member \(address)")
    }
    guard 1...256 ~= reason.utf8.count else { throw Frame.Failure.malformed("a reason is 1 to 256 bytes long") }
    let devices = try store.devices(of: address)
    try store.removeInvitations(of: address)
    for device in devices { try store.removeDevice(device.identifier) }
    member.revocation = reason
    member.deviceCount = 0
    try store.saveMember(member)
    for device in devices {
      for link in memory.links.links(of: device.identifier) { close(link, .notPermitted("not accepted")) }
    }
  }

  private func queueStatuses() throws -> [QueueStatus] {
    let records = Dictionary(try store.queues().map { ($0.peer, $0) }, uniquingKeysWith: { $1 })
    let handles = Set(records.keys).union(peers.active)
    return handles.sorted().map { peer in
      let window = memory.links.peers[peer]?.window
      return QueueStatus(
        peer: peer, record: records[peer] ?? QueueRecord(peer: peer, count: 0, bytes: 0, oldest: nil),
        isLinked: window != nil, isActive: peers.isActive(peer), underWay: window?.count ?? 0,
        dialsAt: memory.links.peers[peer] == nil ? memory.dials[peer]?.at : nil)
    }
  }

  private func queue(of peer: Handle) throws -> AdministrationAnswer {
    guard let status = try queueStatuses().first(where: { $0.peer == peer }) else {
      throw Frame.Failure.unknown("there is no peer \(peer), or nothing is queued for it")
    }
    var oldest: [QueuedEnvelope] = []
    for precedence in Precedence.allCases.sorted(by: >) {
      oldest += try store.queue(for: peer, precedence: precedence, after: 0, limit: 50)
    }
    return .queue(status, oldest: Array(oldest.prefix(50)))
  }
}
