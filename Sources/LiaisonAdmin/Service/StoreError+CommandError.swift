package import CommandKit
package import LiaisonNode

extension StoreError: CommandErrorConvertible {
  /// A store that cannot be read is bad data; one that is busy or full may do later.
  package var commandError: CommandError {
    let status: ExitStatus =
      switch self {
      case .busy, .full: .tryAgain
      case .corrupt, .newer, .unreadable: .badData
      case .inputOutput, .other: .inputOutput
      case .constraint: .software
      }
    return CommandError(status, escaped(sentence))
  }
}
