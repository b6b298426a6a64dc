internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

/// Which node, and how results are shown: the options of every command.
struct NodeOptions: ParsableArguments {
  @OptionGroup var homeOptions: HomeOptions
  @OptionGroup var outputOptions: OutputOptions
  @OptionGroup var administratorOptions: AdministratorOptions

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

  /// The administrators by key.
  func administrators() async throws -> [AdministratorKey: Administrator] {
    guard case .administrators(let answer) = try await ask(.administratorsRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    let all = try answer.administrators.map { try Administrator($0) }
    return Dictionary(all.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
  }

  /// The administrator of that name. Throws "no such input".
  func administrator(named name: String) async throws -> Administrator {
    let all = try await administrators().values
    guard let found = all.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw CommandError(.noInput, "there is no administrator \(escaped(name))")
    }
    return found
  }
}

extension Administrator {
  init(_ administrator: AdminAdministrator) throws {
    let roles = administrator.roles.compactMap { name in Role.allCases.first { $0.name == name } }
    do {
      try self.init(
        key: AdministratorKey(bytes: Array(administrator.key)), name: administrator.name, roles: Set(roles))
    } catch { throw CommandError.wrongAnswer }
  }
}

extension CommandError {
  static var wrongAnswer: CommandError {
    CommandError(.software, "the node gave an answer to something else; liaisond and liaisonctl may differ in release")
  }
}

extension RootOptions {
  /// The root key of this node's country: from media, or from the node's home, whose passphrase is asked for.
  func key(for node: NodeOptions, of handle: Handle) throws -> SigningKey<RootPurpose> {
    let home = try node.home
    return try key(
      of: home,
      under: home.unlock { () throws(CommandError) in
        try Passphrase.obtain(
          file: node.administratorOptions.passphraseOptions.passphraseFile,
          prompt: "Passphrase of the node \(handle): ")
      })
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
