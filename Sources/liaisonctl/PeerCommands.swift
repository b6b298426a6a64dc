internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct Peer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Other countries' nodes: proposed, verified, active, suspended, revoked.",
    subcommands: [
      Add.self, Verify.self, Activate.self, Suspend.self, Revoke.self, List.self, Show.self, PolicyCommand.self,
      Test.self,
    ])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Propose a peer by its card, or take a known peer's next card.",
      discussion: "Nothing is trusted yet: compare the fingerprint next.\n\nExample: liaisonctl peer add xb.card")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "A file that holds a node card.") var file: String

    func run() async throws {
      let card = try CardFile.read(file)
      try card.checkInForce(at: .now)
      let known = try await decision.node.peers().first { $0.content.handle == card.content.handle }
      let isNext = known.map { $0.state != PeerState.revoked.rawValue && $0.content.rootKey == card.content.rootKey }
      // A known peer's lower card is refused as such, and an impostor's as another root key's.
      if let known, isNext == true, card.content.serial == known.content.serial, card.content == known.content {
        throw CommandError(
          .cannotCreate, "\(known.content.handle) is known by this card already and is \(known.state)")
      }
      let decided = try await decision.decide(
        isNext == true ? .peerCardUpdated(card.unverified) : .peerProposed(card.unverified))
      guard let decided, !decided.hasProposal else { return }
      let handle = card.content.handle
      let charter = try await decision.node.peer(handle).charter
      if let charter { decision.node.output.explain("The charter: \(charter).") }
      if isNext != true {
        decision.node.output.explain("Compare its fingerprint over another channel: liaisonctl peer verify \(handle)")
      }
      if decision.node.output.json { decision.node.output.line(Output.jsonLine(try await decision.node.peer(handle))) }
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the fingerprint of a peer's root key, over another channel than the card came by.",
      discussion: """
        Call the other country's administrator on a number that you know. Without --fingerprint you are shown the words \
        of the fingerprint but two, and type those two as you hear them.

        Examples:
          liaisonctl peer verify xb
          liaisonctl peer verify xb --fingerprint 'kidab-luzof-…'
        """)

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument
    @Option(name: .long, help: ArgumentHelp("What the other side said, in words or hexadecimal.", valueName: "text"))
    var fingerprint: String?

    func run() async throws {
      let peer = try await decision.node.peer(handle.handle)
      if let charter = peer.charter { decision.node.output.explain("The charter: \(charter).") }
      let expected = peer.content.fingerprint
      try FingerprintComparison(
        expected, said: fingerprint,
        of: "The card says it is \(peer.card.name) (\(peer.card.country)), \(peer.card.handle).",
        on: "the card of \(handle.handle)"
      ).run()
      try await decision.decide(.peerVerified(handle.handle, rootKey: peer.content.rootKey))
    }
  }

  struct Activate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Accept a verified or suspended peer's links.", discussion: "Example: liaisonctl peer activate xb")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument

    func run() async throws {
      let peer = try await decision.node.peer(handle.handle)
      try await decision.decide(.peerActivated(handle.handle, rootKey: peer.content.rootKey))
    }
  }

  struct Suspend: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refuse an active peer's links until it is activated again; a link that stands is closed at once.",
      discussion: "Example: liaisonctl peer suspend xb")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument

    func run() async throws {
      _ = try await decision.node.peer(handle.handle)
      try await decision.decide(.peerSuspended(handle.handle))
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Refuse a peer's links for good; its root key is never taken again.",
      discussion: "Example: liaisonctl peer revoke xb --reason 'root key stolen, by telephone from Brenova'")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument
    @Option(name: .long, help: "Why; it stays in the trust log.") var reason: String

    func run() async throws {
      let reason = try Reason.checked(reason)
      _ = try await decision.node.peer(handle.handle)
      try await decision.decide(.peerRevoked(handle.handle, reason: reason))
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the registry.", discussion: "Example: liaisonctl peer list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      let peers = try await node.peers()
      let hasCharter = peers.contains { $0.charter != nil }
      node.output.listing(
        peers,
        columns: ["PEER", "COUNTRY", "NAME", "STATE", "LINK", "QUEUED"] + (hasCharter ? ["CHARTER"] : []),
        empty: "There are no peers yet; add one with liaisonctl peer add FILE."
      ) { peer in
        [
          peer.card.handle, peer.card.country, peer.card.name, peer.state, peer.linked ? "up" : "-",
          "\(peer.queued)",
        ] + (hasCharter ? [peer.charter ?? "-"] : [])
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one peer.", discussion: "Example: liaisonctl peer show xb")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument

    func run() async throws {
      let peer = try await node.peer(handle.handle)
      var rows = peer.card.rows
      rows += [["state", "\(peer.state) since \(peer.changedAt)"]]
      if let charter = peer.charter { rows += [["charter", charter]] }
      if let reason = peer.reason { rows += [["reason", reason]] }
      if let alarm = peer.alarm { rows += [["ALARM", alarm]] }
      rows += peer.notices.map { ["notice", $0.clause] }
      rows += [["link", peer.linked ? "up" : "-"], ["queued", "\(peer.queued)"]]
      node.output.result(peer, Output.table(rows).dropLast().description)
    }
  }

  struct Test: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say in order what works towards a peer; exit status 69 where something does not.",
      discussion: "Example: liaisonctl peer test xb")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The peer's handle.") var handle: HandleArgument

    struct Line: Encodable {
      var step: String
      var passed: Bool
      var detail: String
    }

    func run() async throws {
      guard case .test(let test) = try await node.ask(.testRequest(handle.handle.description)) else {
        throw CommandError.wrongAnswer
      }
      let lines = test.steps.map { Line(step: $0.name, passed: $0.passed, detail: $0.detail) }
      node.output.listing(lines, columns: ["STEP", "WORKS", "DETAIL"], empty: "") {
        [$0.step, $0.passed ? "yes" : "NO", $0.detail]
      }
      if let failed = lines.first(where: { !$0.passed }) {
        let isTrust = failed.step == "trust" || failed.step == "policy"
        throw CommandError(
          isTrust ? .notPermitted : .unavailable, "\(handle.handle): \(failed.step): \(escaped(failed.detail))")
      }
    }
  }
}
