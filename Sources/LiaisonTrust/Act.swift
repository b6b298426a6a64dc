package import LiaisonModel
package import TLSPresentation

/// What a decision changes.
///
/// ```
/// enum {
///   administrator_named(1), own_card_issued(2), peer_proposed(3), peer_verified(4),
///   peer_activated(5), peer_suspended(6), peer_revoked(7), peer_card_updated(8),
///   administrator_changed(9), administrator_removed(10), member_invited(11), member_revoked(12),
///   policy_changed(13), proposal_signed(14), proposal_declined(15), history_lost(16), peer_policy_changed(17),
///   charter_adopted(18), role_changed(160), com_check_started(161),
///   (65535)
/// } ActType;
/// ```
package enum Act: Hashable, Sendable {
  /// An administrator exists from now on. The log's first entry names the first owner, who signs it.
  case administratorNamed(Administrator)
  /// This node's own card, the first or the next.
  case ownCardIssued(Unverified<NodeCard>)
  /// A country's card has come; nothing is believed yet.
  case peerProposed(Unverified<NodeCard>)
  /// The fingerprint of the peer's root key was compared over another channel.
  case peerVerified(Handle, rootKey: RootKey)
  /// Links with the peer are accepted, as long as its root key is this one.
  case peerActivated(Handle, rootKey: RootKey)
  /// Links with the peer are refused until it is activated again.
  case peerSuspended(Handle)
  /// Links with the peer are refused, and its root key is never taken again.
  case peerRevoked(Handle, reason: String)
  /// The peer's next card, by the same root key.
  case peerCardUpdated(Unverified<NodeCard>)
  /// An administrator has other roles from now on.
  case administratorChanged(AdministratorKey, roles: Set<Role>)
  /// An administrator decides nothing any more, and the key is never named again.
  case administratorRemoved(AdministratorKey, reason: String)
  /// One device of a member may enrol.
  case memberInvited(MemberRequestDigest)
  /// A member's devices lose their rights.
  case memberRevoked(MemberRequestDigest)
  /// Other numbers of signatures are needed from now on.
  case policyChanged(Policy)
  /// One more administrator wants what was proposed at that place in the log.
  case proposalSigned(UInt64, ActDigest)
  /// What was proposed at that place will not be.
  case proposalDeclined(UInt64, reason: String)
  /// What heads of this log said until this one was signed, does not count any more: a peer has this head, and entries
  /// that it speaks of are lost.
  case historyLost(Unverified<LogHead>)
  /// The peer may do this, in place of what it could before.
  case peerPolicyChanged(Handle, PeerPolicy)
  /// This is the network's charter from now on, although others that want its place are known.
  case charterAdopted(SignedCharter, despite: [CharterDigest])
  /// A duty role is held by others, or is no more.
  case dutyRoleChanged(MemberRequestDigest)
  /// Countries' duty officers are asked for a human acknowledgement.
  case comCheckStarted(MemberRequestDigest)
}

extension Act {
  private enum Kind: UInt16 {
    case administratorNamed = 1
    case ownCardIssued = 2
    case peerProposed = 3
    case peerVerified = 4
    case peerActivated = 5
    case peerSuspended = 6
    case peerRevoked = 7
    case peerCardUpdated = 8
    case administratorChanged = 9
    case administratorRemoved = 10
    case memberInvited = 11
    case memberRevoked = 12
    case policyChanged = 13
    case proposalSigned = 14
    case proposalDeclined = 15
    case historyLost = 16
    case peerPolicyChanged = 17
    case charterAdopted = 18
    case dutyRoleChanged = 160
    case comCheckStarted = 161
  }

  private var kind: Kind {
    switch self {
    case .administratorNamed: .administratorNamed
    case .ownCardIssued: .ownCardIssued
    case .peerProposed: .peerProposed
    case .peerVerified: .peerVerified
    case .peerActivated: .peerActivated
    case .peerSuspended: .peerSuspended
    case .peerRevoked: .peerRevoked
    case .peerCardUpdated: .peerCardUpdated
    case .administratorChanged: .administratorChanged
    case .administratorRemoved: .administratorRemoved
    case .memberInvited: .memberInvited
    case .memberRevoked: .memberRevoked
    case .policyChanged: .policyChanged
    case .proposalSigned: .proposalSigned
    case .proposalDeclined: .proposalDeclined
    case .historyLost: .historyLost
    case .peerPolicyChanged: .peerPolicyChanged
    case .charterAdopted: .charterAdopted
    case .dutyRoleChanged: .dutyRoleChanged
    case .comCheckStarted: .comCheckStarted
    }
  }
}

extension Act: TLSCodable {
  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let code = try decoder.read(UInt16.self)
    switch Kind(rawValue: code) {
    case .administratorNamed: self = .administratorNamed(try decoder.read())
    case .ownCardIssued: self = .ownCardIssued(try decoder.read())
    case .peerProposed: self = .peerProposed(try decoder.read())
    case .peerVerified: self = .peerVerified(try decoder.read(), rootKey: try decoder.read())
    case .peerActivated: self = .peerActivated(try decoder.read(), rootKey: try decoder.read())
    case .peerSuspended: self = .peerSuspended(try decoder.read())
    case .peerRevoked:
      self = .peerRevoked(try decoder.read(), reason: try decoder.readString(bound: Limits.reasonBytesMax))
    case .peerCardUpdated: self = .peerCardUpdated(try decoder.read())
    case .administratorChanged: self = .administratorChanged(try decoder.read(), roles: try decoder.readRoles())
    case .administratorRemoved:
      self = .administratorRemoved(try decoder.read(), reason: try decoder.readString(bound: Limits.reasonBytesMax))
    case .memberInvited: self = .memberInvited(try decoder.read())
    case .memberRevoked: self = .memberRevoked(try decoder.read())
    case .policyChanged: self = .policyChanged(try decoder.read())
    case .proposalSigned: self = .proposalSigned(try decoder.read(), try decoder.read())
    case .proposalDeclined:
      self = .proposalDeclined(try decoder.read(), reason: try decoder.readString(bound: Limits.reasonBytesMax))
    case .historyLost: self = .historyLost(try decoder.read())
    case .peerPolicyChanged: self = .peerPolicyChanged(try decoder.read(), try decoder.read())
    case .charterAdopted:
      let charter = try decoder.read(SignedCharter.self)
      let despite = try decoder.readVector(of: CharterDigest.self, bound: Limits.chartersDespiteMax * 32)
      guard zip(despite, despite.dropFirst()).allSatisfy({ $0 < $1 }) else {
        throw .invalid("the charters that another one is adopted despite are out of order")
      }
      self = .charterAdopted(charter, despite: despite)
    case .dutyRoleChanged: self = .dutyRoleChanged(try decoder.read())
    case .comCheckStarted: self = .comCheckStarted(try decoder.read())
    case nil: throw .unknownValue(UInt64(code))
    }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(kind.rawValue)
    switch self {
    case .administratorNamed(let administrator): encoder.write(administrator)
    case .ownCardIssued(let card), .peerProposed(let card), .peerCardUpdated(let card): encoder.write(card)
    case .peerVerified(let handle, let rootKey), .peerActivated(let handle, let rootKey):
      encoder.write(handle)
      encoder.write(rootKey)
    case .peerSuspended(let handle): encoder.write(handle)
    case .peerRevoked(let handle, let reason):
      encoder.write(handle)
      encoder.write(string: reason)
    case .administratorChanged(let key, let roles):
      encoder.write(key)
      encoder.write(roles.bits)
    case .administratorRemoved(let key, let reason):
      encoder.write(key)
      encoder.write(string: reason)
    case .memberInvited(let request), .memberRevoked(let request), .dutyRoleChanged(let request),
      .comCheckStarted(let request):
      encoder.write(request)
    case .policyChanged(let policy): encoder.write(policy)
    case .proposalSigned(let proposal, let digest):
      encoder.write(proposal)
      encoder.write(digest)
    case .proposalDeclined(let proposal, let reason):
      encoder.write(proposal)
      encoder.write(string: reason)
    case .historyLost(let head): encoder.write(head)
    case .peerPolicyChanged(let handle, let policy):
      encoder.write(handle)
      encoder.write(policy)
    case .charterAdopted(let charter, let despite):
      encoder.write(charter)
      encoder.write(vector: despite)
    }
  }
}
