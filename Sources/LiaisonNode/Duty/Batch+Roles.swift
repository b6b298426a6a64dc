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
    if try standingRole(address) == nil {
      guard try store.standingRoles().count < Limits.rolesMax else {
        throw Frame.Failure.limit("a node has at most \(Limits.rolesMax) duty roles")
      }
    }
    for person in duty.people.sorted() where try !hasDevice(person) {
      throw Frame.Failure.unknown("there is no member \(person) with a machine, who could be reached")
    }
    try issueCard(of: address, duty)
  }

  mutating func removeRole(_ address: Address, _ reason: String) throws {
    guard let role = try standingRole(address) else {
      throw Frame.Failure.unknown("there is no duty role \(address)")
    }
    guard 1...Limits.reasonBytesMax ~= reason.utf8.count else {
      throw Frame.Failure.malformed("a reason is 1 to \(Limits.reasonBytesMax) bytes long")
    }
    // Its last card names nobody, so that whoever has an earlier one writes to nobody any more.
    try issueCard(of: address, RoleCard.Duty(title: role.content.duty.title, holders: []), removal: reason)
  }

  /// The card of a role of this node, as whoever may ask is told it: also of one that was removed, while its last card is
  /// in force.
  func card(of address: Address) throws -> RoleRecord? {
    guard let role = try store.role(address), role.removal == nil || now < role.content.expiresAt else { return nil }
    return role
  }

  /// A member is no more: nobody waits for them in any role.
  mutating func vacate(by address: Address) throws {
    for role in try store.standingRoles() {
      if role.content.duty.people.contains(address) {
        var duty = role.content.duty
        duty.holders.removeAll { $0 == address }
        if duty.alternate == address { duty.alternate = nil }
        if duty.contactPoint == address { duty.contactPoint = nil }
        try issueCard(of: role.content.address, duty, handOver: role.content.handOver)
      } else if let offer = try? role.offer?.claim(), offer.to == address {
        try withdrawOffer(of: role)
      }
    }
  }

  /// Whether there is such a member of this node now, who has a device.
  func hasDevice(_ address: Address) throws -> Bool {
    guard let member = try store.member(address), member.revocation == nil else { return false }
    return try !store.devices(of: address).isEmpty
  }

  /// Signs a role's next card, its last one where it is removed. What was offered by an earlier one is worth nothing any
  /// more; a hand-over is shown as long as whom it was to holds the role.
  mutating func issueCard(
    of address: Address, _ duty: RoleCard.Duty, handOver: HandOver? = nil, removal: String? = nil
  ) throws {
    let before = try store.role(address)
    let receiver = try? handOver?.offer.claim().to
    let isShown = receiver.map { duty.holders.contains($0) } ?? false
    let content = try RoleCard(
      // Serials follow the clock, so that a node which was restored from a backup does not use one twice.
      address: address, duty: duty, serial: max((before?.content.serial ?? 0) + 1, now.milliseconds), issuedAt: now,
      expiresAt: now.adding(milliseconds: Limits.roleCardLifetimeMilliseconds), handOver: isShown ? handOver : nil)
    let card = Signed(content, by: identity.key).unverified
    try store.saveRole(RoleRecord(card: card, content: content, removal: removal))
    let offered = (try? before?.offer?.claim()).map { [$0.from, $0.to] } ?? []
    try tellDuties(to: duty.people.union(before?.content.duty.people ?? []).union(offered), besides: card)
  }

  /// The same anew, because it ends or this node has another key. An offer that waits is dropped: it is of the card before.
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
