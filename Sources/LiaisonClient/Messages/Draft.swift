package import LiaisonModel

/// What a person wants to say to a room.
package struct Draft: Sendable {
  package var body: MessageContent.Body
  package var precedence: Precedence
  /// `nil` takes over the marking of what it replies to.
  package var marking: Marking?
  package var replyTo: MessageIdentifier?

  /// Whether it is refused, in the transaction that would send it, where the keys of somebody in the room are not those that
  /// were confirmed.
  package var asksAboutKeys: Bool

  package init(
    _ body: MessageContent.Body, precedence: Precedence = .routine, marking: Marking?,
    replyTo: MessageIdentifier? = nil,
    asksAboutKeys: Bool = false
  ) {
    self.body = body
    self.precedence = precedence
    self.marking = marking
    self.replyTo = replyTo
    self.asksAboutKeys = asksAboutKeys
  }
}

extension MessageContent.Body {
  /// Whether people are to acknowledge it.
  var isToBeAcknowledged: Bool {
    switch self {
    case .text, .document, .handedOver: true
    default: false
    }
  }

  /// Whether people see it as an entry of its own.
  var isRecorded: Bool {
    switch self {
    case .text, .document, .duty, .unknown: true
    // One that is handed over is an entry already, under its own identifier.
    case .acknowledgement, .displayed, .title, .leave, .missing, .again, .successor, .confirmations, .handedOver: false
    }
  }
}
