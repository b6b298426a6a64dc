internal import LiaisonModel

extension Act {
  /// Whose it is to decide; nil where that is as with the proposal that it is about. What a role may is here and nowhere
  /// else; ``Registry`` asks for every decision.
  package var requiredRole: Role? {
    switch self {
    case .administratorNamed, .administratorChanged, .administratorRemoved, .ownCardIssued, .policyChanged,
      .historyLost:
      .owner
    case .peerProposed, .peerVerified, .peerActivated, .peerSuspended, .peerRevoked, .peerCardUpdated,
      .peerPolicyChanged, .charterAdopted, .comCheckStarted:
      .trustOfficer
    case .memberInvited, .memberRevoked, .dutyRoleChanged: .registrar
    case .proposalSigned, .proposalDeclined: nil
    }
  }
}

extension Act {
  /// Whether it settles a lost key or lost entries, for which there is room whatever else waits.
  var isRemedy: Bool {
    switch self {
    case .administratorChanged, .administratorRemoved, .historyLost: true
    default: false
    }
  }

  /// The administrator who would have other rights, or none, by it.
  var administratorConcerned: AdministratorKey? {
    switch self {
    case .administratorChanged(let key, _), .administratorRemoved(let key, _): key
    default: nil
    }
  }
}

extension Registry {
  /// How many signatures `act` needs as things stand.
  package func signaturesNeeded(for act: Act) -> Int {
    guard let matter = matter(of: act), let count = policy.signatures[matter], let role = act.requiredRole else {
      return 1
    }
    return max(1, min(Int(count), administrators.values.count { $0.roles.contains(role) }))
  }

  /// The policy's rule for `act`; nil where one signature is enough, whatever the policy says.
  private func matter(of act: Act) -> Policy.Matter? {
    switch act {
    case .administratorNamed, .administratorChanged, .administratorRemoved: .administrators
    case .ownCardIssued(let card): changesKeys(card) ? .rotate : .card
    case .peerProposed: .propose
    case .peerVerified: .verify
    case .peerActivated: .activate
    case .peerCardUpdated: .update
    case .policyChanged: .policy
    case .historyLost: .restore
    case .peerPolicyChanged: .permit
    case .charterAdopted: .charter
    case .peerSuspended, .peerRevoked, .memberInvited, .memberRevoked, .dutyRoleChanged, .comCheckStarted,
      .proposalSigned, .proposalDeclined:
      nil
    }
  }

  private func changesKeys(_ card: Unverified<NodeCard>) -> Bool {
    guard let ownCard, let claim = try? card.claim() else { return false }
    return claim.nodeKeys != ownCard.content.nodeKeys
  }
}
