internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonProtocol

extension AdminFailure {
  init(_ failure: Frame.Failure) {
    self.init()
    // The numbers are the same (admin.proto).
    reason = Reason(rawValue: failure.reason.rawValue) ?? .unspecified
    text = failure.text
  }
}

extension AdminMember {
  init(_ member: MemberRecord) {
    self.init()
    address = member.address.description
    name = member.profile.name
    discipline = member.profile.discipline.description
    role = member.profile.role
    cardSerial = member.serial
    cardExpiresAt = member.cardExpiresAt?.milliseconds ?? 0
    revoked = member.revocation != nil
    reason = member.revocation ?? ""
    deviceCount = UInt32(clamping: member.deviceCount)
  }
}

extension AdminQueue {
  init(_ status: QueueStatus) {
    self.init()
    peer = status.peer.description
    count = UInt64(clamping: status.record.count)
    bytes = UInt64(clamping: status.record.bytes)
    oldestAt = status.record.oldest?.milliseconds ?? 0
    linked = status.isLinked
    active = status.isActive
    underWay = UInt64(clamping: status.underWay)
    dialsAt = status.dialsAt?.milliseconds ?? 0
  }
}
