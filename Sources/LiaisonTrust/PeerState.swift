/// How far a peer is trusted (ARCHITECTURE.md §6): proposed → verified → active ⇄ suspended, and revoked, which ends it.
package enum PeerState: String, Sendable, CaseIterable, CustomStringConvertible {
  /// Its card is here; nobody has compared its root key.
  case proposed
  /// An administrator compared its root key's fingerprint over another channel.
  case verified
  /// Its links are accepted.
  case active
  /// Its links are refused for now.
  case suspended
  /// Its links are refused and its root key is never taken again.
  case revoked

  package var description: String { rawValue }

  /// What an administrator may do to a peer.
  package enum Step: String, Sendable, CaseIterable {
    case verify, activate, suspend, revoke
  }

  /// The state after `step`; nil where the step is not allowed here.
  package func after(_ step: Step) -> PeerState? {
    switch (self, step) {
    case (.proposed, .verify): .verified
    case (.verified, .activate), (.suspended, .activate): .active
    case (.active, .suspend): .suspended
    case (.proposed, .revoke), (.verified, .revoke), (.active, .revoke), (.suspended, .revoke): .revoked
    default: nil
    }
  }

  /// Whether its names and keys are nobody else's: its root key was compared, and it was not revoked.
  package var holdsNames: Bool {
    switch self {
    case .verified, .active, .suspended: true
    case .proposed, .revoked: false
    }
  }

  /// What can be done from here, for people.
  package var advice: String {
    switch self {
    case .proposed: "verify its fingerprint first"
    case .verified: "it can be activated or revoked"
    case .active: "it can be suspended or revoked"
    case .suspended: "it can be activated again or revoked"
    case .revoked: "a revoked peer returns only as a new proposal, with another root key"
    }
  }
}
