internal import LiaisonModel
package import LiaisonProtocol

/// What one peer, member, device or room may have of this node. Whoever comes to the end of one is refused, and told which
/// one it is; others notice nothing. The figures and their reasons stand in ``LiaisonModel/Limits``.
package enum Quota: String, CaseIterable, Sendable {
  case queuedMessagesPerPeer = "queued-messages-per-peer"
  case queuedBytesPerPeer = "queued-bytes-per-peer"
  case heldMessagesPerPeer = "held-messages-per-peer"
  case heldBytesPerPeer = "held-bytes-per-peer"
  case keptMessagesPerPeer = "kept-messages-per-peer"
  case keptBytesPerPeer = "kept-bytes-per-peer"
  case rememberedMessagesPerPeer = "remembered-messages-per-peer"
  case roomsPerPeer = "rooms-per-peer"
  case keptMessagesPerMember = "kept-messages-per-member"
  case keptBytesPerMember = "kept-bytes-per-member"
  case rememberedMessagesPerMember = "remembered-messages-per-member"
  case roomsPerMember = "rooms-per-member"
  case devicesPerMember = "devices-per-member"
  case keyPackagesPerDevice = "key-packages-per-device"
  case keyPackageRequests = "key-package-requests"
  case connectionsPerDevice = "connections-per-device"
  case bulkLinksPerKey = "bulk-links-per-key"
  case keptMessagesPerRoom = "kept-messages-per-room"
  case keptBytesPerRoom = "kept-bytes-per-room"
  case documentBytesPerRoom = "document-bytes-per-room"

  /// How much there is, in what the name says.
  package var limit: Int {
    switch self {
    case .queuedMessagesPerPeer: Limits.queuedEnvelopesPerPeerMax
    case .queuedBytesPerPeer: Limits.queuedBytesPerPeerMax
    case .heldMessagesPerPeer: Limits.heldEnvelopesPerPeerMax
    case .heldBytesPerPeer: Limits.heldBytesPerPeerMax
    case .keptMessagesPerPeer: Limits.keptEnvelopesPerPeerMax
    case .keptBytesPerPeer: Limits.keptBytesPerPeerMax
    case .rememberedMessagesPerPeer: Limits.rememberedMessagesPerPeerMax
    case .roomsPerPeer: Limits.roomsPerPeerMax
    case .keptMessagesPerMember: Limits.keptEnvelopesPerMemberMax
    case .keptBytesPerMember: Limits.keptBytesPerMemberMax
    case .rememberedMessagesPerMember: Limits.rememberedMessagesPerMemberMax
    case .roomsPerMember: Limits.roomsPerMemberMax
    case .devicesPerMember: Limits.devicesPerMemberMax
    case .keyPackagesPerDevice: Limits.keyPackagesPerDeviceMax
    case .keyPackageRequests: Int(Limits.keyPackageRequestsBurst)
    case .connectionsPerDevice: Limits.connectionsPerDeviceMax
    case .bulkLinksPerKey: Limits.bulkLinksPerKeyMax
    case .keptMessagesPerRoom: Limits.keptEnvelopesPerRoomMax
    case .keptBytesPerRoom: Limits.keptBytesPerRoomMax
    case .documentBytesPerRoom: Limits.documentBytesPerRoomMax
    }
  }

  /// What it counts, in a person's words.
  private var sentence: String {
    switch self {
    case .queuedMessagesPerPeer, .queuedBytesPerPeer: "too much waits for this node already"
    case .heldMessagesPerPeer, .heldBytesPerPeer: "too much of this node waits for rooms that are not known here"
    case .keptMessagesPerPeer, .keptBytesPerPeer: "too much of this node waits for people here"
    case .rememberedMessagesPerPeer: "too many messages came from this node in the last 180 days"
    case .roomsPerPeer: "people here are in too many rooms of this node"
    case .keptMessagesPerMember, .keptBytesPerMember: "too much of this member waits to be delivered"
    case .rememberedMessagesPerMember: "this member sent too many messages in the last 180 days"
    case .roomsPerMember: "this member is in too many rooms"
    case .devicesPerMember: "this member has as many devices as a card names"
    case .keyPackagesPerDevice: "this device has left too many key packages"
    case .keyPackageRequests: "too many key packages are asked for at once; some more can be had soon"
    case .connectionsPerDevice: "this device has too many connections at one time"
    case .bulkLinksPerKey: "too many documents are moved at one time"
    case .keptMessagesPerRoom, .keptBytesPerRoom: "too much waits in this room"
    case .documentBytesPerRoom: "this room has too many documents"
    }
  }

  /// What whoever passes it is told.
  package var failure: Frame.Failure { failure(limit: limit) }

  private func failure(limit: Int) -> Frame.Failure { .limit("quota \(rawValue), \(limit): \(sentence)") }

  /// Throws where `used` and so much more would pass the quota.
  package func check(_ used: Int, adding more: Int = 1) throws(Frame.Failure) {
    try check(used, adding: more, limit: limit)
  }

  /// The same where there is less of it.
  func check(_ used: Int, adding more: Int, limit: Int) throws(Frame.Failure) {
    guard used <= limit, more <= limit - used else { throw failure(limit: limit) }
  }
}

extension Batch {
  /// What one envelope would add to what its origin or author, and its room, have kept here. Throws where it is too much.
  func checkQuotas(of envelope: Envelope, bytes: Int, author: Address? = nil) throws {
    let room = try store.kept(.room(envelope.room))
    try Quota.keptMessagesPerRoom.check(room.envelopes)
    try Quota.keptBytesPerRoom.check(room.bytes, adding: bytes)
    if let author {
      let member = try store.kept(.member(author))
      try Quota.keptMessagesPerMember.check(member.envelopes)
      try Quota.keptBytesPerMember.check(member.bytes, adding: bytes)
      try Quota.rememberedMessagesPerMember.check(member.messages)
    } else {
      let peer = try store.kept(.peer(envelope.origin))
      let (origin, kind) = (envelope.origin, envelope.kind)
      try check(.keptMessagesPerPeer, of: origin, used: peer.envelopes, for: kind)
      try check(.keptBytesPerPeer, of: origin, used: peer.bytes, adding: bytes, for: kind)
      try check(.rememberedMessagesPerPeer, of: origin, used: peer.messages, for: kind)
    }
  }

  /// What one envelope would add to a peer's queue. Throws where it is too much.
  func checkQueue(for peer: Handle, bytes: Int) throws {
    let queue = try store.queueTotal(for: peer)
    try check(.queuedMessagesPerPeer, of: peer, used: queue.count)
    try check(.queuedBytesPerPeer, of: peer, used: queue.bytes, adding: bytes)
  }
}
