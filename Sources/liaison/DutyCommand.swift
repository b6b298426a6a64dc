internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import LiaisonProtocol

/// What every command about one role takes.
struct RoleOptions: ParsableArguments {
  @Argument(help: "The role's address.") var role: String
  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  /// Does something about the role with the node, and shows the role after it.
  func perform(
    done: String, _ change: @escaping @Sendable (Engine, Address) throws -> Frame.DutyChange
  ) async throws {
    let role = try Address.typed(role)
    let engine = try profile.open()
    let output = format.output
    try await NodeClient.with(engine) { client in
      try await client.sync()
      try await client.lookUp(role: role)
      try await client.perform(change(engine, role))
      try await client.lookUp(role: role)
      _ = try await client.wait(milliseconds: Patience.farewellMilliseconds) { try engine.isSettled }
    }
    if !output.json { output.explain("\(role): \(done)") }
    try DutyCommand.show([role], engine, output)
  }
}

struct DutyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "duty",
    abstract: "Duty roles: addresses that people hold in turn.",
    discussion: """
      A message to a role reaches whoever holds it now: liaison send duty-officer@xa -m TEXT --tlp amber. Who hands a \
      role over signs that, and so does who takes it over; what waits unacknowledged goes over with it.
      """,
    subcommands: [List.self, Show.self, HandOver.self, Accept.self, Decline.self, Resign.self])

  /// Shows roles of which something is known here.
  static func show(_ roles: [Address], _ engine: Engine, _ output: Output) throws {
    let offers = try engine.waitingDuties(now: .now).offers
    let objects = try roles.compactMap { address -> RoleObject? in
      guard let card = try engine.role(address)?.current else { return nil }
      return RoleObject(card, try engine.origin(of: card), offers.first { $0.role == address }, at: .now)
    }
    output.listing(objects, columns: RoleObject.columns, empty: "no duty roles are known here", row: \.row)
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the roles that name you or that you write to, and what waits.",
      discussion: "Example:\n  liaison duty list")

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      try await refresh(engine, format.output)
      try DutyCommand.show(engine.roles().map(\.current.address), engine, format.output)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show who holds a role, and how it came to them.",
      discussion: "Example:\n  liaison duty show duty-officer@xa")

    @OptionGroup var options: RoleOptions

    func run() async throws {
      let role = try Address.typed(options.role)
      let engine = try options.profile.open()
      let output = options.format.output
      try await refresh(engine, output) { client in
        try await client.lookUp(role: role)
        // Whose keys signed a hand-over is seen by their cards.
        if case .unverified(let from, let to)? = try engine.role(role).map({ try engine.origin(of: $0.current) }) {
          for address in [from, to] { try await client.lookUp(.address(address)) }
        }
      }
      guard let card = try engine.role(role)?.current else {
        throw CommandError(.noInput, "there is no duty role \(role)")
      }
      let offer = try engine.waitingDuties(now: .now).offers.first { $0.role == role }
      let object = RoleObject(card, try engine.origin(of: card), offer, at: .now)
      output.result(object, Output.table(object.rows).dropLast().description)
    }
  }

  struct HandOver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Offer a role that you hold to a colleague, who accepts it.",
      discussion: "You hold it until they have. Example:\n  liaison duty hand-over duty-officer@xa --to ana@xa")

    @OptionGroup var options: RoleOptions
    @Option(help: "Who is to hold it.") var to: String

    func run() async throws {
      let to = try Address.typed(to)
      try await options.perform(
        done: "offered to \(to), who accepts it with liaison duty accept"
      ) {
        try $0.offer($1, to: to, now: .now)
      }
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take over a role that was offered to you.",
      discussion: "Example:\n  liaison duty accept duty-officer@xa")

    @OptionGroup var options: RoleOptions

    func run() async throws {
      try await options.perform(done: "you hold it now") {
        try $0.acceptance(of: $1, now: .now)
      }
    }
  }

  struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decline a role that was offered to you, or withdraw your offer.",
      discussion: "Example:\n  liaison duty decline duty-officer@xa")

    @OptionGroup var options: RoleOptions

    func run() async throws {
      try await options.perform(done: "the hand-over is withdrawn") { .decline($1) }
    }
  }

  struct Resign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Hold a role no longer, without a successor: its alternate stands in, or the contact point.",
      discussion: "Example:\n  liaison duty resign duty-officer@xa")

    @OptionGroup var options: RoleOptions

    func run() async throws {
      try await options.perform(done: "you hold it no longer") { .resign($1) }
    }
  }
}
