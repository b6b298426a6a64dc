package import ArgumentParser
internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The release of all three programs.
package let releaseVersion = "0.1.0"

/// Takes from the process what could betray its secrets, parses the command line, runs the command, and ends: with a
/// ``CommandError``'s status and its sentence on standard error, with 64 for a command line that is wrong, with 0
/// otherwise.
package func runCommand<Root: ParsableCommand>(_ root: Root.Type) async -> Never {
  let name = Root._commandName
  do {
    try ProcessHardening.lockDown()
    // A file that may not grow (`ulimit -f`) is an error like a full disk, and not our end.
    signal(SIGXFSZ, SIG_IGN)
    let arguments = Array(CommandLine.arguments.dropFirst())
    // For `make install`; as with the shells' completions, what is installed is what the program itself says.
    if arguments == ["--generate-manual"] {
      Terminal.write(try Manual(root).page)
      exit(ExitStatus.done.rawValue)
    }
    var command = try Root.parseAsRoot(commandFirst(arguments, in: root))
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

/// The arguments with what stands before the command moved behind it, so that `liaisonctl --home DIR peer list` is
/// `liaisonctl peer list --home DIR`.
package func commandFirst(_ arguments: [String], in root: any ParsableCommand.Type) -> [String] {
  let valued: Set = ["--home", "--profile", "--passphrase-file"]
  var leading: [String] = []
  var rest = arguments[...]
  while let first = rest.first {
    if valued.contains(first), rest.count >= 2 {
      leading += rest.prefix(2)
      rest = rest.dropFirst(2)
    } else if first == "--json" || valued.contains(where: { first.hasPrefix($0 + "=") }) {
      leading.append(first)
      rest = rest.dropFirst()
    } else {
      break
    }
  }
  var command: any ParsableCommand.Type = root
  var path: [String] = []
  while let word = rest.first, let next = command.configuration.subcommands.first(where: { $0._commandName == word }) {
    path.append(word)
    command = next
    rest = rest.dropFirst()
  }
  return path.isEmpty ? arguments : path + leading + rest
}
