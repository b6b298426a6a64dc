extension Act {
  /// Whose it is to decide. What a role may is here and nowhere else; ``Registry`` asks for every decision.
  package var requiredRole: Role {
    switch self {
    case .administratorNamed, .administratorChanged, .administratorRemoved, .ownCardIssued: .owner
    case .peerProposed, .peerVerified, .peerActivated, .peerSuspended, .peerRevoked, .peerCardUpdated: .trustOfficer
    case .memberInvited, .memberRevoked: .registrar
    }
  }
}
