internal import LiaisonModel
internal import LiaisonProtocol

/// What devices and peers ask about duty roles, and what holders do about theirs (duty.md).
extension Batch {
  /// A device asks for its member's duties, or for a role anywhere.
  mutating func answer(
    dutyOf address: Address, by member: Address, _ request: UInt64, on link: LinkID
  ) throws {
    guard address != member else {
      memory.links.devices[link]?.followsDuties = true
      return answer(request, .dutyAnswer(try duties(of: member)), on: link)
    }
    guard address.handle == handle else {
      return try relay(.dutyQuery(address), .role(address), to: address.handle, for: request, on: link)
    }
    answer(request, .dutyAnswer(Frame.Duties(roleCards: try card(of: address).map { [$0.card] } ?? [])), on: link)
  }

  /// A peer asks for one of this node's roles. One that it may not contact is as if there were none.
  mutating func answer(dutyOf address: Address, from peer: Handle, on link: LinkID, _ request: UInt64) throws {
    try permit(.directory, with: peer)
    guard address.handle == handle else {
      throw Frame.Failure.notPermitted("a node answers peers for its own roles")
    }
    var cards: [Unverified<RoleCard>] = []
    if let role = try card(of: address), try isFound(role.content, by: peer) { cards = [role.card] }
    answer(request, .dutyAnswer(Frame.Duties(roleCards: cards)), on: link)
  }

  /// Whether a peer may look up everybody whom a role's card names.
  func isFound(_ card: RoleCard, by peer: Handle, atAnyHour: Bool = false) throws -> Bool {
    try card.duty.people.allSatisfy { try isFound($0, by: peer, atAnyHour: atAnyHour) }
  }

  /// What of a peer's answer is the card of this role.
  func role(_ address: Address, in duties: Frame.Duties) -> Frame.Duties {
    guard let nodeCard = peers[address.handle]?.card else { return Frame.Duties() }
    let cards = duties.roleCards.filter { (try? $0.verified(by: nodeCard))?.content.address == address }
    return Frame.Duties(roleCards: Array(cards.prefix(1)))
  }

  /// The roles that name a member, and the hand-overs that wait for them or that they offered.
  func duties(of member: Address) throws -> Frame.Duties {
    var duties = Frame.Duties()
    for role in try store.standingRoles() {
      let offer = try? role.offer?.claim()
      let isConcerned = offer.map { ($0.from == member || $0.to == member) && now < $0.expiresAt } ?? false
      if isConcerned, let offer = role.offer { duties.offers.append(offer) }
      if isConcerned || role.content.duty.people.contains(member) { duties.roleCards.append(role.card) }
    }
    duties.checks = try comChecksToAnswer(by: member)
    return duties
  }

  /// Tells the devices of these members that follow their duties what these are now.
  mutating func tellDuties(to members: Set<Address>, besides card: Unverified<RoleCard>? = nil) throws {
    for member in members.sorted() {
      let links = try store.devices(of: member).flatMap { memory.links.links(of: $0.identifier) }
        .filter { memory.links.devices[$0]?.followsDuties == true }
      guard !links.isEmpty else { continue }
      var duties = try duties(of: member)
      // Whoever was in it and is not any more learns who is.
      if let card, !duties.roleCards.contains(card), duties.roleCards.count < Limits.rolesMax {
        duties.roleCards.append(card)
      }
      for link in links { send(Frame(.dutyAnswer(duties)), on: link) }
    }
  }

  /// A device does something about a role. Gives its member's duties after it.
  mutating func take(
    _ change: Frame.DutyChange, by device: DeviceIdentifier, of member: Address
  ) throws -> Frame.Duties {
    switch change {
    case .offer(let offer): try take(offer, by: device, of: member)
    case .acceptance(let acceptance): try take(acceptance, by: device, of: member)
    case .decline(let address):
      guard let role = try standingRole(address), let offer = try? role.offer?.claim(),
        offer.to == member || offer.from == member
      else { throw Frame.Failure.unknown("no hand-over of \(address) waits for you") }
      try withdrawOffer(of: role)
    case .resign(let address):
      guard let role = try standingRole(address), role.content.duty.holders.contains(member) else {
        throw Self.notHeld(address)
      }
      var duty = role.content.duty
      duty.holders.removeAll { $0 == member }
      try issueCard(of: address, duty, handOver: role.content.handOver)
      log(.info, "a holder resigned a duty role")
    case .answer(let answer): try take(answer, by: device, of: member)
    }
    return try duties(of: member)
  }

  static func notHeld(_ role: Address) -> Frame.Failure { .notPermitted("you do not hold \(role)") }

  private mutating func take(
    _ unverified: Unverified<DutyOffer>, by device: DeviceIdentifier, of member: Address
  ) throws {
    let offer = try signed(unverified, by: device).content
    guard var role = try standingRole(offer.role), role.content.duty.holders.contains(member) else {
      throw Self.notHeld(offer.role)
    }
    guard offer.serial == role.content.serial else {
      throw Frame.Failure.conflict("\(offer.role) has changed meanwhile; look at it and offer it again")
    }
    guard offer.to != member, try hasDevice(offer.to) else {
      throw Frame.Failure.unknown("there is no other member \(offer.to) who could take it over")
    }
    guard !role.content.duty.holders.contains(offer.to) else {
      throw Frame.Failure.conflict("\(offer.to) holds \(offer.role) already")
    }
    guard now < offer.expiresAt, offer.offeredAt <= now.adding(milliseconds: Limits.clockErrorMillisecondsMax),
      offer.expiresAt
        <= now.adding(milliseconds: Limits.dutyOfferMillisecondsMax + Limits.clockErrorMillisecondsMax)
    else { throw Frame.Failure.malformed("an offer waits at most 7 days") }
    let before = try? role.offer?.claim()
    role.offer = unverified
    try store.saveRole(role)
    log(.info, "a duty role was offered to another member")
    try tellDuties(to: Set([offer.to, before?.to, before?.from].compactMap(\.self)).union([member]))
  }

  private mutating func take(
    _ acceptance: Unverified<DutyAcceptance>, by device: DeviceIdentifier, of member: Address
  ) throws {
    // The same once more: the answer was lost.
    let roles = try store.standingRoles()
    if roles.contains(where: { $0.content.handOver?.acceptance == acceptance }) { return }
    for role in roles {
      guard let offer = role.offer, let claim = try? offer.claim(), claim.to == member, now < claim.expiresAt else {
        continue
      }
      let handOver = HandOver(offer: offer, acceptance: acceptance)
      guard
        let verified = try? handOver.verified(
          from: signatureKeys(of: claim.from), to: signatureKeys(of: member).filter { $0.identifier == device }),
        verified.offer.serial == role.content.serial
      else { continue }
      var duty = role.content.duty
      duty.holders = duty.holders.map { $0 == claim.from ? member : $0 }
      try issueCard(of: role.content.address, duty, handOver: handOver)
      log(.info, "a duty role was handed over")
      return
    }
    throw Frame.Failure.unknown("no hand-over waits for this acceptance; it may have expired, or been withdrawn")
  }

  private func signatureKeys(of member: Address) throws -> [MemberCard.Device] {
    try store.devices(of: member).map {
      MemberCard.Device(identifier: $0.identifier, signatureKey: $0.signatureKey)
    }
  }
}
