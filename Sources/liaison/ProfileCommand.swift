internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

struct ProfileCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "What you say of yourself in the directory of people.",
    discussion: """
      Your country vouches for your name, discipline and role; the rest is yours to say, signed by this machine. It is \
      shown as stale 180 days after you last confirmed it.

      Examples:
        liaison profile set --institution 'Grid Operator' --language ka --language en --time-zone Asia/Tbilisi
        liaison profile confirm
      """,
    subcommands: [Show.self, Set.self, Confirm.self], defaultSubcommand: Show.self)

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show it.")

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let engine = try profile.open()
      let output = format.output
      try await refresh(engine, output)
      try engine.remindOfEntry(output)
      try engine.showOwn(output)
    }
  }

  struct Confirm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say that all of it is still so.")

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws { try await ProfileCommand.say(EntryChange(), profile.open(), format.output) }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say something else; what is not named stays, and is confirmed.",
      discussion: """
        An empty text takes something away. Where your alternate is a colleague whom another country may not see, that \
        country gets none of what you say here: it is signed as a whole.

        Examples:
          liaison profile set --duty 'incident response, transmission' --alternate ana@xa
          liaison profile set --language ka --language en
          liaison profile set --alternate ''
        """)

    @Option(help: ArgumentHelp("Where you work, at most 128 bytes.", valueName: "text")) var institution: String?
    @Option(help: ArgumentHelp("A language that you work in, such as ka; may be repeated.", valueName: "tag"))
    var language: [String] = []
    @Option(help: ArgumentHelp("Your time zone, such as Asia/Tbilisi.", valueName: "name")) var timeZone: String?
    @Option(help: ArgumentHelp("What you answer for, at most 256 bytes.", valueName: "text")) var duty: String?
    @Option(help: ArgumentHelp("Whom to turn to in your stead.", valueName: "address")) var alternate: String?

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      var change = EntryChange()
      change.institution = institution
      change.duty = duty
      if !language.isEmpty {
        change.languages = try CommandError.typed { () throws(ModelError) in
          var tags: [LanguageTag] = []
          for text in language where !text.isEmpty { tags.append(try LanguageTag(text)) }
          return tags
        }
      }
      if timeZone == "" {
        change.removesTimeZone = true
      } else {
        change.timeZone = try timeZone.typed { text throws(ModelError) in try TimeZoneName(text) }
      }
      if alternate == "" {
        change.removesAlternate = true
      } else {
        change.alternate = try alternate.typed { text throws(ModelError) in try Address(text) }
      }
      try await ProfileCommand.say(change, profile.open(), format.output)
    }
  }

  private static func say(_ change: EntryChange, _ engine: Engine, _ output: Output) async throws {
    try await NodeClient.with(engine) { client in
      // What another machine of this member said comes first.
      try await client.sync()
      try await client.lookUp(.address(try engine.identity.address))
      let entry: Unverified<PersonEntry>
      do { entry = try engine.nextEntry(change, now: .now) } catch let error as ModelError {
        throw CommandError(.usage, escaped(error.sentence))
      }
      try await client.say(.entry(entry))
      try await client.lookUp(.address(try engine.identity.address))
    }
    try engine.showOwn(output)
  }
}

extension Engine {
  /// Says when this member's own entry has to be confirmed, or should have been.
  func remindOfEntry(_ output: Output) throws {
    let now = Timestamp.now
    if try ownEntryIsGone {
      output.explain(
        "the machine that signed your entry in the directory was removed, so nobody sees it; say it again with: "
          + "liaison profile confirm")
    }
    guard let end = try entryDue(now: now) else { return }
    output.explain(
      end <= now
        ? "your entry in the directory is shown as stale since \(end.shown); confirm it with: liaison profile confirm"
        : "your entry in the directory is shown as stale from \(end.shown) on; confirm it with: liaison profile confirm"
    )
  }

  fileprivate func showOwn(_ output: Output) throws {
    guard let contact = try contact(identity.address) else {
      throw CommandError(.tryAgain, "your own card is not here yet; try again")
    }
    let object = ContactObject(contact)
    let confirmed = contact.entry.map { entry in
      "\(entry.confirmedAt.shown), \(entry.isStale(at: .now) ? "stale" : "stale from \(entry.staleAt.shown) on")"
    }
    output.result(
      object, Contacts.Show.lines(object, confirmed: confirmed ?? "you say nothing yet: liaison profile set"))
  }
}
