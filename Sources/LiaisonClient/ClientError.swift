/// Why something that a professional asked for was not done.
package struct ClientError: Error, Equatable, Sendable {
  /// What kind of failure it is; programs end with a status for each (COMMANDS.md).
  package enum Kind: Sendable {
    /// The request itself makes no sense.
    case usage
    /// Something does not verify, or is damaged.
    case badData
    /// What was named does not exist.
    case noInput
    /// The node, or a peer of it, cannot be reached.
    case unavailable
    /// It exists already and is not replaced.
    case cannotCreate
    /// The disk refused.
    case inputOutput
    /// It may succeed later.
    case later
    /// Trust, a marking, membership or a quota forbids it.
    case notPermitted
  }

  package let kind: Kind
  /// A stable name, for programs.
  package let code: String
  /// One sentence for a person. Parts that others wrote are as they came: escape it before it is shown.
  package let sentence: String

  /// An error of this kind.
  package init(_ kind: Kind, _ code: String, _ sentence: String) {
    self.kind = kind
    self.code = code
    self.sentence = sentence
  }
}

extension ClientError {
  static func noSuchRoom(_ name: String) -> ClientError {
    ClientError(.noInput, "room-unknown", "there is no room \(name)")
  }

  static func noSuchMessage(_ name: String) -> ClientError {
    ClientError(.noInput, "message-unknown", "there is no message \(name)")
  }

  static let notInRoom = ClientError(.notPermitted, "room-left", "you are no longer a member of this room")
  static let damagedStore = ClientError(
    .badData, "profile-damaged", "the profile is damaged: something in it does not open with its key")
}
