package import LiaisonModel
package import LiaisonProtocol

/// Something that happened to the node. A batch of them is one transaction.
package enum Input: Sendable {
  /// A link stands: its key was accepted and the Hellos were exchanged.
  case linkOpened(LinkID, LinkPeer)
  /// A frame other than Hello, Ping and Pong, which the link itself answers.
  case frame(LinkID, Frame)
  /// A link ended, by whichever side; why, in words for an administrator. After an ``Output/close(_:_:)`` it need not be
  /// said.
  case linkClosed(LinkID, because: String = "the link ended")
  /// What was sent on a link has left, as ``Output/watch(_:)`` asked.
  case linkDrained(LinkID)
  /// What ``Output/dial(_:)`` asked for did not come to a link; why, in words for an administrator.
  case dialFailed(Handle, because: String = "")
  /// Time passed; due at ``NodeCore/wakeAt``, harmless at any other time.
  case tick
  /// The registry was read again, or a peer's next card came. A decision comes as
  /// ``AdministrationRequest/decide(_:head:_:identity:members:)``.
  case registryChanged(PeerTable)
  /// An administrator asks.
  case administration(AdministrationID, AdministrationRequest)
}

extension Input {
  /// Whether somebody may have lost the right to a link by it.
  var changesTrust: Bool {
    switch self {
    case .registryChanged, .administration(_, .decide), .administration(_, .revoke): true
    case .linkOpened, .frame, .linkClosed, .linkDrained, .dialFailed, .tick, .administration: false
    }
  }
}

/// Joins an administrator's request and its answer.
package struct AdministrationID: Hashable, Sendable {
  package let rawValue: UInt64

  /// A request's number, which the runtime counts.
  package init(_ rawValue: UInt64) { self.rawValue = rawValue }
}

/// One entry of the trust log, as its bytes are kept.
package struct TrustLogEntry: Hashable, Sendable {
  /// Position in the log, from 0.
  package var sequence: UInt64
  package var bytes: [UInt8]

  /// An entry at its place.
  package init(sequence: UInt64, bytes: [UInt8]) {
    self.sequence = sequence
    self.bytes = bytes
  }
}
