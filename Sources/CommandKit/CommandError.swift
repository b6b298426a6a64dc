package import LiaisonModel
package import Sodium

/// Why a program ends without having done what it was asked: a status for scripts and one sentence for a person.
package struct CommandError: Error, Equatable, Sendable {
  /// What the program exits with.
  package var status: ExitStatus
  /// One sentence, without a full stop. Parts that others wrote were escaped before they came in here.
  package var sentence: String

  package init(_ status: ExitStatus, _ sentence: String) {
    self.status = status
    self.sentence = sentence
  }
}

/// An error of a library that knows how a program ends on it.
package protocol CommandErrorConvertible: Error {
  /// The status and the sentence.
  var commandError: CommandError { get }
}

extension CommandError: CommandErrorConvertible {
  package var commandError: CommandError { self }
}

extension CommandError {
  /// The end that any error means. One that no part of the program foresaw is a bug.
  package init(describing error: any Error) {
    switch error {
    case let error as any CommandErrorConvertible: self = error.commandError
    case let error as ModelError: self.init(error)
    case let error as FileError: self.init(error)
    case let error as KeyFileError: self.init(error)
    case let error as SodiumError: self.init(error)
    case is CancellationError: self.init(.tryAgain, "interrupted")
    default: self.init(.software, "a bug of this program: \(escaped(String(describing: error)))")
    }
  }

  /// Reads what a person typed: what lacks its form is wrong usage.
  package static func typed<Value>(_ read: () throws(ModelError) -> Value) throws(CommandError) -> Value {
    do { return try read() } catch { throw CommandError(.usage, escaped(error.sentence)) }
  }

  /// What was given lacks its form, does not verify, or is not in force.
  package init(_ error: ModelError) { self.init(.badData, escaped(error.sentence)) }

  /// What the system said about a file.
  package init(_ error: FileError) {
    let status: ExitStatus
    if error.isDiskFull {
      status = .tryAgain
    } else if error.exists {
      status = .cannotCreate
    } else if error.isMissing, error.operation == .open || error.operation == .inspect {
      status = .noInput
    } else if error.operation == .create {
      status = .cannotCreate
    } else {
      status = .inputOutput
    }
    self.init(status, escaped(error.description))
  }

  /// What became of a key file; a wrong or a missing passphrase is "not permitted".
  package init(_ error: KeyFileError) {
    let status: ExitStatus
    switch error {
    case .missing: status = .noInput
    case .alreadyExists: status = .cannotCreate
    case .malformed, .unsupportedVersion: status = .badData
    case .passphraseRequired, .wrongPassphrase: status = .notPermitted
    case .emptyPassphrase: status = .usage
    case .memoryUnavailable: status = .tryAgain
    case .file(let error):
      self.init(error)
      return
    }
    self.init(status, escaped(error.description))
  }

  /// What became of sealed data.
  package init(_ error: SodiumError) {
    switch error {
    case .memoryUnavailable: self.init(.tryAgain, error.description)
    case .authenticationFailed, .keyLength, .parametersOutOfBounds: self.init(.badData, error.description)
    }
  }
}
