/// How a program ends (sysexits.h; COMMANDS.md). Scripts rely on these numbers.
package enum ExitStatus: Int32, CaseIterable, Sendable {
  case done = 0
  case usage = 64
  case badData = 65
  case noInput = 66
  case unavailable = 69
  case software = 70
  case cannotCreate = 73
  case inputOutput = 74
  case tryAgain = 75
  case notPermitted = 77
  case configuration = 78

  /// One sentence, for the manual.
  package var meaning: String {
    switch self {
    case .done: "It did what it was asked."
    case .usage: "The command line is wrong."
    case .badData: "A card, a document, a message or a store does not verify or is malformed."
    case .noInput: "A file, a peer, a member, a room or a message that was named does not exist."
    case .unavailable: "The node or a peer cannot be reached."
    case .software: "A bug of this program."
    case .cannotCreate: "Something would have to be replaced, or cannot be made."
    case .inputOutput: "The disk or the terminal refused."
    case .tryAgain: "It may succeed later: the disk is full, something is busy."
    case .notPermitted: "Trust, a marking, a quota or a passphrase forbids it."
    case .configuration: "The configuration is wrong."
    }
  }
}
