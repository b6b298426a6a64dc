internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust
internal import Sodium

struct Admin: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The people who decide for the node, and their keys.",
    discussion: """
      Roles: owner (administrators, the node's card and keys), trust-officer (peers), registrar (members), auditor \
      (changes nothing, and has no other role). Everybody may read.

      Somebody is to become an administrator:
        liaisonctl admin init --profile ~/liaison-admin --name 'Ana Arden'      on their machine
        liaisonctl admin export --profile ~/liaison-admin -o ana.card           which they send to an owner
        liaisonctl admin add ana.card --role trust-officer --role registrar     the owner, with Ana on the telephone
        liaisonctl --profile ~/liaison-admin peer list                          from now on Ana decides with her own key
      """,
    subcommands: [
      Init.self, Export.self, Passphrase.self, List.self, Add.self, Role.self, Remove.self,
    ])

  struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a key to decide with, in a new folder. It gives no right yet: an owner adds it.",
      discussion: "Example: liaisonctl admin init --profile ~/liaison-admin --name 'Ana Arden'")

    @OptionGroup var outputOptions: OutputOptions
    @Option(name: .long, help: ArgumentHelp("The new folder (or LIAISON_PROFILE).", valueName: "dir"))
    var profile: String?
    @OptionGroup var passphraseOptions: NewPassphraseOptions
    @Option(name: .long, help: "The person's name.") var name: String

    func run() async throws {
      let output = outputOptions.output
      var administrator = AdministratorOptions()
      administrator.profile = profile
      guard let profile = administrator.named else {
        throw CommandError(.usage, "say which folder to make: --profile DIR or LIAISON_PROFILE")
      }
      guard 1...Administrator.nameBytesMax ~= name.utf8.count else {
        throw CommandError(.usage, "an administrator's name is 1 to \(Administrator.nameBytesMax) bytes long")
      }
      try profile.checkIsFree()
      if passphraseOptions.noPassphrase {
        output.explain("warning: the key is kept without a passphrase; whoever reads the disk has it")
      }
      let passphrase =
        passphraseOptions.noPassphrase
        ? nil
        : try CommandKit.Passphrase.obtain(
          file: passphraseOptions.existing.passphraseFile, prompt: "New passphrase for the administrator's key: ",
          confirming: true)
      let card = try profile.create(name: name, passphrase: passphrase).content
      if output.json {
        output.line(Output.jsonLine(CardLine(card)))
      } else {
        output.explain(
          """
          Made a key for \(escaped(name)) in \(escaped(profile.folder)). Its fingerprint, to read to an owner:
            \(card.fingerprint.words.joined(separator: " "))
          What to hand to the owner: liaisonctl admin export --profile \(escaped(profile.folder)) -o FILE
          """)
      }
    }
  }

  /// What an administrator's card says.
  struct CardLine: Encodable {
    var name: String
    var key: String
    var fingerprint: String
    var fingerprintHexadecimal: String

    init(_ card: AdministratorCard) {
      name = card.name
      key = card.key.description
      fingerprint = card.fingerprint.description
      fingerprintHexadecimal = card.fingerprint.hexadecimal
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the card of an administrator's key, to hand to an owner; with --json, what it says.",
      discussion: "Example: liaisonctl admin export --profile ~/liaison-admin -o ana.card")

    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var outputOptions: OutputOptions
    @OptionGroup var administrator: AdministratorOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("Write it to a file.", valueName: "file")) var output: String?

    func run() async throws {
      let card = try administrator.folder(in: homeOptions).readCard()
      let text = Armor.encode(card.unverified)
      if let output { try AtomicFile.write(Array(text.utf8), to: output, mode: 0o644) }
      if outputOptions.output.json {
        outputOptions.output.line(Output.jsonLine(CardLine(card.content)))
      } else if output == nil {
        Terminal.write(text)
      }
    }
  }

  struct Passphrase: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put an administrator's key under another passphrase.",
      discussion: "Example: liaisonctl admin passphrase --profile ~/liaison-admin")

    @OptionGroup var homeOptions: HomeOptions
    @OptionGroup var administrator: AdministratorOptions
    @Option(
      name: .long, help: ArgumentHelp("Read the new passphrase from the first line of a file.", valueName: "file"))
    var newPassphraseFile: String?

    func run() async throws {
      try administrator.folder(in: homeOptions).changePassphrase(
        from: { () throws(CommandError) in
          try CommandKit.Passphrase.obtain(
            file: administrator.passphraseOptions.passphraseFile, prompt: "Passphrase of the administrator's key: ")
        },
        to: { () throws(CommandError) in
          try CommandKit.Passphrase.obtain(
            file: newPassphraseFile, prompt: "New passphrase: ", confirming: true, environment: false)
        })
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the administrators.", discussion: "Example: liaisonctl admin list --json")

    @OptionGroup var node: NodeOptions

    struct Line: Encodable {
      var name: String
      var roles: [String]
      var key: String
      var fingerprint: String

      init(_ administrator: Administrator) {
        name = administrator.name
        roles = administrator.roles.sorted().map(\.name)
        key = administrator.key.description
        fingerprint = Fingerprint(of: administrator.key).description
      }
    }

    func run() async throws {
      let all = try await node.administrators().values.sorted { $0.name < $1.name }
      node.output.listing(all.map { Line($0) }, columns: ["NAME", "ROLES", "FINGERPRINT"], empty: "") {
        [$0.name, $0.roles.joined(separator: ", "), $0.fingerprint]
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Name an administrator by the card of their key. Owners do this.",
      discussion: """
        Without --fingerprint you are shown the words of the key's fingerprint but two, and type those two as the person \
        reads them to you.

        Example: liaisonctl admin add ana.card --role trust-officer --role registrar
        """)

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "A file that holds an administrator card.") var file: String
    @Option(name: .long, help: "owner, trust-officer, registrar or auditor; may be repeated.") var role: [RoleArgument]
    @Option(name: .long, help: ArgumentHelp("What the person said, in words or hexadecimal.", valueName: "text"))
    var fingerprint: String?

    func run() async throws {
      let roles = try RoleArgument.roles(role)
      let card = try AdministratorProfile.readCard(at: file).content
      try FingerprintComparison(
        card.fingerprint, said: fingerprint, of: "The card says it is \(card.name)'s.", on: "this card"
      ).run()
      try await decision.decide(.administratorNamed(Administrator(key: card.key, name: card.name, roles: roles)))
    }
  }

  struct Role: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give an administrator other roles, in place of the present ones. Owners do this.",
      discussion: "Example: liaisonctl admin role 'Ana Arden' --role owner --role trust-officer")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The administrator's name.") var name: String
    @Option(name: .long, help: "owner, trust-officer, registrar or auditor; may be repeated.") var role: [RoleArgument]

    func run() async throws {
      let roles = try RoleArgument.roles(role)
      try await decision.decide(.administratorChanged(decision.node.administrator(named: name).key, roles: roles))
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take all rights from an administrator's key for good. Owners do this; one owner must remain.",
      discussion: "Example: liaisonctl admin remove 'Ana Arden' --reason 'left the service'")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The administrator's name.") var name: String
    @Option(name: .long, help: "Why; it stays in the trust log.") var reason: String

    func run() async throws {
      let reason = try Reason.checked(reason)
      try await decision.decide(.administratorRemoved(decision.node.administrator(named: name).key, reason: reason))
    }
  }
}

/// Why somebody is removed or revoked, as it was typed.
enum Reason {
  /// Throws where it is empty or too long for the trust log.
  static func checked(_ reason: String) throws(CommandError) -> String {
    guard 1...Limits.reasonBytesMax ~= reason.utf8.count else {
      throw CommandError(.usage, "a reason is 1 to \(Limits.reasonBytesMax) bytes long")
    }
    return reason
  }
}

/// A role as an argument.
struct RoleArgument: ExpressibleByArgument {
  let role: LiaisonTrust.Role

  init?(argument: String) {
    guard let role = LiaisonTrust.Role.allCases.first(where: { $0.name == argument }) else { return nil }
    self.role = role
  }

  static var allValueStrings: [String] { LiaisonTrust.Role.allCases.map(\.name) }

  /// The roles that were typed. Throws where nobody may have them together.
  static func roles(_ arguments: [RoleArgument]) throws(CommandError) -> Set<LiaisonTrust.Role> {
    let roles = Set(arguments.map(\.role))
    guard roles.isAllowed else {
      throw CommandError(.usage, "say at least one --role; an auditor has no other")
    }
    return roles
  }
}
