internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import LiaisonProtocol

struct Contacts: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find people, in every country that yours exchanges with.",
    discussion: """
      Examples:
        liaison contacts beridze
        liaison contacts grid --country xb --language en
        liaison contacts show ana@xa
        liaison contacts export -o colleagues.vcf
      """,
    subcommands: [Search.self, Show.self, Export.self, Import.self, Forget.self], defaultSubcommand: Search.self)

  struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find people by any of what is known of them.",
      discussion: """
        Of each word the beginning is enough; case, accents and order do not count. Asks your node, which knows what each \
        active country publishes, and shows everybody whose card this machine has seen and could verify; where the node \
        cannot be reached, those it has seen.

        Examples:
          liaison contacts beridze
          liaison contacts grid 'transmission operator' --country xb --discipline cyber
          liaison contacts --stale
        """)

    @Argument(
      help:
        "Words of a name, address, role, institution, duty, time zone or language; an address asks that person's country."
    )
    var text: String = ""
    @Option(help: ArgumentHelp("Only people of this country, by its handle or its two letters.", valueName: "country"))
    var country: String?
    @Option(help: ArgumentHelp("Only people of this discipline.", valueName: "discipline")) var discipline: String?
    @Option(help: ArgumentHelp("Only people who speak this language, such as ka.", valueName: "tag")) var language:
      String?
    @Flag(help: "Only people who have not confirmed their entry for 180 days.") var stale = false

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    private func filter() throws(CommandError) -> Frame.PeopleFilter {
      var filter = Frame.PeopleFilter(isStale: stale)
      if let country {
        guard 1...32 ~= country.utf8.count else {
          throw CommandError(.usage, "a country is a handle such as xb, or its two letters")
        }
        filter.country = country
      }
      filter.discipline = try discipline.typed { text throws(ModelError) in try Discipline(text) }
      filter.language = try language.typed { text throws(ModelError) in try LanguageTag(text) }
      return filter
    }

    func run() async throws {
      let filter = try filter()
      let engine = try profile.open()
      let output = format.output
      let text = text
      try await refresh(engine, output) { client in
        if let address = try? Address(text) {
          try await client.require([address], engine, output)
        } else if try await client.ask(.text(text, filter: filter)).hasMore {
          output.explain("more people match than one answer holds: say more of whom you look for")
        }
      }
      try engine.remindOfEntry(output)
      let contacts = try engine.contacts(matching: text, filter: filter).map(ContactObject.init)
      output.listing(
        try contacts + engine.unconfirmed(matching: text, filter),
        columns: ["ADDRESS", "NAME", "DISCIPLINE", "ROLE", "INSTITUTION", "LANGUAGES", "ENTRY", "KEYS"],
        empty: "nobody found"
      ) { person in
        [
          person.address, person.name, person.discipline, person.role, person.institution ?? "",
          person.languages?.joined(separator: " ") ?? "", person.stale == true ? "stale" : "", person.mark,
        ]
      }
    }
  }
}

struct Verify: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare keys with a colleague.",
    discussion: """
      Shows a number, and the same as words, that is the same for both of you exactly if nobody stands between you. Compare \
      it in person or by voice; then say --confirm, and any later change of keys will be shown, and asked about before \
      anything is sent. What is confirmed is the number that was shown last: where the keys are others by then, nothing is. \
      --qr shows the number as a QR code.

      Example:
        liaison verify ana@xa
        liaison verify ana@xa --confirm
      """)

  @Argument(help: "The colleague's address.") var address: String
  @Flag(help: "You compared the number, and it is the same.") var confirm = false
  @Flag(help: "Show the number as a QR code too.") var qr = false

  @OptionGroup var profile: ProfileOptions
  @OptionGroup var format: OutputOptions

  struct Result: Encodable {
    let address: String
    let safetyNumber: String
    let words: [String]
    let confirmed: Bool
    /// `none`, `confirmed`, or `changed` where they were confirmed and are others now.
    let confirmation: String
  }

  func run() async throws {
    let engine = try profile.open()
    let output = format.output
    let address = try Address.typed(address)
    try await refresh(engine, output) { client in
      try await client.require([address], engine, output)
    }
    if confirm { try engine.confirm(address, now: .now) }
    let number = try engine.safetyNumber(with: address)
    let confirmation = try engine.contact(address)?.confirmation ?? .none
    let (isConfirmed, words) =
      switch confirmation {
      case .none: (false, "not confirmed")
      case .confirmed: (true, "confirmed")
      case .changed(let since): (false, "KEYS CHANGED: confirmed on \(since.shown), with other keys")
      }
    let groups = number.groups
    var lines = [groups, number.words].flatMap { parts in
      stride(from: 0, to: 12, by: 4).map { parts[$0..<$0 + 4].joined(separator: " ") }
    }
    if qr { lines += try QRCode(number.digits).lines(inColour: Terminal.showsColour) }
    output.result(
      Result(
        address: address.description, safetyNumber: number.digits, words: number.words, confirmed: isConfirmed,
        confirmation: confirmation.code), lines.joined(separator: "\n") + "\n" + words)
  }
}
