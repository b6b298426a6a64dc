package import LiaisonModel

/// A line of a room's history.
package struct HistoryEntry: Sendable {
  package enum Content: Sendable {
    case message(MessageContent)
    case notice(RoomNotice)
  }

  /// Grows with each entry of the profile.
  package let position: Int64
  package let identifier: MessageIdentifier
  package let room: RoomIdentifier
  /// When this device had it.
  package let at: Timestamp
  package let content: Content
  /// Who sent it; `nil` for a notice.
  package let sender: Address?
  package let isOwn: Bool
  package let isUnread: Bool
  package let flags: MessageFlags
  /// Whether oneself has acknowledged it.
  package let isAcknowledged: Bool

  package var message: MessageContent? { if case .message(let message) = content { message } else { nil } }
}

/// Where an own message is.
package struct MessageStatus: Sendable {
  package enum NodeState: Sendable, Equatable {
    /// On this device, not yet taken by the own node.
    case outbox
    /// The own node has it, and will deliver it or say that it cannot.
    case queued
    /// The node holds it, by its own clock.
    case delivered(at: Timestamp)
    /// It will not be delivered there; the words, for people.
    case refused(reason: String, at: Timestamp)
    /// No receipt has come, and somebody there missed it: it was sent again inside another message.
    case sentAgain(at: Timestamp)
  }

  package struct Node: Sendable, Equatable {
    package let handle: Handle
    package let state: NodeState
    /// Whether a receipt proves it, which was verified against the node's card. The own node gives none to its own.
    package let isProven: Bool
  }

  package struct Person: Sendable, Equatable {
    package let address: Address
    /// By that person's clock.
    package let displayedAt: Timestamp?
    package let acknowledgedAt: Timestamp?
    /// The duty role that the message was written to, where this is one of those who act for it or did.
    package let role: Address?
    /// Whether they acted for it when they acknowledged it; where they have not, whether they do now.
    package let holdsRole: Bool
  }

  package let entry: HistoryEntry
  /// SHA-256 of the envelope, which receipts name, 32 bytes; empty while it was not made.
  package let envelopeDigest: [UInt8]
  package let nodes: [Node]
  package let people: [Person]
  /// When those it is for are late in acknowledging it; `nil` where nobody is to.
  package let acknowledgeBy: Timestamp?
  /// What it still waits for on this device before it can be encrypted; `nil` where it was.
  package let heldBecause: String?
}
