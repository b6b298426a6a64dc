internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// A member's devices, as one of them asks about the others.
extension Batch {
  /// The rooms that a device's member is in, and whether the device is.
  func rooms(of address: Address, for device: DeviceIdentifier) throws -> [Frame.Room] {
    try store.rooms(of: address, for: device, limit: Limits.roomsListedMax).map { room, isPresent in
      Frame.Room(
        room: room.room, hub: room.hub, epoch: room.epoch, isPresent: isPresent,
        isWelcomed: try store.welcome(to: room.room, for: device) != nil)
    }
  }

  /// A member's devices, in the order of their enrolment.
  func devices(of address: Address) throws -> [Frame.Device] {
    try store.devices(of: address).map { device in
      Frame.Device(
        device: device.identifier, enrolledAt: device.enrolledAt,
        isLinked: !memory.links.links(of: device.identifier).isEmpty,
        waiting: UInt64(try store.inboxTotal(device.identifier).count),
        authorisation: device.authorisation.flatMap { try? DeviceAuthorisation(tlsEncoded: $0) })
    }
  }

  /// A device invites another one of its member. The same again is done already.
  mutating func invite(secretHash: [UInt8], of address: Address, until expiresAt: Timestamp) throws {
    if let known = try store.invitation(secretHash: secretHash) {
      guard known.address == address, known.usedBy == nil else {
        throw Frame.Failure.conflict("there is such an invitation already")
      }
      return
    }
    guard let member = try store.member(address), member.revocation == nil else {
      throw Frame.Failure.notPermitted("this member was revoked")
    }
    guard now < expiresAt,
      expiresAt <= now.adding(milliseconds: Limits.deviceInvitationMillisecondsMax + Limits.clockErrorMillisecondsMax)
    else { throw Frame.Failure.malformed("a device's invitation ends within 7 days") }
    let open = try store.openInvitationCount(of: address, at: now)
    try Quota.devicesPerMember.check(member.deviceCount + open)
    guard memory.directory.mayInvite(address, now: now) else {
      throw Frame.Failure.limit("this member has brought in too many devices; later, or by the contact point")
    }
    try store.insertInvitation(InvitationRecord(secretHash: secretHash, address: address, expiresAt: expiresAt))
    log(.info, "a device invited another one of its member")
  }

  /// A device is no longer its member's: it loses its links, its inbox and its key packages at once, and the member's next
  /// card leaves it out. Its leaves in rooms are removed by the member's other devices.
  mutating func remove(_ device: DeviceIdentifier, of address: Address, by asker: DeviceIdentifier) throws {
    guard device != asker else {
      throw Frame.Failure.notPermitted(
        "a device does not remove itself; another one of the member's does, or the contact point")
    }
    guard try store.device(device)?.address == address, var member = try store.member(address) else {
      throw Frame.Failure.unknown("this member has no such device")
    }
    try store.removeDevice(device)
    try forgetStatements(by: device, of: address)
    try issueCard(to: &member)
    log(.info, "a member removed a device")
    for link in memory.links.links(of: device) { close(link, .notPermitted("not accepted")) }
  }
}
