internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct RoomCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "room", abstract: "Make rooms and change who is in them.",
    subcommands: [
      Create.self, Add.self, Remove.self, Takeover.self, Successor.self, Leave.self, Rejoin.self, List.self, Show.self,
    ])

  /// A room as a JSON object.
  struct RoomObject: Encodable {
    struct Change: Encodable {
      let address: String
      let reason: String
    }
    struct Gap: Encodable {
      let sender: String
      let first: UInt64
      let last: UInt64
      /// `missing`, `asked` or `gone`.
      let state: String
    }
    let room: String
    let title: String
    let name: String
    let hub: String
    let state: String
    let members: [String]
    let joining: [Change]
    let leaving: [Change]
    let failed: [Change]
    let epoch: UInt64
    let epochAuthenticator: String
    let unread: Int
    let missing: [Gap]
    /// The room that goes on in its place; left out where there is none.
    let successor: String?

    init(_ room: Room, own: Address) {
      func changes(_ changes: [Room.Change]) -> [Change] {
        changes.map { Change(address: $0.address.description, reason: $0.reason) }
      }
      self.room = room.identifier.description
      title = room.title
      name = room.name(for: own)
      hub = room.hub.description
      state = "\(room.state)"
      members = room.members.map(\.description)
      joining = changes(room.joining)
      leaving = changes(room.leaving)
      failed = changes(room.failed)
      epoch = room.epoch
      epochAuthenticator = Hex.encode(room.epochAuthenticator)
      unread = room.unreadCount
      successor = room.successor?.description
      missing = room.gaps.map {
        Gap(
          sender: $0.sender.description, first: $0.numbers.lowerBound, last: $0.numbers.upperBound, state: "\($0.state)"
        )
      }
    }
  }

  /// Follows a change until the hub has ordered it and it came back; says what became of it.
  static func follow(_ request: RoomRequest, _ engine: Engine, _ output: Output, _ client: NodeClient) async throws {
    _ = try await client.wait(milliseconds: Patience.workMilliseconds) {
      if case .waiting = try engine.progress(of: request) { false } else { true }
    }
    try await client.farewell(engine)
    let progress = try engine.progress(of: request)
    let room = try engine.room(named: request.room.description)
    let object = RoomObject(room, own: try engine.identity.address)
    output.result(object, object.room)
    switch progress {
    case .done: return
    case .failed(let reason):
      try engine.dismiss(request)
      throw CommandError(.notPermitted, "not everything could be done: \(escaped(reason))")
    case .waiting(let reason):
      let words = reason.isEmpty ? await client.lastReason : reason
      throw CommandError(
        .unavailable,
        "the change is kept on this machine and goes on with the next connection\(words.isEmpty ? "" : ": \(escaped(words))")"
      )
    }
  }

  /// Runs a change of a room with the node. `keys` is what was decided about people with changed keys who are added; `nil`
  /// where nobody is.
  static func change(
    _ profile: ProfileOptions, _ format: OutputOptions, people: [String] = [], _ keys: ChangedKeysOptions?,
    _ body: @escaping @Sendable (Engine, [Address]) throws -> RoomRequest
  ) async throws {
    let addresses = try people.map { try Address.typed($0) }
    let engine = try profile.open()
    let output = format.output
    try await NodeClient.with(engine) { client in
      try await client.sync()
      try await client.require(addresses, engine, output)
      if let keys { try engine.requireDecision(on: addresses, keys, output) }
      try await follow(body(engine, addresses), engine, output, client)
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make a room.", discussion: "Example:\n  liaison room create \"Field team\" ana@xa bo@xb")

    @Argument(help: "The title; only members see it.") var title: String
    @Argument(help: "Whom to add.") var addresses: [String] = []
    @OptionGroup var keys: ChangedKeysOptions
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let title = title
      try await RoomCommand.change(profile, format, people: addresses, keys) { engine, addresses in
        try engine.createRoom(title: title, members: addresses, now: .now)
      }
    }
  }

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Add people to a room.")

    @Argument(help: "The room.") var room: String
    @Argument(help: "Whom to add.") var addresses: [String]
    @OptionGroup var keys: ChangedKeysOptions
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let room = room
      try await RoomCommand.change(profile, format, people: addresses, keys) { engine, addresses in
        try engine.add(addresses, to: engine.room(named: room).identifier, now: .now)
      }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove somebody from a room.", discussion: "They keep what they have, and read nothing that follows.")

    @Argument(help: "The room.") var room: String
    @Argument(help: "Whom to remove.") var address: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let room = room
      let address = try Address.typed(address)
      try await RoomCommand.change(profile, format, nil) { engine, _ in
        try engine.remove(address, from: engine.room(named: room).identifier, now: .now)
      }
    }
  }

  struct Leave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Leave a room.")

    @Argument(help: "The room.") var room: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      let name = room
      try await NodeClient.with(engine) { client in
        try await client.sync()
        let room = try engine.room(named: name)
        if let message = try engine.leave(room.identifier, now: .now) {
          guard try await client.flush(message) else {
            throw CommandError(.unavailable, "your leave is kept on this machine and goes out with the next connection")
          }
        }
        let object = RoomObject(
          try engine.room(named: room.identifier.description), own: try engine.identity.address)
        output.result(object, "left \(escaped(object.name))")
      }
    }
  }

  struct Rejoin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Come back into a room with fresh keys, where this machine lost its place in it.",
      discussion: """
        For a room that says it could not be followed, because this machine was away for too long or was restored. \
        What this machine has stays. What was written since it lost its place it cannot read; everything from now on \
        it can. The others see that it came back.
        """)

    @Argument(help: "The room.") var room: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let room = room
      try await RoomCommand.change(profile, format, nil) { engine, _ in
        try engine.rejoin(engine.room(named: room).identifier, now: .now)
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List your rooms.")

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      try await refresh(engine, output)
      let own = try engine.identity.address
      output.listing(
        try engine.rooms().map { RoomObject($0, own: own) }, columns: ["ROOM", "NAME", "MEMBERS", "UNREAD", "STATE"],
        empty: "no rooms yet"
      ) { [String($0.room.prefix(8)), $0.name, String($0.members.count), String($0.unread), $0.state] }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show a room: who is in it, and how it stands.")

    @Argument(help: "The room.") var room: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      try await refresh(engine, output)
      let room = try engine.room(named: room)
      let object = RoomObject(room, own: try engine.identity.address)
      guard !output.json else { return output.result(object, "") }
      output.line("\(escaped(object.name))\nroom \(object.room)\nhub \(object.hub)\nepoch \(object.epoch)")
      output.line("authenticator \(object.epochAuthenticator.prefix(32))  (equal for all members in this epoch)")
      for member in room.members {
        let contact = try engine.contact(member).map(ContactObject.init)
        output.line("  \(member)  \(escaped(contact?.name ?? ""))  \(contact?.mark ?? "")".trimmingEnd)
      }
      for change in room.joining {
        output.line("  \(change.address)  being added  \(escaped(change.reason))".trimmingEnd)
      }
      for change in room.leaving {
        output.line("  \(change.address)  being removed  \(escaped(change.reason))".trimmingEnd)
      }
      for change in room.failed { output.line("  \(change.address)  failed: \(escaped(change.reason))") }
      room.explainFaults(output)
    }
  }
}

extension String {
  /// Without spaces at its end.
  fileprivate var trimmingEnd: String {
    var text = Substring(self)
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
