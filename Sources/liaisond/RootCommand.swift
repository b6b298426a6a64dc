internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

struct Root: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The country's root key, which signs node cards and charters: keep it offline.",
    discussion: """
      The key goes to a folder on removable media, under a passphrase of its own, and leaves the node. From then on the \
      node's next cards are asked for with liaisonctl card request, signed here on a machine without a network, and \
      brought back to liaisonctl card issue.
      """,
    subcommands: [Export.self, Remove.self, Sign.self, SignCharter.self, Update.self])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Copy the root key to a folder on offline media. Make two, and keep them in two places.",
      discussion: "Example: liaisond root export --home /var/lib/liaison /media/stick/root")

    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var passphraseOptions: PassphraseOptions
    @Argument(help: "The folder to make.") var folder: String
    @Option(
      name: .long,
      help: ArgumentHelp("Read the folder's new passphrase from the first line of a file.", valueName: "file"))
    var newPassphraseFile: String?
    @Flag(name: .long, help: "Keep the key there without a passphrase: whoever has the media has the country.")
    var noNewPassphrase = false

    func run() async throws {
      let home = NodeHome(try homeOptions.folder())
      let target = RootFolder(folder)
      try target.checkIsFree()
      let storeKey = try home.unlock(passphrase: OpenedNode.passphrase(passphraseOptions, home))
      let root = try home.rootKey(under: storeKey)
      let card = try OpenedNode(home, under: storeKey).identity.card
      let passphrase =
        noNewPassphrase
        ? nil
        : try Passphrase.obtain(
          file: newPassphraseFile, prompt: "New passphrase for the root key: ", confirming: true, environment: false)
      try target.create(root, card: card, passphrase: passphrase)
      // What cannot be read back was not saved.
      let saved = try target.open { () throws(CommandError) in passphrase ?? SecretBytes(copying: []) }
      guard saved.publicKey == root.publicKey else {
        throw CommandError(.inputOutput, "the root key in \(escaped(folder)) is not what was written")
      }
      Terminal.writeError(
        """
        The root key of \(card.content.handle) is in \(escaped(folder)) as well. Its fingerprint:
          \(card.content.fingerprint.words.joined(separator: " "))
        Once there are two copies: liaisond root remove --home \(escaped(home.folder)) --exported \(escaped(folder))

        """)
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take the root key out of the node's home, after a copy of it was opened.",
      discussion: """
        What a disk held may be found on it again: a key that was made on a node that was taken over later is best \
        replaced. The file was sealed under the home's passphrase.

        Example: liaisond root remove --home /var/lib/liaison --exported /media/stick/root
        """)

    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var passphraseOptions: PassphraseOptions
    @Option(name: .long, help: ArgumentHelp("The folder that holds the copy.", valueName: "dir")) var exported: String
    @Option(
      name: .long,
      help: ArgumentHelp("Read that folder's passphrase from the first line of a file.", valueName: "file"))
    var rootPassphraseFile: String?

    func run() async throws {
      let home = NodeHome(try homeOptions.folder())
      let storeKey = try home.unlock(passphrase: OpenedNode.passphrase(passphraseOptions, home))
      let root = try home.rootKey(under: storeKey)
      guard try RootFolder(exported).open(passphraseFile: rootPassphraseFile).publicKey == root.publicKey else {
        throw CommandError(.notPermitted, "the key in \(escaped(exported)) is another one; nothing was removed")
      }
      guard unlink(home.rootKey) == 0 else {
        throw CommandError(FileError(.remove, path: home.rootKey, errorNumber: errno))
      }
      Terminal.writeError("The root key is no longer in \(escaped(home.folder)).\n")
    }
  }

  struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Sign the next card that a node asks for. Needs no node and no network.",
      discussion: """
        All that the card will say is shown. A serial that is not higher than the last one that this key signed is refused, \
        and so is a request of a key that the last card does not name: whoever changed it on the way would have a node of \
        their own. Bring the media up to date first where they missed a card: liaisond root update FOLDER CARD.

        Example: liaisond root sign /media/stick/root xa.request -o xa.card
        """)

    @Argument(help: "The folder of the root key.") var folder: String
    @Argument(help: "A file that holds the request.") var request: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the card.", valueName: "file")) var output: String
    @Option(
      name: .long,
      help: ArgumentHelp("Read the folder's passphrase from the first line of a file.", valueName: "file"))
    var rootPassphraseFile: String?
    @Flag(name: .long, help: "Show what the card would say; sign nothing.") var dryRun = false

    func run() async throws {
      let root = RootFolder(folder)
      let (wanted, signer) = try NodeCardRequest.read(request)
      try root.check(wanted.card)
      let last = try root.lastCard().content
      for line in wanted.card.screen(after: last) { Terminal.writeError(line + "\n") }
      guard last.nodeKeys.contains(signer) else {
        throw CommandError(
          .notPermitted,
          "the key that asks is none of the last card's: ask the node's administrators; where these media missed a card: "
            + "liaisond root update")
      }
      guard !dryRun else { return Terminal.writeError("Dry run: nothing was signed.\n") }
      let card = try root.sign(wanted.card, by: root.open(passphraseFile: rootPassphraseFile))
      try AtomicFile.write(Array(Armor.encode(card.unverified).utf8), to: output, mode: 0o644)
    }
  }

  struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Tell a copy of the root key which card another copy signed last.",
      discussion: "Example: liaisond root update /media/two/root xa.card")

    @Argument(help: "The folder of the root key.") var folder: String
    @Argument(help: "A file that holds the newest card.") var card: String

    func run() async throws {
      let card = try CardFile.read(card)
      try RootFolder(folder).remember(card)
      Terminal.writeError("The last card is now \(card.content.handle), serial \(card.content.serial).\n")
    }
  }
}
