internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

extension RoomCommand {
  struct Takeover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Have your own node order a room whose hub is gone for good.",
      discussion: """
        It takes more than half of the nodes of the room. Each consents once it has not reached the hub for an hour, or \
        once its administrators have suspended or revoked it. Messages flow all the while.
        """)

    @Argument(help: "The room.") var room: String
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let room = room
      try await RoomCommand.change(profile, format, nil) { engine, _ in
        try engine.takeOver(engine.room(named: room).identifier, now: .now)
      }
    }
  }

  struct Successor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Go on in a new room, where the hub of a room of two countries is gone for good.",
      discussion: """
        It has the same title and is for the same people; those whose node cannot be reached are added once it can. The \
        old room is told of it.
        """)

    @Argument(help: "The room.") var room: String
    @OptionGroup var keys: ChangedKeysOptions
    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let (name, keys, output) = (room, keys, format.output)
      try await RoomCommand.change(profile, format, keys) { engine, _ in
        let room = try engine.room(named: name)
        try engine.requireDecision(on: room.members, keys, output)
        return try engine.startSuccessor(of: room.identifier, now: .now)
      }
    }
  }
}
