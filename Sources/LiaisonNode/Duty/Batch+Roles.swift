internal import LiaisonModel
internal import LiaisonProtocol

/// Duty roles, as registrars and this node itself change them (duty.md).
extension Batch {
  /// The role of this address, where there is one now.
  func standingRole(_ address: Address) throws -> RoleRecord? {
    guard let role = try store.role(address), role.removal == nil else { return nil }
    return role
  }

  /// Makes a role, or has others hold it.
  mutating func define(_ address: Address, _ duty: RoleCard.Duty) throws {
    guard address.handle == handle else {
      throw Frame.Failure.notPermitted("\(address) is not of this node, which is \(handle)")
    }
    guard try store.member(address) == nil else {
      throw Frame.Failure.conflict("\(address) is a member's address; a duty role has one of its own")
    }
    if try store.role(address) == nil {
      guard try store.roles().count < Limits.rolesMax else {
        throw Frame.Failure.limit("a node has at most \(Limits.rolesMax) duty roles")
      }
    }
    for person in duty.people.sorted() where try !isMember(person) {
      throw Frame.Failure.unknown("there is no member \(person)")
    }
    try issueCard(of: address, duty)
  }

  mutating func removeRole(_ address: Address, _ reason: String) throws {
    guard var role = try standingRole(address) else {
      throw Frame.Failure.unknown("there is no duty role \(address)")
    }
    guard 1...256 ~= reason.utf8.count else { throw Frame.Failure.malformed("a reason is 1 to 256 bytes long") }
    role.removal = reason
    role.offer = nil
    try store.saveRole(role)
    try tellDuties(to: role.content.duty.people)
  }

  /// A member is no more: nobody waits for them in any role.
  mutating func vacate(by address: Address) throws {
    for role in try store.roles() where role.removal == nil {
      if role.content.duty.people.contains(address) {
        var duty = role.content.duty
        duty.holders.removeAll { $0 == address }
        if duty.alternate == address { duty.alternate = nil }
        if duty.contactPoint == address { duty.contactPoint = nil }
        try issueCard(of: role.content.address, duty)
      } else if let offer = try? role.offer?.claim(), offer.to == address {
        try withdrawOffer(of: role)
      }
    }
  }

  /// Whether there is such a member of this node now, enrolled or invited.
  func isMember(_ address: Address) throws -> Bool {
    guard let member = try store.member(address) else { return false }
    return member.revocation == nil
  }

  /// Signs a role's next card. What was offered by an earlier one is worth nothing any more.
  @discardableResult
  mutating func issueCard(
    of address: Address, _ duty: RoleCard.Duty, handOver: HandOver? = nil
  ) throws -> Unverified<RoleCard> {
    let before = try store.role(address)
    let content = try RoleCard(
      address: address, duty: duty, serial: (before?.content.serial ?? 0) + 1, issuedAt: now,
      expiresAt: now.adding(milliseconds: Limits.roleCardLifetimeMilliseconds), handOver: handOver)
    let card = Signed(content, by: identity.key).unverified
    try store.saveRole(RoleRecord(card: card, content: content))
    let offered = (try? before?.offer?.claim()).map { [$0.from, $0.to] } ?? []
    try tellDuties(to: duty.people.union(before?.content.duty.people ?? []).union(offered), besides: card)
    return card
  }

  /// The same anew, because it ends or this node has another key. An offer that waits is made anew too, by its maker.
  mutating func issueCard(of content: RoleCard) throws {
    try issueCard(of: content.address, content.duty, handOver: content.handOver)
  }

  mutating func withdrawOffer(of role: RoleRecord) throws {
    guard let offer = try? role.offer?.claim() else { return }
    var role = role
    role.offer = nil
    try store.saveRole(role)
    try tellDuties(to: [offer.from, offer.to])
  }
}
