package import LiaisonModel

extension Act {
  /// What it changes, in one sentence. `name` gives an administrator's name, where it is known. Names that others chose
  /// are not escaped here.
  package func summary(naming name: (AdministratorKey) -> String?) -> String {
    switch self {
    case .administratorNamed(let administrator):
      "\(administrator.name) becomes an administrator: \(administrator.roles.text)"
    case .administratorChanged(let key, let roles): "\(name(key) ?? "\(key)") is from now on: \(roles.text)"
    case .administratorRemoved(let key, let reason): "\(name(key) ?? "\(key)") is no administrator any more: \(reason)"
    case .memberInvited(let request): "a member is invited (request \(request))"
    case .memberRevoked(let request): "a member is revoked (request \(request))"
    case .ownCardIssued(let card): "this node's card becomes \(Self.text(card))"
    case .peerProposed(let card): "a peer is proposed: \(Self.text(card))"
    case .peerCardUpdated(let card): "the peer's card becomes \(Self.text(card))"
    case .peerVerified(let handle, let rootKey):
      "\(handle) is verified: the fingerprint \(Fingerprint(of: rootKey)) was compared"
    case .peerActivated(let handle): "\(handle) becomes active: its links are accepted"
    case .peerSuspended(let handle): "\(handle) is suspended: its links are refused until it is activated again"
    case .peerRevoked(let handle, let reason): "\(handle) is revoked for good: \(reason)"
    }
  }

  private static func text(_ card: Unverified<NodeCard>) -> String {
    guard let card = try? card.claim() else { return "a card that is malformed" }
    return "\(card.handle), \(card.name) (\(card.country)), serial \(card.serial)"
  }
}
