package import ArgumentParser

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The release of all three programs.
package let releaseVersion = "0.1.0"

/// Parses the command line, runs the command, and ends the process: with a ``CommandError``'s status and its sentence
/// on standard error, with 64 for a command line that is wrong, with 0 otherwise.
package func runCommand<Root: ParsableCommand>(_ root: Root.Type, beforehand prepare: () throws -> Void = {}) async
  -> Never
{
  let name = Root._commandName
  do {
    try prepare()
    var command = try Root.parseAsRoot()
    if var command = command as? any AsyncParsableCommand {
      try await command.run()
    } else {
      try command.run()
    }
    exit(ExitStatus.done.rawValue)
  } catch {
    let code = Root.exitCode(for: error)
    if code.isSuccess { Root.exit(withError: error) }
    if code == .validationFailure {
      let message = Root.message(for: error).split(whereSeparator: \.isNewline).joined(separator: " ")
      Terminal.writeError("\(name): \(escaped(message)) (see '\(name) --help')\n")
      exit(ExitStatus.usage.rawValue)
    }
    if let code = error as? ExitCode { exit(code.rawValue) }
    let end = CommandError(describing: error)
    Terminal.writeError("\(name): \(end.sentence)\n")
    exit(end.status.rawValue)
  }
}
