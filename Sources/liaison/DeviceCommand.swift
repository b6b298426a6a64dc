internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import LiaisonProtocol

struct DeviceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "Your machines: bring in another one, list them, remove one that is lost.",
    subcommands: [Invite.self, List.self, Accept.self, Remove.self])

  struct Invite: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print an invitation with which one more machine of yours joins, once.",
      discussion: """
        It carries this machine's signature, so that your correspondents see that you brought the new one in, and not \
        only your node. It is a secret until it has been used: carry it to the new machine yourself.

        The new machine comes into all your rooms as soon as it joins, and has what is written from then on.

        Example:
          liaison device invite --expires 1h
        """)

    @Option(name: .long, help: ArgumentHelp("How long it can be used, 7d at most.", valueName: "time"))
    var expires = "1d"
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let address: String
      let expiresAt: String
      let invitation: String
    }

    func run() async throws {
      let lifetime = try Span(expires)
      let engine = try profile.open()
      let output = format.output
      let invitation = try await NodeClient.with(engine) { client in
        let (invitation, request) = try engine.inviteDevice(lifetimeMilliseconds: lifetime.milliseconds, now: .now)
        _ = try await client.request(request)
        return invitation
      }
      output.result(
        Result(
          address: invitation.address.description, expiresAt: invitation.expiresAt.rfc3339, invitation: invitation.text),
        invitation.text)
      output.explain(
        "An invitation for another machine of \(invitation.address), usable once until \(invitation.expiresAt.shown); it is "
          + "a secret. On that machine: liaison join INVITATION")
    }
  }

  /// A machine, for people and for programs.
  struct Line: Encodable {
    let device: String
    let this: Bool
    let enrolledAt: String
    let linked: Bool
    let waiting: UInt64
  }

  /// This member's machines, as the node has them.
  static func devices(_ client: NodeClient) async throws -> [Frame.Device] {
    guard case .devices(let devices) = try await client.request(.devicesRequest) else {
      throw ClientError.wrongAnswer
    }
    return devices
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List your machines.")

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let own = try engine.identity.device
      let devices = try await NodeClient.with(engine) { client in
        try await client.sync()
        return try await DeviceCommand.devices(client)
      }
      try warnOfDirectories(engine, format.output)
      format.output.listing(
        devices.map {
          Line(
            device: $0.device.description, this: $0.device == own, enrolledAt: $0.enrolledAt.rfc3339,
            linked: $0.isLinked, waiting: $0.waiting)
        }, columns: ["DEVICE", "ENROLLED", "LINK", "WAITING", ""], empty: "no machines"
      ) {
        [
          String($0.device.prefix(8)), $0.enrolledAt, $0.linked ? "up" : "-", String($0.waiting),
          $0.this ? "this one" : "",
        ]
      }
    }
  }

  struct Accept: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that a machine which your node says is yours is yours.",
      discussion: """
        For one that joined with an invitation of your contact point, and not of another machine of yours. Compare what \
        liaison device list says there.

        Example:
          liaison device accept 1a2b3c4d
        """)

    @Argument(help: "The machine, by at least four digits of its identifier.") var device: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable { let device: String }

    func run() throws {
      let engine = try profile.open()
      let device = try engine.acceptDevice(try DeviceCommand.digits(device), now: .now)
      format.output.result(
        Result(device: device.description), "accepted \(device.description.prefix(8)) as a machine of yours")
    }
  }

  /// The digits that name a machine.
  static func digits(_ text: String) throws(CommandError) -> String {
    try typedDigits(text, of: "a machine", list: "liaison device list")
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove a machine of yours: from your node at once, and from every room.",
      discussion: """
        For one that was lost, or is no longer used. It keeps what it has, and gets nothing that follows.

        Example:
          liaison device remove 1a2b3c4d
        """)

    @Argument(help: "The machine, by at least four digits of its identifier.") var device: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let device: String
      let rooms: Int
    }

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      let digits = try DeviceCommand.digits(device)
      try await NodeClient.with(engine) { client in
        try await client.sync()
        let found = try await DeviceCommand.devices(client).filter { $0.device.description.hasPrefix(digits) }
        guard let device = found.first?.device, found.count == 1 else {
          throw CommandError(.noInput, "\(digits) names no machine of yours, or more than one")
        }
        // Planned before it is asked for: whatever fails in between, the rooms are done with the next connection.
        let rooms = try engine.removeDevice(device, now: .now)
        _ = try await client.request(.deviceRemove(device))
        let isDone = try await client.wait(milliseconds: Patience.workMilliseconds) { try engine.isSettled }
        try await client.lookUp(.address(try engine.identity.address))
        guard try !engine.lists(device) else {
          throw CommandError(
            .badData,
            "your node says that it has removed \(device.description.prefix(8)), and still has it on your card: tell your contact "
              + "point and your correspondents over another channel")
        }
        try await client.farewell(engine)
        output.result(
          Result(device: device.description, rooms: rooms),
          "removed \(device.description.prefix(8)) from your node and from \(rooms) room\(rooms == 1 ? "" : "s")")
        guard isDone else {
          let reason = await client.lastReason
          throw CommandError(
            .unavailable,
            "your node has removed it; not every room has, and that goes on with the next connection: \(escaped(reason))"
          )
        }
      }
    }
  }
}
