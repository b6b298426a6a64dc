internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct VouchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vouch", abstract: "Give your word for people you know, and see who knows whom.",
    discussion: """
      A vouch is shown to others as part of a way from them to that person. It grants nothing, and counts for nothing but \
      what they make of it.

      Examples:
        liaison vouch boris@xb --type met-in-person
        liaison vouch paths carla@xc
      """,
    subcommands: [Make.self, List.self, Revoke.self, Paths.self], defaultSubcommand: Make.self)

  struct Make: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say that you know a person, who has the keys that are known here.",
      discussion: """
        It is for these keys: once the person has another one, it no longer counts. Compare keys first (liaison verify). Who may \
        see you in the directory may see whom you vouch for.

        Examples:
          liaison vouch boris@xb --type met-in-person
          liaison vouch boris@xb --type 'event:winter exercise' --expires 90d
        """)

    @Argument(help: "The person's address.") var address: String
    @Option(
      name: .long, help: ArgumentHelp("How you know them: met-in-person, worked-with or event:NAME.", valueName: "type")
    )
    var type: String
    @Option(name: .long, help: ArgumentHelp("How long it holds, two years at most.", valueName: "time"))
    var expires = "365d"

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let address = try Address.typed(address)
      let kind = try CommandError.typed { () throws(ModelError) in try Vouch.Kind(type) }
      let lifetime = try Span(expires).milliseconds
      guard lifetime <= Limits.vouchMillisecondsMax else {
        throw CommandError(.usage, "a vouch holds for two years at most")
      }
      let engine = try profile.open()
      let output = format.output
      let vouch = try await NodeClient.with(engine) { client in
        try await client.sync()
        try await client.require([address], engine, output)
        let vouch = try engine.makeVouch(for: address, kind, lifetimeMilliseconds: lifetime, now: .now)
        // Before it is said: nothing that was published is taken back everywhere.
        if try engine.contact(address)?.confirmation == Contact.Confirmation.none {
          output.explain("you have not compared keys with \(address): liaison verify \(address)")
        }
        try await client.say(.vouch(vouch))
        try await client.lookUp(.vouches(of: try engine.identity.address))
        return try vouch.claim()
      }
      output.result(
        try VouchObject(vouch, .counts, KeyMarks(engine)),
        "\(vouch.identifier): \(address) (\(escaped(vouch.kind.words))), until \(vouch.expiresAt.shown)")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List vouches by you and about you.",
      discussion: """
        Examples:
          liaison vouch list
          liaison vouch list --all --json
        """)

    @Flag(help: "Those too that do not count, and why.") var all = false

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      let own = try engine.identity.address
      try await refresh(engine, output) { client in try await client.lookUp(.vouches(of: own)) }
      try engine.forgetOldVouches(now: .now)
      let vouches = try engine.vouches(now: .now).filter {
        ($0.vouch.voucher == own || $0.vouch.subject == own) && (all || $0.standing == .counts)
      }
      try output.vouches(vouches, KeyMarks(engine), empty: "no vouches")
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take back a vouch of yours.",
      discussion: """
        Example:
          liaison vouch revoke 1a2b3c4d
        """)

    @Argument(help: "The vouch, by at least four digits of its identifier.") var vouch: String

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let vouch: String
    }

    func run() async throws {
      let digits = try typedDigits(vouch, of: "a vouch", list: "liaison vouch list")
      let engine = try profile.open()
      let identifier = try await NodeClient.with(engine) { client in
        try await client.sync()
        let own = try engine.identity.address
        try await client.lookUp(.vouches(of: own))
        let revocation = try engine.revokeVouch(digits, now: .now)
        try await client.say(.revocation(revocation))
        try await client.lookUp(.vouches(of: own))
        return try revocation.claim().identifier.description
      }
      format.output.result(Result(vouch: identifier), "took back \(identifier.prefix(8))")
    }
  }

  struct Paths: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show ways from you to a person, over people who vouch for one another.",
      discussion: """
        The shortest first, at most five, of at most four steps. Who is on a way says what is said of the next; what it is \
        worth is yours to judge. --all shows those vouches about the person too that do not count, and why.

        Example:
          liaison vouch paths carla@xc
        """)

    @Argument(help: "The person's address.") var address: String
    @Flag(help: "Show vouches about the person that do not count, too.") var all = false

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Line: Encodable {
      let path: [VouchObject]
    }

    func run() async throws {
      let address = try Address.typed(address)
      let engine = try profile.open()
      let output = format.output
      let own = try engine.identity.address
      guard address != own else { throw CommandError(.usage, "name somebody other than yourself") }
      let all = all
      try await refresh(engine, output) { client in
        try await client.findWays(to: address)
        if all { try await client.lookUp(.vouches(of: address)) }
      }
      let (paths, others) = try engine.vouchPaths(to: address, now: .now)
      let marks = KeyMarks(engine)
      for path in paths {
        let line = try Line(path: path.map { try VouchObject($0, .counts, marks) })
        let steps = try path.map { vouch in
          let subject = try marks.marked(vouch.subject)
          return " → \(subject) (\(escaped(vouch.kind.words)), \(vouch.madeAt.shown.prefix(7)))"
        }
        output.result(line, "\(own)" + steps.joined())
      }
      if paths.isEmpty { output.explain("no vouches that count lead from you to \(address)") }
      if all { try output.vouches(others, marks, empty: "no other vouches about \(address)") }
    }
  }
}

/// A vouch as a JSON object.
struct VouchObject: Encodable {
  let vouch: String
  let voucher: String
  let subject: String
  let type: String
  let madeAt: String
  let expiresAt: String
  /// A stable code, and the same in words.
  let standing: String
  let standingText: String
  /// Whether the keys of the one or the other are not those that the reader confirmed.
  let voucherKeysChanged: Bool
  let subjectKeysChanged: Bool

  init(_ vouch: Vouch, _ standing: VouchStanding, _ marks: KeyMarks) throws {
    self.vouch = vouch.identifier.description
    voucher = vouch.voucher.description
    subject = vouch.subject.description
    type = vouch.kind.description
    madeAt = vouch.madeAt.rfc3339
    expiresAt = vouch.expiresAt.rfc3339
    self.standing = standing.code
    standingText = standing.text
    voucherKeysChanged = try marks.hasChanged(vouch.voucher)
    subjectKeysChanged = try marks.hasChanged(vouch.subject)
  }
}

extension Output {
  fileprivate func vouches(_ vouches: [ShownVouch], _ marks: KeyMarks, empty: String) throws {
    func marked(_ address: String, _ hasChanged: Bool) -> String { address + (hasChanged ? " (KEYS CHANGED)" : "") }
    listing(
      try vouches.map { try VouchObject($0.vouch, $0.standing, marks) },
      columns: ["VOUCH", "BY", "FOR", "TYPE", "UNTIL", "STANDING"], empty: empty
    ) {
      [
        String($0.vouch.prefix(8)), marked($0.voucher, $0.voucherKeysChanged),
        marked($0.subject, $0.subjectKeysChanged),
        $0.type, $0.expiresAt, $0.standingText,
      ]
    }
  }
}

extension Vouch.Kind {
  /// For people; the name of an event is somebody's words.
  fileprivate var words: String {
    switch self {
    case .metInPerson: "met in person"
    case .workedWith: "worked with"
    case .event(let name): "event: \(name)"
    }
  }
}
