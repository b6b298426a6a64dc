internal import Crypto
internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// Devices that come with an invitation.
extension Batch {
  /// Enrols a device, once for each invitation; the same device that asks again gets the same answer.
  mutating func enrol(_ request: Frame.Enrol, linkKey: DeviceLinkKey) throws -> Unverified<MemberCard> {
    // Who does not hold the secret learns nothing, not even whether there ever was such an invitation.
    let opaque = Frame.Failure.notPermitted("this invitation is not valid here")
    let hash = Array(SHA256.hash(data: request.secret))
    guard let invitation = try store.invitation(secretHash: hash) else { throw opaque }
    let device = request.device
    guard let binding = try? request.binding.verified(by: device.signatureKey).content,
      binding.device == device.identifier, binding.linkKey == linkKey, binding.invitation == hash
    else { throw Frame.Failure.malformed("the device's keys are not bound to this invitation") }
    guard var member = try store.member(invitation.address), member.revocation == nil else { throw opaque }
    if let user = invitation.usedBy {
      guard user == device.identifier, let known = try store.device(user), known.linkKey == linkKey,
        known.signatureKey == device.signatureKey, let card = member.card
      else { throw Frame.Failure.notPermitted("this invitation has been used already") }
      return card
    }
    guard now < invitation.expiresAt else { throw Frame.Failure.notPermitted("this invitation has expired") }
    let devices = try store.devices(of: invitation.address)
    try Quota.devicesPerMember.check(devices.count)
    guard try store.device(device.identifier) == nil, try store.device(linkKey: linkKey) == nil,
      try store.device(signatureKey: device.signatureKey) == nil
    else { throw Frame.Failure.conflict("a device has been enrolled with this identifier or key; make new ones") }
    try store.insertDevice(
      DeviceRecord(
        identifier: device.identifier, address: invitation.address, linkKey: linkKey,
        signatureKey: device.signatureKey, enrolledAt: now, authorisation: request.authorisation?.tlsEncoded))
    try store.useInvitation(secretHash: hash, by: device.identifier)
    log(.info, "a device was enrolled")
    return try issueCard(to: &member)
  }

  /// Signs a member's next card, over their present devices, and enters it into the directory.
  @discardableResult
  mutating func issueCard(to member: inout MemberRecord) throws -> Unverified<MemberCard> {
    try readDirectory()
    let devices = try store.devices(of: member.address).map {
      MemberCard.Device(identifier: $0.identifier, signatureKey: $0.signatureKey)
    }
    let expiresAt = now.adding(milliseconds: Limits.memberCardLifetimeMilliseconds)
    let content = try MemberCard(
      address: member.address, name: member.profile.name, discipline: member.profile.discipline,
      role: member.profile.role, devices: devices, serial: member.serial + 1, issuedAt: now, expiresAt: expiresAt)
    let card = Signed(content, by: identity.key).unverified
    member.card = card
    member.serial += 1
    member.cardExpiresAt = expiresAt
    member.deviceCount = devices.count
    try store.saveMember(member)
    memory.directories.isChanged = true
    try enter(.card(card), about: member.address)
    return card
  }

  /// Takes over this node's next card, and has its key sign all members' cards where that is another one.
  mutating func adopt(_ next: NodeIdentity) throws {
    let isOtherKey = next.key.publicKey != identity.key.publicKey
    identity = next
    guard isOtherKey else { return }
    try store.renewMemberCards(at: now)
    for role in try store.standingRoles() { try issueCard(of: role.content) }
    try renewCards()
  }

  /// Renews cards before they end.
  mutating func renewCards() throws {
    let soon = now.adding(milliseconds: Limits.memberCardRenewalMilliseconds)
    for var member in try store.members(cardsExpiringBefore: soon, limit: Housekeeping.rowsMax) {
      try issueCard(to: &member)
    }
    let nearly = now.adding(milliseconds: Limits.roleCardRenewalMilliseconds)
    for role in try store.standingRoles() where role.content.expiresAt < nearly {
      try issueCard(of: role.content)
    }
  }
}
