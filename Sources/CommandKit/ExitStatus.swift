/// How a program ends (sysexits.h; COMMANDS.md). Scripts rely on these numbers.
package enum ExitStatus: Int32, Sendable {
  /// It did what it was asked.
  case done = 0
  /// The command line is wrong.
  case usage = 64
  /// A card, a message or a store does not verify or is malformed.
  case badData = 65
  /// A file, a peer, a member or a message that was named does not exist.
  case noInput = 66
  /// The node or a peer cannot be reached.
  case unavailable = 69
  /// A bug of this program.
  case software = 70
  /// Something would have to be replaced, or cannot be made.
  case cannotCreate = 73
  /// The disk or the terminal refused.
  case inputOutput = 74
  /// It may succeed later: the disk is full, something is busy.
  case tryAgain = 75
  /// Trust, a marking, a quota or a passphrase forbids it.
  case notPermitted = 77
  /// The configuration is wrong.
  case configuration = 78
}
