internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore

struct Initialise: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Make a node: its keys, its card, its first administrator, its store.",
    discussion: """
      The folder must not exist, or be empty. The passphrase protects the node's keys and the administrator's.

      Example: liaisond init --home xa --handle xa --country XA --name Averland --listen 127.0.0.1:7401
      """)

  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var passphraseOptions: NewPassphraseOptions
  @Option(name: .long, help: "The node's short name, 2 to 32 of a-z, 0-9 and -; usually the country's code.")
  var handle: String
  @Option(name: .long, help: "The country, two capital letters.") var country: String
  @Option(name: .long, help: "The country's or the node's name.") var name: String
  @Option(name: .long, help: ArgumentHelp("Where to listen.", valueName: "host:port")) var listen: String
  @Option(
    name: .long,
    help: ArgumentHelp("Where others reach it, where that differs; may be repeated.", valueName: "host:port"))
  var advertise: [String] = []
  @Option(name: .long, help: "The first administrator's name.") var administrator = "owner"
  @Option(name: .long, help: ArgumentHelp("How long the first card is in force.", valueName: "time"))
  var cardExpires = "52w"

  struct Line: Encodable {
    var home: String
    var handle: String
    var fingerprint: String
    var cardExpiresAt: String
  }

  func run() async throws {
    let home = NodeHome(try homeOptions.folder())
    let node = try newNode()
    try home.checkIsFree()
    let output = outputOptions.output
    if passphraseOptions.noPassphrase {
      output.explain("warning: the keys are kept without a passphrase; whoever reads the disk has them")
    }
    let passphrase =
      passphraseOptions.noPassphrase
      ? nil
      : try Passphrase.obtain(
        file: passphraseOptions.existing.passphraseFile, prompt: "New passphrase for the node \(node.handle): ",
        confirming: true)
    let card = try home.create(node, passphrase: passphrase, at: .now) { database, entries, head in
      let store = try SQLiteNodeStore(path: database)
      try store.write { transaction in
        for (sequence, entry) in entries.enumerated() {
          try transaction.appendTrustLogEntry(TrustLogEntry(sequence: UInt64(sequence), bytes: entry))
        }
        try transaction.saveTrustLogHead(head)
      }
    }.content
    if output.json {
      output.line(
        Output.jsonLine(
          Line(
            home: home.folder, handle: card.handle.description, fingerprint: card.fingerprint.description,
            cardExpiresAt: card.expiresAt.rfc3339)))
    } else {
      output.explain(
        """
        Made the node \(card.handle) in \(escaped(home.folder)). Its fingerprint, to read to other countries:
          \(card.fingerprint.words.joined(separator: " "))
        Start it: liaisond run --home \(escaped(home.folder))
        """)
    }
  }

  /// What was typed, checked; all that is wrong here is wrong usage.
  private func newNode() throws -> NewNode {
    do {
      let listen = try Endpoint(listen)
      let advertised = try advertise.map { try Endpoint($0) }
      if advertised.isEmpty, ["0.0.0.0", "::"].contains(listen.host) {
        throw CommandError(.usage, "\(listen.host) is no address to others; say --advertise HOST:PORT")
      }
      guard advertised.count <= 8 else { throw CommandError(.usage, "a node card names at most 8 endpoints") }
      guard 1...128 ~= administrator.utf8.count else {
        throw CommandError(.usage, "an administrator's name is 1 to 128 bytes long")
      }
      guard country.utf8.count == 2, country.utf8.allSatisfy({ UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 }) else {
        throw CommandError(.usage, "a country is two capital letters, such as XA")
      }
      guard 1...128 ~= name.utf8.count else { throw CommandError(.usage, "a node's name is 1 to 128 bytes long") }
      return try NewNode(
        handle: Handle(handle), country: country, name: name, listen: listen,
        advertised: advertised.isEmpty ? [listen] : advertised, administrator: administrator,
        cardLifetimeMilliseconds: Span(cardExpires).milliseconds)
    } catch let error as ModelError {
      throw CommandError(.usage, error.sentence)
    }
  }
}
