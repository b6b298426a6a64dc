internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

extension Root {
  struct SignCharter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "sign-charter",
      abstract: "Sign a charter for this country. Needs no node and no network.",
      discussion: """
        All that it says is shown, and you type the first eight digits of its digest, as you compared it with the other \
        countries; or --digest with all of it. Nothing here knows their root keys: look at what the node says first, \
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
    @Option(name: .long, help: "The whole digest of the charter that you mean to sign.") var digest: String?
    @Option(
      name: .long,
      help: ArgumentHelp("The digest of another charter for the same place, of which you know.", valueName: "digest"))
    var despite: [String] = []

    func run() async throws {
      let root = RootFolder(folder)
      let despite = try despite.map { text in
        guard let digest = CharterDigest(text) else {
          throw CommandError(.usage, "\(escaped(text)) is no charter's digest, 64 hexadecimal digits")
        }
        return digest
      }
      let file = try CharterFile(
        armored: CardFile.text(charter, holding: CharterFile.label, bytesMax: CharterFile.bytesMax))
      let unsigned = try file.charter.verified()
      for line in unsigned.signed.screen { Terminal.writeError(escaped(line) + "\n") }
      try root.check(unsigned, despite: despite)
      try CharterConfirmation.run(unsigned.digest, said: digest)
      let signed = try root.sign(
        unsigned, by: root.open(passphraseFile: rootPassphraseFile), despite: despite)
      let text = CharterFile(signed.signed, cards: file.cards).armored
      try AtomicFile.write(Array(text.utf8), to: output, mode: 0o644)
    }
  }
}
