internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel

struct DirectoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "directory", abstract: "Countries' directories of their members, and what proves that one lied.",
    discussion: """
      Every node enters its members' cards into a log, signs its head, and cannot take anything back: countries show one \
      another the heads that they have seen. A node that shows two histories has signed two heads that contradict one \
      another, which anybody can verify.

      Examples:
        liaisonctl directory
        liaisonctl directory evidence xb -o xb.evidence
        liaisonctl directory verify xb.evidence --card xb.card
      """,
    subcommands: [List.self, Head.self, Evidence.self, Verify.self], defaultSubcommand: List.self)

  /// A directory as a line.
  struct Line: Encodable {
    let country: String
    let entries: UInt64?
    let root: String?
    let signedAt: String?
    let beganAt: String?
    let fault: String?
    let evidence: Int

    init(_ country: String, _ head: Unverified<DirectoryHead>?, fault: String = "", evidence: Int = 0) {
      let head = try? head?.claim()
      self.country = country
      entries = head?.size
      root = head.map { Hex.encode($0.root) }
      signedAt = head?.signedAt.rfc3339
      beganAt = head?.beganAt.rfc3339
      self.fault = fault.isEmpty ? nil : fault
      self.evidence = evidence
    }

    var mark: String { evidence > 0 ? "TWO DIRECTORIES" : fault.map { "ALARM: \($0)" } ?? "" }
  }

  /// What the node knows.
  static func directory(_ node: NodeOptions) async throws -> AdminDirectory {
    guard case .directory(let answer) = try await node.ask(.directoryRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    return answer
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "List this node's directory, and what is seen of the others'.")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      let directory = try await DirectoryCommand.directory(node)
      func evidence(against handle: String) -> Int { directory.evidence.count { $0.handle == handle } }
      let handle = try await node.ownCard().content.handle.description
      let own = Line(handle, directory.ownHead, evidence: evidence(against: handle))
      let others = directory.countries.map {
        Line($0.handle, $0.newestHead, fault: $0.fault, evidence: evidence(against: $0.handle))
      }
      node.output.listing(
        [own] + others, columns: ["COUNTRY", "ENTRIES", "SIGNED", "ROOT", ""], empty: ""
      ) { [$0.country, $0.entries.map(String.init) ?? "-", $0.signedAt ?? "-", $0.root ?? "-", $0.mark] }
    }
  }

  struct Head: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the signed head of this node's directory, for a witness or anybody else.",
      discussion: "Example: liaisonctl directory head -o xa.head")

    @Option(
      name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"),
      completion: .file())
    var output: String?
    @OptionGroup var node: NodeOptions

    func run() async throws {
      guard let head = try await DirectoryCommand.directory(node).ownHead else { throw CommandError.wrongAnswer }
      let text = Armor.encode(head)
      if let output { try EvidenceFile.write(text, to: output) } else { Terminal.write(text) }
    }
  }

  struct Evidence: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show what proves that countries showed two directories, or write it to a file.",
      discussion: """
        Examples:
          liaisonctl directory evidence
          liaisonctl directory evidence xb -o xb.evidence
        """)

    @Argument(help: "Only against this country.") var handle: HandleArgument?
    @Option(
      name: [.customShort("o"), .long],
      help: ArgumentHelp("The file to write the first of it to, which anybody can verify.", valueName: "file"),
      completion: .file())
    var output: String?
    @OptionGroup var node: NodeOptions

    func run() async throws {
      let kept = try await DirectoryCommand.directory(node).evidence.filter {
        handle == nil || $0.handle == handle?.handle.description
      }
      guard case .peers(let peers) = try await node.ask(.peersRequest(AdminEmpty())) else {
        throw CommandError.wrongAnswer
      }
      let cards = try await [node.ownCard()] + peers.peers.map { try Signed<NodeCard>(ownBytes: Array($0.card)) }
      let evidence = kept.compactMap { kept -> (DirectoryEvidence, EvidenceFile.Line)? in
        guard let content = kept.content,
          let card = cards.first(where: { $0.content.handle.description == kept.handle }),
          let line = try? EvidenceFile.Line(content, of: card)
        else { return nil }
        return (content, line)
      }
      if let output {
        guard let first = evidence.first else { throw CommandError(.noInput, "there is no such evidence") }
        try EvidenceFile.write(Armor.encode(first.0), to: output)
      }
      for (_, line) in evidence { node.output.result(line, line.text) }
      if evidence.isEmpty, !node.output.json { node.output.explain("no evidence against anybody") }
    }
  }

  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Verify evidence by the country's root key, which any card of it names. No node is asked.",
      discussion: "Example: liaisonctl directory verify xb.evidence --card xb.card")

    @Argument(help: "The evidence.", completion: .file()) var file: String
    @Option(
      name: .long, help: ArgumentHelp("A card of the country that it is against.", valueName: "file"),
      completion: .file())
    var card: String
    @OptionGroup var format: OutputOptions

    func run() throws {
      let line = try EvidenceFile.verify(file, card: card)
      format.output.result(line, line.text)
    }
  }
}
