package import ArgumentParser

/// The options of every command that gives a result.
package struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON object a line.")
  package var json = false

  package init() {}

  /// What the command writes to.
  package var output: Output { Output(json: json) }
}

/// Where the node's or the person's files are.
package struct HomeOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The folder to work in (or LIAISON_HOME).", valueName: "dir"))
  package var home: String?

  package init() {}

  /// The folder, from `--home` or `LIAISON_HOME`, or what `otherwise` says.
  package func folder(otherwise: String? = nil) throws(CommandError) -> String {
    if let home, !home.isEmpty { return home }
    if let home = Terminal.environment("LIAISON_HOME"), !home.isEmpty { return home }
    if let otherwise { return otherwise }
    throw CommandError(.usage, "say where the files are: --home DIR or LIAISON_HOME")
  }
}

/// How a key that exists is opened.
package struct PassphraseOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Read the passphrase from the first line of a file (or LIAISON_PASSPHRASE_FILE).", valueName: "file"))
  package var passphraseFile: String?

  package init() {}
}

/// How a key that is being made will be protected.
package struct NewPassphraseOptions: ParsableArguments {
  @OptionGroup package var existing: PassphraseOptions

  @Flag(name: .long, help: "Keep the keys without a passphrase: whoever reads the disk has them.")
  package var noPassphrase = false

  package init() {}

  package func validate() throws {
    if noPassphrase && existing.passphraseFile != nil {
      throw ValidationError("--no-passphrase and --passphrase-file exclude each other")
    }
  }
}
