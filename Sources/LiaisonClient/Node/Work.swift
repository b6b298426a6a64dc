package import LiaisonModel
package import LiaisonProtocol

/// Something to ask of the own node. It stays to be done until its answer has been taken in, whatever crashes.
package struct Work: Sendable {
  /// Names one piece of work, so that it is not asked twice at once.
  package enum Key: Hashable, Sendable {
    case peers
    case ownCard
    case rooms
    /// The state of a room that this device comes into.
    case comeIn(RoomIdentifier)
    case forgetKeyPackages
    case uploadKeyPackages
    case createRoom(RoomIdentifier)
    case keyPackages(intent: [UInt8])
    case commit(MessageIdentifier)
    case submit(MessageIdentifier)
    /// The tree of a room that the welcome at the head of the inbox opens.
    case roomState(RoomIdentifier)
  }

  package let key: Key
  package let request: Frame.Body
}

/// What the answer to a piece of work means for it.
package enum WorkOutcome: Sendable {
  /// It was taken in; there may be more to do now.
  case done
  /// It is to be asked again after a while; the node's words, for people.
  case retry(reason: String)
}

extension Frame.Failure {
  /// Whether the same request may succeed later.
  var isPassing: Bool {
    switch reason {
    case .unavailable, .later, .limit, .unspecified: true
    case .malformed, .unknown, .notPermitted, .conflict: false
    }
  }
}
