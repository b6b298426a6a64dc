package import LiaisonModel
package import LiaisonProtocol
package import LiaisonTrust

extension PeerTable {
  /// Throws why the policy for `peer` does not allow a request, in words that whoever asked is told.
  package func permit(
    _ request: PeerPolicy.Request, with peer: Handle, at now: Timestamp
  ) throws(Frame.Failure) {
    // Whoever is not in the registry has no link, and is refused for that.
    guard let why = peers[peer]?.policy.refusal(of: request, at: now) else { return }
    throw .notPermitted("the policy between this node and \(peer): \(why)")
  }
}

extension Batch {
  /// Throws why the policy for `peer` does not allow a request.
  func permit(_ request: PeerPolicy.Request, with peer: Handle) throws(Frame.Failure) {
    guard peer != handle else { return }
    try peers.permit(request, with: peer, at: now)
  }

  /// Throws where `peer` may not look up one of this node's members, or bring them into a room.
  func permitContact(of address: Address, with peer: Handle) throws {
    guard peer != handle, address.handle == handle, let member = try store.member(address) else { return }
    try permit(.contact(member.profile.discipline), with: peer)
  }

  /// Throws where `used` and so much more would pass what `peer` may have.
  func check(_ quota: Quota, of peer: Handle, used: Int, adding more: Int = 1) throws(Frame.Failure) {
    guard let own = quota.ofPeers, let policy = peers[peer]?.policy else { return try quota.check(used, adding: more) }
    try quota.check(used, adding: more, limit: Int(clamping: policy.limit(own)))
  }
}

extension Quota {
  /// What a peer's policy calls it, where it is a peer's.
  var ofPeers: PeerPolicy.Quota? {
    switch self {
    case .queuedMessagesPerPeer: .queuedMessages
    case .queuedBytesPerPeer: .queuedBytes
    case .heldMessagesPerPeer: .heldMessages
    case .heldBytesPerPeer: .heldBytes
    case .keptMessagesPerPeer: .keptMessages
    case .keptBytesPerPeer: .keptBytes
    case .rememberedMessagesPerPeer: .rememberedMessages
    case .roomsPerPeer: .rooms
    case .keptMessagesPerMember, .keptBytesPerMember, .rememberedMessagesPerMember, .roomsPerMember,
      .devicesPerMember, .keyPackagesPerDevice, .keyPackageRequests, .connectionsPerDevice, .bulkLinksPerKey,
      .keptMessagesPerRoom, .keptBytesPerRoom, .documentBytesPerRoom:
      nil
    }
  }
}
