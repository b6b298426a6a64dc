internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

extension RivalOptions {
  /// Throws where one of `rivals` is not named.
  func check(_ rivals: [String], _ sentence: String) throws {
    for rival in rivals where !despite.contains(where: { "\($0)" == rival }) {
      throw CommandError(.notPermitted, "\(sentence) \(rival); where that is meant: --despite \(rival)")
    }
  }
}

struct CharterSign: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sign", abstract: "Sign a charter for this country, with its root key.",
    discussion: """
      The root key is in the node's home, or by --root on media that are here for the moment. What is signed is shown \
      before, and you type two words of its fingerprint as the other countries read it to you; or --fingerprint with all of \
      it. Another charter has another fingerprint, whatever its digest begins with; its whole digest, typed as the \
      charter, does as well. The other countries are told over links; -o writes a file for those who have none.

      Where they stay on a machine without a network: liaisond root sign-charter, there, and liaisonctl charter add here.

      Examples:
        liaisonctl charter sign 3f2a91c0
        liaisonctl charter sign network.charter --root /media/one -o signed.charter
      """)

  @OptionGroup var node: NodeOptions
  @OptionGroup var rootOptions: RootOptions
  @OptionGroup var rivals: RivalOptions
  @OptionGroup var confirmation: CharterConfirmation
  @Argument(help: ArgumentHelp("Digits of its digest, or a file.", valueName: "charter")) var charter: String
  @Option(name: .shortAndLong, help: ArgumentHelp("Write it to a file too.", valueName: "file")) var output: String?

  func run() async throws {
    let line = try await node.charter(named: charter, keeping: false)
    let own = try await node.ownCard().content
    for text in line.content.screen(withFingerprint: false) + line.findings { node.output.explain(text) }
    try check(line, own)
    try confirmation.run(line.content, named: charter)
    let root = try rootOptions.key(for: node, of: own.handle)
    guard root.publicKey == own.rootKey else {
      throw CommandError(.notPermitted, "this is not the root key of \(own.handle)")
    }
    var signed = try line.file.charter.verified()
    if let folder = rootOptions.root {
      signed = try RootFolder(folder).sign(signed, by: root, despite: rivals.despite)
    } else {
      signed.sign(by: root)
    }
    let after = try await node.charter(CharterFile(signed.signed, cards: line.file.cards), keeping: true)
    if let output { try after.file.write(to: output) }
    node.output.result(after, "\(after.shortDigest)  \(after.state), signed by \(after.signed)")
  }

  private func check(_ line: CharterLine, _ own: NodeCard) throws {
    switch CharterState(rawValue: line.state) {
    case .ready, .gathering: break
    // Another one that is signed by enough is refused below, where nobody says that they know.
    case .forked where !line.forks.isEmpty: break
    default:
      throw CommandError(
        .notPermitted,
        "the charter is \(line.state), and not signed: \(escaped(line.reasons.joined(separator: "; ")))")
    }
    try rivals.check(line.rivals, "this country has signed another charter for the same place,")
    try rivals.check(line.forks, "another charter for the same place is signed by enough countries,")
    guard line.countries.first(where: { $0.handle == own.handle.description })?.signed != true else {
      throw CommandError(.cannotCreate, "this country has signed the charter already")
    }
  }
}

struct CharterAdopt: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adopt", abstract: "Take a charter as this country's. Trust officers do this.",
    discussion: """
      It is refused where it is short-signed, stale or forked, or contradicts what was compared here. The countries whose \
      nodes are not known yet are proposed as peers: verify and activate them. You type two words of its fingerprint as the \
      other countries read it to you; or --fingerprint with all of it, or the whole digest as the charter.

      Example: liaisonctl charter adopt 3f2a91c0
      """)

  @OptionGroup var decision: DecisionOptions
  @OptionGroup var rivals: RivalOptions
  @OptionGroup var confirmation: CharterConfirmation
  @Argument(help: ArgumentHelp("Digits of its digest, or a file.", valueName: "charter")) var charter: String

  func run() async throws {
    let node = decision.node
    let line = try await node.charter(named: charter, keeping: !decision.dryRun)
    for text in line.findings { node.output.explain(text) }
    if !decision.dryRun { try confirmation.run(line.content, named: charter) }
    let despite = Set(rivals.despite).sorted()
    let decided = try await decision.decide(.charterAdopted(line.file.charter, despite: despite))
    guard let decided, !decided.hasProposal else { return }
    let proposed = try await node.peers().filter { $0.state == PeerState.proposed.rawValue && $0.charter == "named" }
    if !proposed.isEmpty {
      node.output.explain(
        "The charter proposes: \(proposed.map(\.card.handle).joined(separator: ", ")). Compare each fingerprint over "
          + "another channel: liaisonctl peer verify HANDLE")
    }
    if node.output.json {
      node.output.line(Output.jsonLine(try await node.charter(named: line.digest, keeping: false)))
    }
  }
}
