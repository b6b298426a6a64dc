internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonTrust

struct Recover: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Name a new owner by the country's root key, where administrators lost theirs.",
    discussion: """
      For when too few owners are left to name another, or none. The node must not run. The new owner makes a key of \
      their own with liaisonctl admin init; --lost names each administrator whose key is lost or in wrong hands: these \
      keys decide nothing any more and are never taken again. Peers and members stay as they are.

      Example: liaisond recover --home /var/lib/liaison ana.card --lost 'Olga Owen'
      """)

  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var passphraseOptions: PassphraseOptions
  @OptionGroup var rootOptions: RootOptions
  @Argument(help: "A file that holds the new owner's administrator card.") var file: String
  @Option(name: .long, help: ArgumentHelp("An administrator whose key is lost; may be repeated.", valueName: "name"))
  var lost: [String] = []
  @Option(name: .long, help: ArgumentHelp("What the new owner said, in words or hexadecimal.", valueName: "text"))
  var fingerprint: String?
  @Flag(name: .long, help: "Show what would change, and change nothing.") var dryRun = false

  func run() async throws {
    let home = NodeHome(try homeOptions.folder())
    try home.checkExists()
    let card = try AdministratorProfile.readCard(at: file).content
    try FingerprintComparison(
      card.fingerprint, said: fingerprint, of: "The card says it is \(card.name)'s.", on: "this card"
    ).run()
    let lock = try HomeLock(home)
    let storeKey = try home.unlock(passphrase: OpenedNode.passphrase(passphraseOptions, home))
    let node = try OpenedNode(home, under: storeKey)
    let root = try rootOptions.key(of: home, under: storeKey)
    let names = node.log.registry.administrators
    let recovery = Recovery(
      position: node.log.nextPosition, recoveredAt: .now, rootKey: root.publicKey,
      owner: try Administrator(key: card.key, name: card.name, roles: NewNode.firstRoles),
      lost: try lost.map { name in
        guard let administrator = node.log.registry.administrator(named: name) else {
          throw CommandError(.noInput, "there is no administrator \(escaped(name))")
        }
        return administrator.key
      })
    Terminal.writeError(escaped(recovery.summary { names[$0]?.name }) + "\n")
    let entry = LogEntry.recovery(Signed(recovery, by: root).unverified).tlsEncoded
    var log = node.log
    let record: LogRecord
    do { record = try log.append(entry, at: .now) } catch { throw CommandError(.notPermitted, error.sentence) }
    if dryRun { return Terminal.writeError("Dry run: nothing was changed.\n") }
    let stopped = StoppedNode(
      home: home, store: node.store, handle: node.identity.handle, key: node.identity.key, audit: node.audit)
    try stopped.enter(entry, record, in: log, as: .ownerRecovered)
    withExtendedLifetime(lock) {}
  }
}
