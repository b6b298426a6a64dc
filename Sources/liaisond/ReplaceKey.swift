internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import LiaisonTrust

struct ReplaceKey: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Give the node a new key by the root key, where its own is lost or in wrong hands.",
    discussion: """
      For when a rotation (liaisonctl card renew --keys) is not possible or not quick enough. The node must not run. With \
      --lost the old key stays on the card, so that what it signed still counts; with --stolen it does not. Other countries \
      take the new card by file: liaisonctl peer add.

      Example: liaisond replace-key --home /var/lib/liaison --stolen --root /media/stick/root
      """)

  enum Reason: EnumerableFlag { case lost, stolen }

  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var passphraseOptions: PassphraseOptions
  @OptionGroup var rootOptions: RootOptions
  @Flag(help: "What became of the old key.") var reason: Reason
  @Option(name: .long, help: ArgumentHelp("How long the card is in force.", valueName: "time")) var expires = "52w"
  @Option(
    name: .long,
    help: "A higher serial than the next one, where this home is older than the node's last card, or a card was lost.")
  var serial: UInt64?
  @Flag(name: .long, help: "Show what the card would say; sign and change nothing.") var dryRun = false

  func run() async throws {
    let lifetime = try Span(expires).milliseconds
    let home = NodeHome(try homeOptions.folder())
    try home.checkExists()
    let lock = try HomeLock(home)
    let storeKey = try home.unlock(passphrase: OpenedNode.passphrase(passphraseOptions, home))
    guard home.hasStore else {
      throw CommandError(.noInput, "there is no store \(escaped(home.database)); restore it from a backup")
    }
    let store = try SQLiteNodeStore(path: home.database)
    let stored = try StoredTrustLog(in: store)
    var log = stored.log
    guard let last = log.registry.ownCard?.content else {
      throw CommandError(.badData, "the trust log names no card of this node")
    }
    let key = SigningKey<NodePurpose>()
    let now = Timestamp.now
    let kept = reason == .lost ? Array(last.nodeKeys.prefix(3)) : []
    let card = try CommandError.typed { () throws(ModelError) in
      try last.replacingKeys(by: [key.publicKey] + kept, serial: serial, lifetimeMilliseconds: lifetime, at: now)
    }
    for line in card.screen(after: last) { Terminal.writeError(line + "\n") }
    guard !dryRun else { return Terminal.writeError("Dry run: nothing was signed or changed.\n") }
    let root = try rootOptions.key(of: home, under: storeKey)
    let signed = try rootOptions.sign(card, by: root)
    let replaced = CardReplaced(position: log.nextPosition, replacedAt: now, card: signed.unverified)
    let entry = LogEntry.cardReplaced(Signed(replaced, by: root).unverified).tlsEncoded
    let record: LogRecord
    do { record = try log.append(entry, at: now) } catch { throw CommandError(.notPermitted, error.sentence) }
    // The key first: a home with a key that its card does not name yet can be given another one.
    try home.replaceNodeKeys(by: key, under: storeKey)
    let stopped = StoppedNode(home: home, store: store, handle: last.handle, key: key, audit: stored.audit)
    try stopped.enter(entry, record, in: log, as: .keyReplaced) { try $0.renewMemberCards(at: now) }
    Terminal.writeError("Start the node, and hand its card to every peer: liaisonctl card export -o FILE\n")
    withExtendedLifetime(lock) {}
  }
}
