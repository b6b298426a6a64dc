internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct DutyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "duty",
    abstract: "This node's duty roles: addresses that members hold in turn.",
    subcommands: [Define.self, Assign.self, List.self, Show.self, Remove.self])

  /// A role, for people and for programs.
  struct Line: Encodable {
    var role: String
    var title: String
    var holders: [String]
    var alternate: String?
    var contactPoint: String?
    var acting: [String]
    var standing: String
    var serial: UInt64
    var since: String
    var expiresAt: String
    var handedOverBy: String?
    var offeredTo: String?

    init(_ card: RoleCard, _ offer: DutyOffer?) {
      role = card.address.description
      title = card.duty.title
      holders = card.duty.holders.map(\.description)
      alternate = card.duty.alternate?.description
      contactPoint = card.duty.contactPoint?.description
      acting = card.duty.acting.people.map(\.description)
      standing = "\(card.duty.acting.standing)"
      serial = card.serial
      since = card.issuedAt.rfc3339
      expiresAt = card.expiresAt.rfc3339
      handedOverBy = (try? card.handOver?.offer.claim())?.from.description
      offeredTo = offer?.to.description
    }
  }

  static func roles(_ node: NodeOptions) async throws -> [(card: RoleCard, offer: DutyOffer?)] {
    guard case .roles(let answer) = try await node.ask(.rolesRequest(AdminEmpty())) else {
      throw CommandError.wrongAnswer
    }
    return try answer.roles.map { role in
      guard let card = try? Unverified<RoleCard>(tlsEncoded: Array(role.card)).claim() else {
        throw CommandError.wrongAnswer
      }
      return (card, try? Unverified<DutyOffer>(tlsEncoded: Array(role.offer)).claim())
    }
  }

  static func role(_ address: Address, _ node: NodeOptions) async throws -> (card: RoleCard, offer: DutyOffer?) {
    guard let role = try await roles(node).first(where: { $0.card.address == address }) else {
      throw CommandError(.noInput, "there is no duty role \(address)")
    }
    return role
  }

  struct Define: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a duty role, or say anew what it is and who holds it.",
      discussion: """
        Where nobody holds it, the alternate stands in, and where there is none the contact point. Holders hand it over \
        themselves: liaison duty hand-over.

        Example: liaisonctl duty define duty-officer@xa --title 'Duty officer' --holder nino@xa --alternate ana@xa \
        --contact-point gio@xa
        """)

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The role's address, which is nobody's own.") var role: AddressArgument
    @Option(name: .long, help: "What the role is.") var title: String
    @Option(name: .long, help: "A member who holds it; may be given up to eight times.") var holder: [AddressArgument] =
      []
    @Option(name: .long, help: "Who stands in where nobody holds it.") var alternate: AddressArgument?
    @Option(name: .long, help: "Who stands in where there is no alternate either.") var contactPoint: AddressArgument

    func run() async throws {
      let duty = RoleCard.Duty(
        title: title, holders: holder.map(\.address), alternate: alternate?.address,
        contactPoint: contactPoint.address)
      let request = MemberRequest(role.address, .role(duty))
      try await decision.decide(request.act, member: request)
    }
  }

  struct Assign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have other members hold a duty role, without a hand-over of theirs.",
      discussion: "Without --holder nobody holds it. Example: liaisonctl duty assign duty-officer@xa --holder ana@xa")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The role's address.") var role: AddressArgument
    @Option(name: .long, help: "A member who holds it from now on; may be given up to eight times.")
    var holder: [AddressArgument] = []

    func run() async throws {
      var duty = try await DutyCommand.role(role.address, decision.node).card.duty
      duty.holders = holder.map(\.address)
      let request = MemberRequest(role.address, .role(duty))
      try await decision.decide(request.act, member: request)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the duty roles.", discussion: "Example: liaisonctl duty list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      node.output.listing(
        try await DutyCommand.roles(node).map { Line($0.card, $0.offer) },
        columns: ["ROLE", "TITLE", "GOES TO", "AS", "OFFERED TO"],
        empty: "There are no duty roles yet; make one with liaisonctl duty define ADDRESS."
      ) { [$0.role, $0.title, $0.acting.joined(separator: ", "), $0.standing, $0.offeredTo ?? ""] }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one duty role.", discussion: "Example: liaisonctl duty show duty-officer@xa")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The role's address.") var role: AddressArgument

    func run() async throws {
      let found = try await DutyCommand.role(role.address, node)
      let line = Line(found.card, found.offer)
      var rows = [
        ["role", line.role], ["title", line.title], ["holders", line.holders.joined(separator: ", ")],
        ["alternate", line.alternate ?? "-"], ["contact point", line.contactPoint ?? "-"],
        ["goes to", "\(line.acting.joined(separator: ", ")) (\(line.standing))"],
        ["card", "serial \(line.serial), since \(line.since), expires \(line.expiresAt)"],
      ]
      if let from = line.handedOverBy { rows.append(["handed over by", from]) }
      if let to = line.offeredTo { rows.append(["offered to", to]) }
      node.output.result(line, Output.table(rows).dropLast().description)
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a duty role: nobody finds it any more.",
      discussion: "Example: liaisonctl duty remove duty-officer@xa --reason 'merged with the watch'")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The role's address.") var role: AddressArgument
    @Option(name: .long, help: "Why.") var reason: String

    func run() async throws {
      let request = MemberRequest(role.address, .roleRemoval(reason: reason))
      try await decision.decide(request.act, member: request)
    }
  }
}
