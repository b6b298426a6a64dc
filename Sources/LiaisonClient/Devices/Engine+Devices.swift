internal import Crypto
package import LiaisonModel
package import LiaisonProtocol
internal import MLS

/// One of this member's devices, as their card names it.
package struct OwnDevice: Sendable, Equatable {
  package let identifier: DeviceIdentifier
  /// Whether it is this one.
  package let isThis: Bool
}

extension Engine {
  /// This member's devices, in the order of their enrolment, by the latest card.
  package var devices: [OwnDevice] {
    get throws {
      let identity = try identity
      return try identity.memberCard.claim().devices.map {
        OwnDevice(identifier: $0.identifier, isThis: $0.identifier == identity.device)
      }
    }
  }

  /// Whether the latest card of this member that is known names a device.
  package func lists(_ device: DeviceIdentifier) throws -> Bool {
    try read { try $0.ownCard.devices.contains { $0.identifier == device } }
  }

  /// Makes an invitation for one more device of this member, which holds this device's grant, and what the node is to be
  /// told before it can be used. At most 7 days.
  package func inviteDevice(
    lifetimeMilliseconds: UInt64, now: Timestamp
  ) throws -> (invitation: Invitation, request: Frame.Body) {
    guard 1...Limits.deviceInvitationMillisecondsMax ~= lifetimeMilliseconds else {
      throw ClientError(.usage, "invitation-lifetime", "a device's invitation can be used for 7 days at most")
    }
    let identity = try identity
    guard let node = try? identity.nodeCard.verified(by: identity.rootKey).content, let nodeKey = node.nodeKeys.first
    else { throw ClientError.damagedStore }
    let secret = random(32)
    let expiresAt = now.adding(milliseconds: lifetimeMilliseconds)
    let grant = DeviceGrant(
      address: identity.address, device: identity.device, invitationKey: try Invitation.key(of: secret).publicKey,
      expiresAt: expiresAt)
    let invitation = Invitation(
      address: identity.address, endpoints: node.endpoints, rootKey: identity.rootKey, nodeKey: nodeKey, secret: secret,
      expiresAt: expiresAt, grant: Signed(grant, by: identity.signatureKey).unverified)
    return (
      invitation,
      .deviceInvite(
        secretHash: Array(SHA256.hash(data: invitation.enrolmentSecret)), expiresAt: expiresAt)
    )
  }

  /// Plans to remove a device of this member from every room. What is written from now on waits, room by room, until it
  /// is out. It counts for this member's no longer, and that the node takes it off the card is looked for. Gives how many
  /// rooms there are.
  @discardableResult
  package func removeDevice(_ device: DeviceIdentifier, now: Timestamp) throws -> Int {
    try change(now: now) { step in
      guard device != step.identity.device else {
        throw ClientError(
          .usage, "remove-this-device", "a device does not remove itself; use another one, or ask your contact point")
      }
      var own = try step.ownDirectory()
      try own.remove(device, serial: step.ownCard.serial, now: now)
      try step.save(own)
      try step.tx.set(kept: step.tx.kept().filter { $0.device.identifier != device })
      return try step.planRemoval { $0 == device }
    }
  }
}

extension EngineStep {
  /// Plans to remove those of this member's devices from every room that are in it and no longer to be. Gives how many
  /// rooms there are.
  @discardableResult
  func planRemoval(where isUnwanted: (DeviceIdentifier) -> Bool) throws -> Int {
    var rooms: Set<RoomIdentifier> = []
    for record in try tx.rooms() where record.state == .active || record.state == .establishing {
      guard let group = try group(record.room), group.isActive else { continue }
      let planned = try tx.intents(record.room).compactMap { intent in
        if case .removeDevice(_, let device) = intent.action, intent.state != .failed { device } else { nil }
      }
      for member in group.roomMembers where member.address == identity.address && member.device != identity.device {
        guard isUnwanted(member.device) else { continue }
        rooms.insert(record.room)
        if planned.contains(member.device) { continue }
        try tx.append(
          Intent(identifier: random(16), room: record.room, .removeDevice(identity.address, member.device)))
      }
      try settle(record.room)
    }
    return rooms.count
  }

  /// This member's other devices, as the card names them.
  var otherDevices: [DeviceIdentifier] {
    ((try? identity.memberCard.claim().devices) ?? []).map(\.identifier).filter { $0 != identity.device }
  }
}
