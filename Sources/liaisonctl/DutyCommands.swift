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

  /// As both programs show it. The node verified what of a hand-over was signed when it took it; this program does not.
  private static func object(_ role: (card: RoleCard, offer: DutyOffer?)) -> RoleObject {
    RoleObject(role.card, role.card.claimedOrigin, role.offer, at: .now)
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
        try await DutyCommand.roles(node).map(DutyCommand.object), columns: RoleObject.columns,
        empty: "There are no duty roles yet; make one with liaisonctl duty define ADDRESS.", row: \.row)
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one duty role.", discussion: "Example: liaisonctl duty show duty-officer@xa")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The role's address.") var role: AddressArgument

    func run() async throws {
      let object = DutyCommand.object(try await DutyCommand.role(role.address, node))
      node.output.result(object, Output.table(object.rows).dropLast().description)
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
