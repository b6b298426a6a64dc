internal import ArgumentParser
package import CommandKit
internal import Foundation
internal import LiaisonAdmin
package import LiaisonBackup
internal import LiaisonModel
internal import LiaisonStore
internal import Sodium

extension BackupError: CommandErrorConvertible {
  package var commandError: CommandError { CommandError(.badData, sentence) }
}

struct Backup: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Back up a node while it runs, verify a backup, or restore one.",
    subcommands: [Create.self, Verify.self, Restore.self], defaultSubcommand: Create.self)

  /// A backup, for people and for programs.
  struct Line: Encodable {
    var handle: String
    var madeAt: String
    var files: Int
    var bytes: UInt64
    var file: String

    init(_ contents: BackupFile.Contents, _ file: String) {
      handle = contents.owner
      madeAt = contents.madeAt.rfc3339
      files = contents.files.count
      bytes = contents.size
      self.file = file
    }
  }

  /// Opens what a backup held, and checks that it is whole and that its node signed it.
  @discardableResult
  private static func check(
    _ home: NodeHome, _ key: StoreKey, _ contents: BackupFile.Contents
  ) throws -> OpenedNode {
    let node = try OpenedNode(home, under: key)
    try node.store.checkIntegrity()
    guard node.identity.card.content.nodeKeys.contains(where: { $0.bytes == contents.signer }),
      node.identity.handle.description == contents.owner
    else { throw CommandError(.badData, "the backup was not signed by the node that it is of") }
    return node
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a backup: once to a new file, or every so often into a folder.",
      discussion: """
        It holds the home but for documents: keys, store, trust log, audit log, configuration. One-time key packages are \
        left out, so that none is given out twice. It opens with the home's passphrase; a home without one needs a \
        passphrase for the backup.

        Examples:
          liaisond backup /media/safe/xa.backup
          liaisond backup --every 6h --keep 28 /media/safe
        """)

    @Argument(help: "The file to make, or with --every the folder.") var path: String
    @Option(
      name: .long,
      help: ArgumentHelp("Go on, and make one as often as this, until interrupted.", valueName: "time"))
    var every: String?
    @Option(name: .long, help: "How many to keep with --every; the oldest go first.") var keep = 14
    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var passphraseOptions: PassphraseOptions
    @OptionGroup var outputOptions: OutputOptions

    func validate() throws {
      guard keep > 0 else { throw ValidationError("--keep is at least 1") }
    }

    func run() async throws {
      let home = NodeHome(try homeOptions.folder())
      try home.checkExists()
      let output = outputOptions.output
      let secret =
        try KeyFile.needsPassphrase(at: home.storeKey)
        ? OpenedNode.passphrase(passphraseOptions, home)()
        : Passphrase.obtain(
          file: passphraseOptions.passphraseFile, prompt: "New passphrase for the backup: ", confirming: true)
      let storeKey = try home.unlock { () throws(CommandError) -> SecretBytes in secret }
      guard let every else { return output.report(try Self.make(path, home, storeKey, secret)) }
      let interval = try Span(every).milliseconds
      guard interval >= 1000 else { throw CommandError(.usage, "--every is a second at least") }
      while true {
        let handle = try Self.handle(home, storeKey)
        let stamp = Timestamp.now.rfc3339.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        output.report(try Self.make("\(path)/\(handle)-\(stamp).backup", home, storeKey, secret))
        try Self.rotate(path, handle, keep)
        try await Task.sleep(for: .milliseconds(Int64(clamping: interval)))
      }
    }

    private static func handle(_ home: NodeHome, _ storeKey: StoreKey) throws -> Handle {
      try OpenedNode(home, isQuick: true, under: storeKey).identity.handle
    }

    private static func make(
      _ path: String, _ home: NodeHome, _ storeKey: StoreKey, _ secret: SecretBytes
    ) throws -> Line {
      let identity = try OpenedNode(home, isQuick: true, under: storeKey).identity
      try home.backUp(
        to: path, of: identity.handle, under: storeKey, signedBy: identity.key, passphrase: secret, at: .now
      ) { try SQLiteNodeStore.backUp(home.database, to: $0) }
      return Line(
        try home.verifyBackup(at: path, passphrase: secret, check: { try Backup.check($0, $1, $2) }), path)
    }

    /// Removes the oldest of this node's backups in a folder, by their names, but for as many as are kept.
    private static func rotate(_ folder: String, _ handle: Handle, _ count: Int) throws {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { name in
          // Not those of a node whose handle begins like this one's.
          guard name.hasPrefix("\(handle)-"), name.hasSuffix("Z.backup") else { return false }
          return name.dropFirst(handle.description.count + 1).dropLast(8).allSatisfy { $0.isNumber || $0 == "T" }
        }
        .sorted()
      for name in names.dropLast(count) { try FileManager.default.removeItem(atPath: "\(folder)/\(name)") }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify a backup as a whole: encryption, signature, store, trust log.",
      discussion: "Example: liaisond backup verify xa.backup")

    @Argument(help: "The backup.") var file: String
    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var passphraseOptions: PassphraseOptions
    @OptionGroup var outputOptions: OutputOptions

    func run() async throws {
      let secret = try Passphrase.obtain(file: passphraseOptions.passphraseFile, prompt: "Passphrase of the backup: ")
      // A home is not needed; where there is one, what is in the backup lies there meanwhile.
      let contents = try NodeHome((try? homeOptions.folder()) ?? "").verifyBackup(
        at: file, passphrase: secret, check: { try Backup.check($0, $1, $2) })
      let line = Line(contents, file)
      outputOptions.output.result(
        line,
        "\(line.handle): made \(contents.madeAt.shown), \(line.files) files, \(line.bytes) bytes; whole, and signed by its node"
      )
    }
  }

  struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a home from a backup.",
      discussion: """
        The home must not be there yet, and the node that the backup is of must not run any more. Peers show that the trust \
        log was set back, where it was: see liaisonctl trust restored.

        Example: liaisond backup restore xa.backup --home /var/lib/liaison
        """)

    @Argument(help: "The backup.") var file: String
    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var passphraseOptions: PassphraseOptions
    @OptionGroup var outputOptions: OutputOptions

    func run() async throws {
      let home = NodeHome(try homeOptions.folder())
      try home.checkIsFree()
      let secret = try Passphrase.obtain(file: passphraseOptions.passphraseFile, prompt: "Passphrase of the backup: ")
      let contents = try home.restore(file, passphrase: secret) { home, key, contents in
        // What it promised and ordered since, it has forgotten, and what it entered into its directory.
        try Backup.check(home, key, contents).store.write {
          try $0.noteRestored(at: .now)
          try $0.beginDirectory(at: .now)
        }
      }
      outputOptions.output.result(
        Line(contents, file), "\(contents.owner) is restored as of \(contents.madeAt.shown) in \(escaped(home.folder))")
    }
  }
}

extension Output {
  fileprivate func report(_ line: Backup.Line) {
    result(
      line,
      "backup of \(line.handle), \(line.files) files, \(line.bytes) bytes, written and verified: \(escaped(line.file))")
  }
}
