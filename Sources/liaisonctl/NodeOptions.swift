internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

/// Which node, and how results are shown: the options of every command.
struct NodeOptions: ParsableArguments {
  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var passphraseOptions: PassphraseOptions

  var home: NodeHome { get throws { NodeHome(try homeOptions.folder()) } }
  var output: Output { outputOptions.output }

  /// Asks the node.
  func ask(_ request: AdminFrame.OneOf_Body) async throws -> AdminFrame.OneOf_Body {
    try await AdminClient(try home).ask(request)
  }

  /// The node's own card.
  func ownCard() async throws -> Signed<NodeCard> {
    guard case .card(let bytes) = try await ask(.cardRequest(AdminEmpty())) else { throw CommandError.wrongAnswer }
    return try Signed(ownBytes: Array(bytes))
  }

  /// The registry's peers, or the one of `handle`.
  func peers(only handle: Handle? = nil) async throws -> [PeerLine] {
    let request: AdminFrame.OneOf_Body =
      handle.map { .peerRequest($0.description) } ?? .peersRequest(AdminEmpty())
    guard case .peers(let answer) = try await ask(request) else { throw CommandError.wrongAnswer }
    return try answer.peers.map { try PeerLine($0) }
  }

  func peer(_ handle: Handle) async throws -> PeerLine {
    guard let peer = try await peers(only: handle).first else { throw CommandError.wrongAnswer }
    return peer
  }

  /// Shows what will change, signs it for the log as it stands, and has the node put it into effect.
  func decide(_ act: Act) async throws {
    guard case .position(let answer) = try await ask(.positionRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    let position = try LogPosition(answer)
    output.explain(escaped(act.summary))
    let home = try home
    let key = try home.administratorKey { () throws(CommandError) in
      try Passphrase.obtain(
        file: passphraseOptions.passphraseFile, prompt: "Passphrase of the administrator of \(answer.handle): ")
    }
    let decision = Decision(position: position, decidedAt: .now, administrator: key.publicKey, act: act)
    var request = AdminDecide()
    request.entry = .init(LogEntry.decision(Signed(decision, by: key).unverified).tlsEncoded)
    guard case .done = try await ask(.decide(request)) else { throw CommandError.wrongAnswer }
  }
}

extension CommandError {
  static var wrongAnswer: CommandError {
    CommandError(.software, "the node gave an answer to something else; liaisond and liaisonctl may differ in release")
  }
}

/// A handle as an argument.
struct HandleArgument: ExpressibleByArgument {
  let handle: Handle

  init?(argument: String) {
    guard let handle = try? Handle(argument) else { return nil }
    self.handle = handle
  }
}

/// An address as an argument.
struct AddressArgument: ExpressibleByArgument {
  let address: Address

  init?(argument: String) {
    guard let address = try? Address(argument) else { return nil }
    self.address = address
  }
}
