package import LiaisonModel
package import LiaisonProtocol

/// What the runtime does once the batch that asked for it is on disk, in order.
package enum Output: Sendable {
  case send(LinkID, Frame)
  /// Close the link, after saying why where there is something to say.
  case close(LinkID, Frame.Failure?)
  /// Tell with ``Input/linkDrained(_:)`` as soon as little is left here of what was sent on the link.
  case watch(LinkID)
  /// Try to establish a link to an active peer; failure is told with ``Input/dialFailed(_:)``.
  case dial(Handle)
  case answer(AdministrationID, AdministrationAnswer)
  case event(NodeEvent)
  /// What the batch did, in numbers.
  case tally(Tally)
  /// The store did not take the batch: nothing of it happened, except that those who asked were told to try again.
  case storeFailed(StoreError)
}

/// Something for the log. The text holds no member's data and no content (STYLE.md 18).
package struct NodeEvent: Hashable, Sendable {
  /// As in swift-log: `error` means that somebody must act.
  package enum Severity: Sendable { case debug, info, warning, error }

  package var severity: Severity
  /// Whom it is about, where it is about a peer.
  package var peer: Handle?
  package var text: String

  init(_ severity: Severity, peer: Handle? = nil, _ text: String) {
    self.severity = severity
    self.peer = peer
    self.text = text
  }
}
