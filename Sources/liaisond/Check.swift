internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct Check: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Check a node's configuration, keys, store, trust log and audit log. Changes nothing.",
    discussion: "Example: liaisond check --home /var/lib/liaison")

  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var passphraseOptions: PassphraseOptions

  struct Line: Encodable {
    var handle: String
    var listen: String
    var cardSerial: UInt64
    var cardExpiresAt: String
    var trustLogSize: Int
    var trustLogRoot: String
    var peers: Int
  }

  func run() async throws {
    let home = NodeHome(try homeOptions.folder())
    try home.checkExists()
    let configuration = try await NodeConfiguration.load(home, environment: Terminal.environment)
    let node = try OpenedNode(home, passphrase: OpenedNode.passphrase(passphraseOptions, home))
    try node.store.checkIntegrity()
    do { try StoppedAuditLog.check(home.audit, against: node.audit) } catch let fault as AuditFault {
      throw CommandError(.badData, fault.sentence)
    }
    let card = node.identity.card
    try card.checkInForce(at: .now)
    let line = Line(
      handle: card.content.handle.description, listen: configuration.listen.description,
      cardSerial: card.content.serial, cardExpiresAt: card.content.expiresAt.rfc3339, trustLogSize: node.log.size,
      trustLogRoot: node.log.root.description, peers: node.log.registry.peers.count)
    outputOptions.output.result(
      line,
      "\(line.handle): configuration, keys, store and trust log (\(line.trustLogSize) entries, "
        + "\(line.peers) peers) are in order")
  }
}
