internal import ArgumentParser
internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonTrust

struct Member: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "This node's members.", subcommands: [Invite.self, List.self, Show.self, Revoke.self])

  struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print an invitation with which one device of a member enrols, once.",
      discussion: """
        The invitation is a secret until it has been used: hand it over in person or over a channel that you trust.

        Example: liaisonctl member invite nino.beridze@xa --name 'Nino Beridze' --discipline cyber --expires 3d
        """)

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The member's address, such as nino.beridze@xa.") var address: AddressArgument
    @Option(name: .long, help: "The person's name.") var name: String
    @Option(name: .long, help: "physical, security, cyber or other.") var discipline: String
    @Option(name: .long, help: "What the person does.") var role = ""
    @Option(name: .long, help: ArgumentHelp("How long it can be used.", valueName: "time")) var expires = "7d"

    struct Line: Encodable {
      var address: String
      var expiresAt: String
      var invitation: String
    }

    func run() async throws {
      let lifetime = try Span(expires)
      guard let discipline = try? Discipline(discipline) else {
        throw CommandError(.usage, "a discipline is physical, security, cyber or other")
      }
      let expiry = Timestamp.now.adding(milliseconds: lifetime.milliseconds)
      let request = MemberRequest(
        address.address, .invitation(name: name, discipline: discipline, role: role, expiresAt: expiry))
      guard let invitation = try await decision.decide(request.act, member: request)?.invitation else { return }
      decision.node.output.result(
        Line(address: address.address.description, expiresAt: expiry.rfc3339, invitation: invitation.text),
        invitation.text)
      decision.node.output.explain(
        "An invitation for \(address.address), usable once until \(expiry.shown); it is a secret. On the member's machine: "
          + "liaison join INVITATION")
    }
  }

  /// A member, for people and for programs.
  struct Line: Encodable {
    struct Device: Encodable {
      var identifier: String
      var enrolledAt: String
      var signatureKey: String
      var waiting: UInt64
      var linked: Bool
    }

    var address: String
    var name: String
    var discipline: String
    var role: String
    var state: String
    var reason: String?
    var deviceCount: UInt32
    var cardSerial: UInt64
    var cardExpiresAt: String?
    var devices: [Device]?

    init(_ member: AdminMember, detailed: Bool) {
      address = member.address
      name = member.name
      discipline = member.discipline
      role = member.role
      state = member.revoked ? "revoked" : member.deviceCount == 0 ? "invited" : "enrolled"
      reason = member.revoked ? member.reason : nil
      deviceCount = member.deviceCount
      cardSerial = member.cardSerial
      cardExpiresAt = member.cardExpiresAt.momentRFC3339
      if detailed {
        devices = member.devices.map {
          Device(
            identifier: $0.identifier, enrolledAt: Timestamp(milliseconds: $0.enrolledAt).rfc3339,
            signatureKey: $0.signatureKey, waiting: $0.waiting, linked: $0.linked)
        }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the members.", discussion: "Example: liaisonctl member list --json")

    @OptionGroup var node: NodeOptions

    func run() async throws {
      guard case .members(let answer) = try await node.ask(.membersRequest(AdminEmpty())) else {
        throw CommandError.wrongAnswer
      }
      node.output.listing(
        answer.members.map { Line($0, detailed: false) },
        columns: ["ADDRESS", "NAME", "DISCIPLINE", "ROLE", "STATE", "DEVICES"],
        empty: "There are no members yet; invite one with liaisonctl member invite ADDRESS."
      ) { [$0.address, $0.name, $0.discipline, $0.role, $0.state, "\($0.deviceCount)"] }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one member and their devices.", discussion: "Example: liaisonctl member show nino.beridze@xa")

    @OptionGroup var node: NodeOptions
    @Argument(help: "The member's address.") var address: AddressArgument

    func run() async throws {
      guard case .member(let member) = try await node.ask(.memberRequest(address.address.description)) else {
        throw CommandError.wrongAnswer
      }
      let line = Line(member, detailed: true)
      var rows = [
        ["address", line.address], ["name", line.name], ["discipline", line.discipline], ["role", line.role],
        ["state", line.state],
      ]
      if let reason = line.reason { rows.append(["reason", reason]) }
      if let expiry = line.cardExpiresAt { rows.append(["card", "serial \(line.cardSerial), expires \(expiry)"]) }
      for device in line.devices ?? [] {
        let link = device.linked ? "link up" : "no link"
        rows.append([
          "device", "\(device.identifier), enrolled \(device.enrolledAt), \(link), \(device.waiting) waiting",
        ])
      }
      node.output.result(line, Output.table(rows).dropLast().description)
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a member: their devices lose their links at once, and open invitations are withdrawn.",
      discussion: "Example: liaisonctl member revoke nino.beridze@xa --reason 'left the service'")

    @OptionGroup var decision: DecisionOptions
    @Argument(help: "The member's address.") var address: AddressArgument
    @Option(name: .long, help: "Why.") var reason: String

    func run() async throws {
      let request = MemberRequest(address.address, .revocation(reason: reason))
      try await decision.decide(request.act, member: request)
    }
  }
}
