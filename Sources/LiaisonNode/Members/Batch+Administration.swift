internal import Crypto
internal import LiaisonModel
internal import LiaisonProtocol

/// What administrators ask.
extension Batch {
  /// How many members or queue entries one answer lists.
  private var rowsMax: Int { 10_000 }
  /// How many inboxes one answer lists, those with the most in them first.
  private var inboxesMax: Int { 200 }

  mutating func administer(_ identifier: AdministrationID, _ request: AdministrationRequest) throws {
    let (outputsBefore, directoryBefore) = (outputs.count, memory.directory.mark)
    do {
      let answer = try store.savepoint { try self.answer(request) }
      outputs.append(.answer(identifier, answer))
    } catch let failure as Frame.Failure {
      memory.directory.forgetTree(since: directoryBefore)
      outputs.removeLast(outputs.count - outputsBefore)
      outputs.append(.answer(identifier, .failed(failure)))
    } catch let error as ModelError {
      memory.directory.forgetTree(since: directoryBefore)
      outputs.removeLast(outputs.count - outputsBefore)
      outputs.append(.answer(identifier, .failed(.malformed(error.sentence))))
    }
  }

  private mutating func answer(_ request: AdministrationRequest) throws -> AdministrationAnswer {
    switch request {
    case .decide(let entry, let head, let table, let identity, let members):
      // What may be refused comes first: the rest only fails with the disk.
      let answer = try members.map { try self.answer($0) } ?? .done
      try store.appendTrustLogEntry(entry)
      try store.saveTrustLogHead(head)
      if let identity { try adopt(identity) }
      try adopt(table)
      return answer
    case .saveTrustLogHead(let head):
      try store.saveTrustLogHead(head)
      return .done
    case .invite(let address, let profile, let expiresAt): return try invite(address, profile, expiresAt)
    case .members: return .members(try store.members(after: nil, limit: rowsMax))
    case .member(let address):
      guard let member = try store.member(address) else { throw Frame.Failure.unknown("there is no member \(address)") }
      return .member(member, devices: try store.devices(of: address).map { try inbox(of: $0) })
    case .revoke(let address, let reason):
      try revoke(address, reason)
      return .done
    case .defineRole(let address, let duty):
      try define(address, duty)
      return .done
    case .removeRole(let address, let reason):
      try removeRole(address, reason)
      return .done
    case .roles: return .roles(try store.standingRoles())
    case .startComCheck(let countries, let precedence, let within):
      return try startComCheck(countries: countries, precedence, withinMilliseconds: within)
    case .comChecks(let number):
      guard let number else { return .comChecks(try store.comChecks(limit: Limits.checksKeptMax)) }
      guard let report = try store.comCheck(number) else {
        throw Frame.Failure.unknown("there is no communication check \(number)")
      }
      return .comChecks([report])
    case .queues: return .queues(try queueStatuses())
    case .inboxes: return .inboxes(try store.fullestInboxes(limit: inboxesMax).map { try inbox(of: $0) })
    case .queue(let peer): return try queue(of: peer)
    case .directory: return .directory(try directoryStatus())
    case .bundle(let request): return .bundle(try self.answer(request))
    case .status:
      return .status(
        NodeStatus(
          handle: handle, peersLinked: memory.links.peers.count, peersActive: peers.active.count,
          devicesLinked: linkedDevices, counts: try store.counts()))
    }
  }

  private mutating func invite(
    _ address: Address, _ profile: MemberProfile, _ expiresAt: Timestamp
  ) throws -> AdministrationAnswer {
    guard address.handle == handle else {
      throw Frame.Failure.notPermitted("\(address) is not of this node, which is \(handle)")
    }
    guard try card(of: address) == nil else {
      throw Frame.Failure.conflict("\(address) is a duty role, and is nobody's own address")
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
    try readDirectory()
    try store.removeInvitations(of: address)
    for device in devices { try store.removeDevice(device.identifier) }
    member.revocation = reason
    member.deviceCount = 0
    try store.saveMember(member)
    try store.removeVouches(of: address, but: [])
    memory.directories.isChanged = true
    if let card = member.card {
      try enter(.end(DirectoryEnd(address: address, lastCard: card, endedAt: now)), about: address)
    }
    try vacate(by: address)
    for device in devices {
      for link in memory.links.links(of: device.identifier) { close(link, .notPermitted("not accepted")) }
    }
  }

  private func queueStatuses() throws -> [QueueStatus] {
    let records = Dictionary(try store.queues().map { ($0.peer, $0) }, uniquingKeysWith: { $1 })
    let handles = Set(records.keys).union(peers.active)
    return handles.sorted().map { peer in
      let link = memory.links.peers[peer]
      let record = records[peer] ?? QueueRecord(peer: peer, count: 0, bytes: 0, oldest: nil)
      return QueueStatus(
        peer: peer, record: record, isLinked: link != nil, isActive: peers.isActive(peer),
        carrier: link.flatMap { LinkID.isTunnel($0.link) ? memory.tunnels.open[peer]?.carrier : nil },
        underWay: link?.window.count ?? 0, dialsAt: link == nil ? memory.dials[peer]?.at : nil,
        trouble: memory.troubles[peer].map { ($0.text, $0.at) }, next: nextStep(for: peer, waiting: record.count),
        clockDifferenceMilliseconds: link?.clockDifferenceMilliseconds)
    }
  }

  private func nextStep(for peer: Handle, waiting count: Int) -> NextStep {
    guard peers.isActive(peer) else { return .waitsForActivation }
    guard peers.takesLinks(of: peer) else { return count > 0 ? .waitsForBundle : .rests }
    guard let link = memory.links.peers[peer] else {
      return memory.dials[peer]?.at.map { .dials(at: $0) } ?? .dialling
    }
    if let at = link.window.resendAt { return .resends(at: at) }
    return count > 0 ? .sends : .rests
  }

  private func inbox(of device: DeviceRecord) throws -> InboxStatus {
    let inbox = try store.inboxTotal(device.identifier)
    return InboxStatus(
      device: device, waiting: inbox.count, oldest: inbox.oldest,
      isLinked: !memory.links.links(of: device.identifier).isEmpty)
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
