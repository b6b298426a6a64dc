package import LiaisonModel
package import LiaisonProtocol
package import LiaisonTrust

extension PeerTable {
  /// Throws why the policy for `peer` does not allow a request, in words that whoever asked is told; nil for `now` asks
  /// whatever the time is.
  package func permit(
    _ request: PeerPolicy.Request, with peer: Handle, at now: Timestamp?
  ) throws(Frame.Failure) {
    // Whoever is not in the registry has no link, and is refused for that.
    guard let why = peers[peer]?.policy.refusal(of: request, at: now) else { return }
    throw .notPermitted("the policy between this node and \(peer): \(why)")
  }
}

extension PeerTable {
  /// Whether documents go to and come from a peer.
  func allowsDocuments(with peer: Handle, at now: Timestamp) -> Bool {
    (try? permit(.documents, with: peer, at: now)) != nil
  }
}

extension Batch {
  /// Throws why the policy for `peer` does not allow a request.
  func permit(_ request: PeerPolicy.Request, with peer: Handle) throws(Frame.Failure) {
    guard peer != handle else { return }
    try peers.permit(request, with: peer, at: now)
  }

  /// Whether `peer` may look up one of this node's members. To one whom it may not, the answer is as if there were none:
  /// what may not be asked is not told by a refusal either.
  func isFound(_ address: Address, by peer: Handle, atAnyHour: Bool = false) throws -> Bool {
    guard let member = try store.member(address) else { return false }
    return peers[peer]?.policy.refusal(of: .contact(member.profile.discipline), at: atAnyHour ? nil : now) == nil
  }

  /// Throws where `peer` may not bring these members of this node into a room, whatever the time is: the commit that does
  /// stands, and nobody would hand them the welcome another day.
  func permitEntry(of addresses: Set<Address>, by peer: Handle) throws {
    guard peer != handle else { return }
    for address in addresses.sorted() where address.handle == handle {
      guard let member = try store.member(address) else { continue }
      try peers.permit(.contact(member.profile.discipline), with: peer, at: nil)
    }
  }

  /// Throws where `used` and so much more would pass what `peer` may have. A policy's quota is for messages: the order of
  /// rooms that stand goes on within the node's own.
  func check(
    _ quota: Quota, of peer: Handle, used: Int, adding more: Int = 1, for kind: Envelope.Kind = .application
  ) throws(Frame.Failure) {
    guard kind == .application, let own = quota.ofPeers, let policy = peers[peer]?.policy else {
      return try quota.check(used, adding: more)
    }
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
