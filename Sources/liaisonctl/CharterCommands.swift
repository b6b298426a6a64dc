internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct CharterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "charter",
    abstract: "The network's charter: its countries, their root keys, its community, and who may change it.",
    discussion: """
      One country proposes a charter, each country that it names or changes signs it with its root key, and each country's \
      administrators adopt it. Signatures gather over links, or by files that are handed on. An adopted charter proposes \
      peers; you still verify and activate them yourselves. Compare the charter's fingerprint with the other countries: \
      what it says of their root keys is as good as that.

      Examples:
        liaisonctl charter propose network.yaml      prints the digest and the fingerprint
        liaisonctl charter sign 3f2a91c0             each country
        liaisonctl charter show 3f2a91c0             who has signed
        liaisonctl charter adopt 3f2a91c0            each country
      """,
    subcommands: [
      Propose.self, CharterSign.self, List.self, Show.self, Add.self, Export.self, CharterAdopt.self, Drop.self,
    ])

  struct Propose: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a charter: the network's first one, or the one that follows the adopted one.",
      discussion: """
        The definition is YAML:
          name: Network of three regions
          community: Professionals of the countries below who protect their facilities.
          threshold: 2
          countries:
            - {handle: xa, region: Westmark}
            - {handle: xb, region: Westmark}
            - {handle: xg, region: Southreach, card: xg.card}
        A country is this one, a peer, one of the adopted charter, or one whose card is in a file. Nobody has signed the \
        charter yet. liaisonctl charter show --definition prints the adopted one's, to be changed.

        Example: liaisonctl charter propose network.yaml -o network.charter
        """)

    @OptionGroup var node: NodeOptions
    @Argument(help: "The definition.") var file: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Write the charter to a file too.", valueName: "file"))
    var output: String?

    func run() async throws {
      let definition = try CharterDefinition.read(file)
      let adopted = try await node.charters().first { $0.state == CharterState.adopted.rawValue }
      let peers = try await node.peers()
      let own = try await node.ownCard().content
      let members = try definition.countries.map { country in
        try member(country, own: own, peers: peers, adopted: adopted?.content)
      }
      let origin = try adopted.map { line in
        guard let network = CharterDigest(line.network) else { throw CommandError.wrongAnswer }
        return Charter.Origin(network: network, previous: line.content.digest)
      }
      let charter = try CommandError.typed { () throws(ModelError) in
        try Charter(
          serial: (adopted?.serial ?? 0) + 1, origin: origin, name: definition.name, community: definition.community,
          threshold: definition.threshold, members: members, issuedAt: .now)
      }
      let line = try await node.charter(CharterFile(VerifiedCharter(charter).signed), keeping: true)
      if let output { try line.file.write(to: output) }
      node.output.result(line, line.screen)
      guard line.state != CharterState.conflicting.rawValue else { return }
      node.output.explain(
        "Look at it, compare its fingerprint with the other countries, and sign it: liaisonctl charter sign "
          + line.shortDigest)
    }

    private func member(
      _ country: CharterDefinition.Country, own: NodeCard, peers: [PeerLine], adopted: Charter?
    ) throws -> CharterMember {
      let known = peers.first { $0.content.handle == country.handle && $0.state != PeerState.revoked.rawValue }
      let card: NodeCard?
      if country.handle == own.handle {
        card = own
      } else if let file = country.card {
        card = try CardFile.read(file).content
      } else {
        card = known?.content
      }
      guard card?.handle ?? country.handle == country.handle else {
        throw CommandError(.badData, "the card of \(country.handle) is another country's")
      }
      return try CommandError.typed { () throws(ModelError) in
        if let card { return try CharterMember(card, region: country.region) }
        guard let member = adopted?.member(country.handle) else {
          throw .malformed("nothing is known here of \(country.handle): name its card, as card: \(country.handle).card")
        }
        return try CharterMember(
          handle: member.handle, country: member.country, name: member.name, rootKey: member.rootKey,
          region: country.region)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the charters that are known here, the newest first.",
      discussion: "Example: liaisonctl charter list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      node.output.listing(
        try await node.charters(), columns: ["CHARTER", "SERIAL", "NETWORK", "STATE", "SIGNED", "FROM"],
        empty: "There is no charter yet; write one with liaisonctl charter propose FILE."
      ) { [$0.shortDigest, "\($0.serial)", $0.name, $0.state, $0.signed, $0.from ?? "-"] }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a charter, who has signed it, and what stops its adoption; without one, the adopted one.",
      discussion: "A file is looked at and not taken.\n\nExample: liaisonctl charter show network.charter")

    @OptionGroup var node: NodeOptions
    @Argument(help: ArgumentHelp("Digits of its digest, or a file.", valueName: "charter")) var charter: String?
    @Flag(name: .long, help: "Print the definition, to be changed into the next one.") var definition = false

    func run() async throws {
      let line: CharterLine
      if let charter {
        line = try await node.charter(named: charter, keeping: false)
      } else {
        guard let adopted = try await node.charters().first(where: { $0.state == CharterState.adopted.rawValue }) else {
          throw CommandError(.noInput, "no charter is adopted here; liaisonctl charter list")
        }
        line = adopted
      }
      if definition { return Terminal.write(line.content.definition) }
      node.output.result(line, line.screen)
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take a charter from a file, or the signatures that a file has more.",
      discussion: "Example: liaisonctl charter add network.charter")

    @OptionGroup var node: NodeOptions
    @Argument(help: "A file that holds a charter.") var file: String

    func run() async throws {
      let line = try await node.charter(CharterFile.read(file), keeping: true)
      node.output.result(line, "\(line.shortDigest)  \(line.state), signed by \(line.signed)")
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a charter with the signatures and cards that are known here, to hand on.",
      discussion: "Example: liaisonctl charter export 3f2a91c0 -o network.charter")

    @OptionGroup var node: NodeOptions
    @Argument(help: ArgumentHelp("Digits of its digest.", valueName: "charter")) var charter: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Write it to a file.", valueName: "file")) var output: String?

    func run() async throws {
      let line = try await node.charter(named: charter, keeping: false)
      if let output { try line.file.write(to: output) } else { Terminal.write(line.file.armored) }
    }
  }

  struct Drop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget a charter that will not be adopted; peers do not bring it again.",
      discussion: "Example: liaisonctl charter drop 3f2a91c0")

    @OptionGroup var node: NodeOptions
    @Argument(help: ArgumentHelp("Digits of its digest.", valueName: "charter")) var charter: String

    func run() async throws {
      let line = try await node.charter(named: charter, keeping: false)
      guard case .done = try await node.ask(.charterDrop(line.digest)) else { throw CommandError.wrongAnswer }
    }
  }
}
