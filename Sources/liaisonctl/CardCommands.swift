internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

struct Card: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "This node's own card.", subcommands: [Export.self, Show.self, Renew.self, Request.self, Issue.self])

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

  /// What the next card is to say.
  struct NextOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("Where others reach the node; may be repeated.", valueName: "host:port"))
    var advertise: [String] = []
    @Option(name: .long, help: ArgumentHelp("How long the card is in force.", valueName: "time")) var expires = "52w"
    @Option(
      name: .long,
      help: ArgumentHelp(
        """
        A step of a rotation: announce names the node's next key besides the one in use; use puts it first, and the node \
        takes it at once; retire leaves only the one in use.
        """, valueName: "announce|use|retire"))
    var keys: NodeKeyChange?
    @Option(name: .long, help: "A higher serial than the next one, where a card was signed and never put in force.")
    var serial: UInt64?

    /// What the node asks the root key to sign.
    func request(of node: NodeOptions) async throws -> Unverified<NodeCardRequest> {
      var request = AdminNextCardRequest()
      request.lifetime = try Span(expires).milliseconds
      request.serial = serial ?? 0
      request.keys = keys?.rawValue ?? ""
      request.endpoints = try await endpoints(of: node).map(\.description)
      guard case .nextCard(let bytes) = try await node.ask(.nextCardRequest(request)),
        let next = try? Unverified<NodeCardRequest>(tlsEncoded: Array(bytes))
      else { throw CommandError.wrongAnswer }
      return next
    }

    private func endpoints(of node: NodeOptions) async throws -> [Endpoint] {
      guard advertise.isEmpty else { return try advertise.map { try Endpoint($0) } }
      return try await NodeConfiguration.load(node.home, environment: Terminal.environment).advertised
    }

    /// Throws where the node asks for another card than was typed here: whoever took it over is no administrator.
    func check(_ wanted: NodeCard, after last: NodeCard, of node: NodeOptions) async throws {
      let endpoints = try await endpoints(of: node)
      let added = wanted.nodeKeys.filter { !last.nodeKeys.contains($0) }
      let isAsTyped =
        wanted.handle == last.handle && wanted.country == last.country && wanted.name == last.name
        && wanted.rootKey == last.rootKey && added.count == (keys == .announce ? 1 : 0)
        && (endpoints.isEmpty || wanted.endpoints == endpoints) && (serial.map { $0 == wanted.serial } ?? true)
        && (keys != nil || wanted.nodeKeys == last.nodeKeys)
      guard isAsTyped else {
        throw CommandError(
          .badData,
          "the node asks for another card than this command; nothing was signed. Look at: liaisonctl card request")
      }
    }
  }

  struct Renew: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Issue this node's next card, signed by the root key in its home or on media that are here.",
      discussion: """
        The addresses come from --advertise, else from config.yaml. Linked peers take the next card at once, the others \
        when a link comes to stand.

        Examples:
          liaisonctl card renew --advertise liaison.example.org:7400 --expires 52w
          liaisonctl card renew --keys announce        a rotation begins: wait until all have had a link
          liaisonctl card renew --keys use             the node uses its next key
          liaisonctl card renew --keys retire          three months later
        """)

    @OptionGroup var decision: DecisionOptions
    @OptionGroup var next: NextOptions
    @OptionGroup var rootOptions: RootOptions

    func run() async throws {
      let node = decision.node
      let wanted = try await next.request(of: node).verifiedBySelf().request.card
      var last = try await node.ownCard().content
      if let signed = try rootOptions.lastCard() { last = signed }
      try await next.check(wanted, after: last, of: node)
      // What the root key signs counts by itself: it is shown before.
      if rootOptions.root != nil { for line in wanted.screen(after: last) { node.output.explain(line) } }
      let root = try rootOptions.key(for: node, of: wanted.handle)
      // A card that was signed for a dry run would use up its serial on the media.
      let card = decision.dryRun ? Signed(wanted, by: root) : try rootOptions.sign(wanted, by: root)
      try await decision.decide(.ownCardIssued(card.unverified))
    }
  }

  struct Request: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ask for this node's next card where the root key is offline: a file to carry to it.",
      discussion: """
        There: liaisond root sign FOLDER FILE -o CARD. Back here: liaisonctl card issue CARD.

        Example: liaisonctl card request --keys announce -o xa.request
        """)

    @OptionGroup var node: NodeOptions
    @OptionGroup var next: NextOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("Write it to a file.", valueName: "file")) var output: String

    func run() async throws {
      let request = try await next.request(of: node)
      let before = try await node.ownCard().content
      for line in try request.verifiedBySelf().request.card.screen(after: before) { node.output.explain(line) }
      try AtomicFile.write(Array(Armor.encode(request).utf8), to: output, mode: 0o644)
    }
  }

  struct Issue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put a card in force that the root key signed elsewhere.",
      discussion: "Example: liaisonctl card issue xa.card")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "A file that holds this node's next card.") var file: String

    func run() async throws { try await decision.decide(.ownCardIssued(CardFile.read(file).unverified)) }
  }
}

extension NodeKeyChange: ExpressibleByArgument {}
