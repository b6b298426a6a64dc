package import LiaisonModel
package import LiaisonProtocol

/// Something to ask of the own node. It stays to be done until its answer has been taken in, whatever crashes.
package struct Work: Sendable {
  /// Names one piece of work, so that it is not asked twice at once.
  package enum Key: Hashable, Sendable {
    case peers
    case ownCard
    /// What waits for this member of duty roles.
    case duties
    /// Who holds a role that this device writes to, or that it held.
    case role(Address)
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
    /// The own node's directory log, from where it was read.
    case directoryRecords
    /// Entries of it about this member.
    case directoryEntries([UInt64])
    /// Who brought in devices that are on this member's card.
    case ownDevices
    /// Whether a country's directory continues what was seen of it.
    case directoryContinuation(Frame.DirectoryContinuationRequest)
    /// Whether the directory has the card of a member that a room showed.
    case cardCheck(Address)

    /// Whether it is about a directory: what cannot be had now is asked for on the next connection.
    var isOfDirectory: Bool {
      if case .directoryContinuation = self { true } else { isOfOwnDirectory }
    }

    /// Whether it is a part of the watch over this member's entry.
    var isOfOwnDirectory: Bool {
      switch self {
      case .directoryRecords, .directoryEntries, .ownDevices: true
      default: false
      }
    }
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
