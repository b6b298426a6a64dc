internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

extension Root {
  struct SignCharter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sign-charter",
      abstract: "Sign a charter for this country. Needs no node and no network.",
      discussion: """
        All that it says is shown, and you type two words of its fingerprint as the other countries read it to you; or \
        --fingerprint with all of it. Nothing here knows their root keys: look at what the node says first, \
        liaisonctl charter show FILE. Bring what comes out back to it: liaisonctl charter add FILE. A second charter for \
        one place is refused, unless --despite names the one that this key signed.

        Example: liaisond root sign-charter /media/stick/root network.charter -o signed.charter
        """)

    @Argument(help: "The folder of the root key.") var folder: String
    @Argument(help: "A file that holds the charter.") var charter: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write it with the signature.", valueName: "file"))
    var output: String
    @Option(
      name: .long,
      help: ArgumentHelp("Read the folder's passphrase from the first line of a file.", valueName: "file"))
    var rootPassphraseFile: String?
    @OptionGroup var rivals: RivalOptions
    @OptionGroup var confirmation: CharterConfirmation

    func run() async throws {
      let root = RootFolder(folder)
      let file = try CharterFile.read(charter)
      let unsigned = try file.charter.verified()
      for line in unsigned.signed.screen(withFingerprint: false) { Terminal.writeError(escaped(line) + "\n") }
      try root.check(unsigned, despite: rivals.despite)
      try confirmation.run(unsigned.content, named: charter)
      let signed = try root.sign(
        unsigned, by: root.open(passphraseFile: rootPassphraseFile), despite: rivals.despite)
      try CharterFile(signed.signed, cards: file.cards).write(to: output)
    }
  }
}
