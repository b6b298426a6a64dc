internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

struct Card: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "This node's own card.", subcommands: [Export.self, Show.self, Renew.self])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print this node's card, to hand to other countries.",
      discussion: "Example: liaisonctl card export -o xa.card")

    @OptionGroup var node: NodeOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("Write it to a file.", valueName: "file")) var output: String?

    func run() async throws {
      let text = Armor.encode(try await node.ownCard().unverified)
      if let output {
        try AtomicFile.write(Array(text.utf8), to: output, mode: 0o644)
      } else {
        Terminal.write(text)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what this node's card says, and the fingerprint to read to other countries.",
      discussion: "Example: liaisonctl card show --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      let line = CardLine(try await node.ownCard().content)
      node.output.result(line, Output.table(line.rows).dropLast().description)
    }
  }

  struct Renew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Issue this node's next card, signed by the root key in its home.",
      discussion: """
        The addresses come from --advertise, else from config.yaml. Peers take the next card by themselves.

        Example: liaisonctl card renew --advertise liaison.example.org:7400 --expires 52w
        """)

    @OptionGroup var decision: DecisionOptions
    @Option(name: .long, help: ArgumentHelp("Where others reach the node; may be repeated.", valueName: "host:port"))
    var advertise: [String] = []
    @Option(name: .long, help: ArgumentHelp("How long the card is in force.", valueName: "time")) var expires = "52w"

    func run() async throws {
      let lifetime = try Span(expires)
      let home = try decision.node.home
      let before = try await decision.node.ownCard().content
      var endpoints = try advertise.map { try Endpoint($0) }
      if endpoints.isEmpty {
        endpoints = try await NodeConfiguration.load(home, environment: Terminal.environment).advertised
      }
      let storeKey = try home.unlock { () throws(CommandError) in
        try Passphrase.obtain(
          file: decision.node.administratorOptions.passphraseOptions.passphraseFile,
          prompt: "Passphrase of the node \(before.handle): ")
      }
      let root = try home.rootKey(under: storeKey)
      let now = Timestamp.now
      let next = try NodeCard(
        handle: before.handle, country: before.country, name: before.name, rootKey: before.rootKey,
        nodeKeys: before.nodeKeys, endpoints: endpoints.isEmpty ? before.endpoints : endpoints,
        serial: before.serial + 1, issuedAt: now, expiresAt: now.adding(milliseconds: lifetime.milliseconds))
      try await decision.decide(.ownCardIssued(Signed(next, by: root).unverified))
    }
  }
}
