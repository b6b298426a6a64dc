internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import LiaisonProtocol

/// A duty role as a JSON object.
struct RoleObject: Encodable {
  struct Offer: Encodable {
    let from: String
    let to: String
    let offeredAt: String
    let expiresAt: String
  }

  let role: String
  let title: String
  let holders: [String]
  let alternate: String?
  let contactPoint: String?
  /// Whom what is written to it goes to now, and as what: `holders`, `alternate`, `contactPoint` or `vacant`.
  let acting: [String]
  let standing: String
  let serial: UInt64
  let since: String
  /// `assigned`, `handedOver` or `unverified`.
  let origin: String
  let handedOverBy: String?
  let handedOverAt: String?
  /// A hand-over that waits, of which this member is a side.
  let offer: Offer?

  init(_ card: RoleCard, _ origin: DutyOrigin, _ offer: DutyOffer?) {
    role = card.address.description
    title = card.duty.title
    holders = card.duty.holders.map(\.description)
    alternate = card.duty.alternate?.description
    contactPoint = card.duty.contactPoint?.description
    acting = card.duty.acting.people.map(\.description)
    standing = "\(card.duty.acting.standing)"
    serial = card.serial
    since = card.issuedAt.rfc3339
    switch origin {
    case .assigned: (self.origin, handedOverBy, handedOverAt) = ("assigned", nil, nil)
    case .handedOver(let from, _, let at):
      (self.origin, handedOverBy, handedOverAt) = ("handedOver", "\(from)", at.rfc3339)
    case .unverified(let from, _): (self.origin, handedOverBy, handedOverAt) = ("unverified", "\(from)", nil)
    }
    self.offer = offer.map {
      Offer(from: "\($0.from)", to: "\($0.to)", offeredAt: $0.offeredAt.rfc3339, expiresAt: $0.expiresAt.rfc3339)
    }
  }
}

extension RoleCard {
  /// Who acts for the role, in one sentence for a person.
  var sentence: String {
    let (standing, people) = duty.acting
    let names = people.map(\.description).joined(separator: ", ")
    return switch standing {
    case .holders: "\(address) is held by \(names)"
    case .alternate: "\(address) has no holder: goes to the alternate \(names)"
    case .contactPoint: "\(address) has no holder and no alternate: goes to the contact point \(names)"
    case .vacant: "\(address) has no holder, no alternate and no contact point"
    }
  }
}

extension DutyOrigin {
  /// One sentence for a person.
  var sentence: String {
    switch self {
    case .assigned: "assigned by the contact point"
    case .handedOver(let from, let to, let at): "handed over by \(from) to \(to) on \(at.shown); signed by both"
    case .unverified(let from, let to):
      "handed over by \(from) to \(to), says their node; this machine does not know the keys that signed"
    }
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
      return RoleObject(card, try engine.origin(of: card), offers.first { $0.role == address })
    }
    output.listing(
      objects, columns: ["ROLE", "TITLE", "GOES TO", "AS", "WAITS"], empty: "no duty roles are known here"
    ) {
      [
        $0.role, $0.title, $0.acting.joined(separator: ", "), $0.standing,
        $0.offer.map { "\($0.to) is to accept it from \($0.from)" } ?? "",
      ]
    }
  }

  /// Does something about a role with the node, and shows the role after it.
  static func perform(
    _ role: String, _ profile: ProfileOptions, _ format: OutputOptions, done: String,
    _ change: @escaping @Sendable (Engine, Address) throws -> Frame.DutyChange
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
    try show([role], engine, output)
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

    @Argument(help: "The role's address.") var role: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let role = try Address.typed(role)
      let engine = try profile.open()
      let output = format.output
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
      let origin = try engine.origin(of: card)
      let offer = try engine.waitingDuties(now: .now).offers.first { $0.role == role }
      let object = RoleObject(card, origin, offer)
      var rows = [
        ["role", object.role], ["title", object.title], ["holders", object.holders.joined(separator: ", ")],
        ["alternate", object.alternate ?? "-"], ["contact point", object.contactPoint ?? "-"],
        ["now", card.sentence], ["since", "\(card.issuedAt.shown), card \(card.serial)"], ["how", origin.sentence],
      ]
      if let offer { rows.append(["waits", "\(offer.to) is to accept it from \(offer.from)"]) }
      output.result(object, Output.table(rows).dropLast().description)
    }
  }

  struct HandOver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Offer a role that you hold to a colleague, who accepts it.",
      discussion: "You hold it until they have. Example:\n  liaison duty hand-over duty-officer@xa --to ana@xa")

    @Argument(help: "The role's address.") var role: String
    @Option(help: "Who is to hold it.") var to: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let to = try Address.typed(to)
      try await DutyCommand.perform(
        role, profile, format, done: "offered to \(to), who accepts it with liaison duty accept"
      ) {
        try $0.offer($1, to: to, now: .now)
      }
    }
  }

  struct Accept: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take over a role that was offered to you.",
      discussion: "Example:\n  liaison duty accept duty-officer@xa")

    @Argument(help: "The role's address.") var role: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      try await DutyCommand.perform(role, profile, format, done: "you hold it now") {
        try $0.acceptance(of: $1, now: .now)
      }
    }
  }

  struct Decline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Decline a role that was offered to you, or withdraw your offer.",
      discussion: "Example:\n  liaison duty decline duty-officer@xa")

    @Argument(help: "The role's address.") var role: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      try await DutyCommand.perform(role, profile, format, done: "the hand-over is withdrawn") { .decline($1) }
    }
  }

  struct Resign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Hold a role no longer, without a successor: its alternate stands in, or the contact point.",
      discussion: "Example:\n  liaison duty resign duty-officer@xa")

    @Argument(help: "The role's address.") var role: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      try await DutyCommand.perform(role, profile, format, done: "you hold it no longer") { .resign($1) }
    }
  }
}
