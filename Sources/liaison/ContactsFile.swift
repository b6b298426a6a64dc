internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import LiaisonProtocol
internal import Sodium

extension Contacts {
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write people to a file of vCards, for an address book.",
      discussion: """
        Those whose cards this machine has verified. The file is readable to whoever has it, and proves nothing.

        Examples:
          liaison contacts export -o colleagues.vcf
          liaison contacts export transmission -o operators.vcf
        """)

    @Argument(help: "Words of what is known of them, as in a search; everybody where there are none.") var text:
      String = ""
    @Option(
      name: [.customShort("o"), .long], help: ArgumentHelp("The file to write.", valueName: "file"),
      completion: .file())
    var output: String

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let file: String
      let people: Int
    }

    func run() async throws {
      let engine = try profile.open()
      let people = try engine.contacts(matching: text).filter(\.isVouchedFor)
      guard !people.isEmpty else { throw CommandError(.noInput, "nobody found") }
      let text = people.map { contact in
        VCardPerson(contact).card(revision: contact.entry.map { $0.confirmedAt.shown.filter { !"-:".contains($0) } })
          .encoded
      }.joined()
      try AtomicFile.writeNew(Array(text.utf8), to: output, mode: 0o600)
      format.output.result(
        Result(file: output, people: people.count),
        "\(escaped(output)): \(people.count) \(people.count == 1 ? "person" : "people")")
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read people from a file of vCards.",
      discussion: """
        What a vCard says is shown as imported and not confirmed, until a country's card of the same address is here; nothing \
        is sent to it, and nothing verified by it. Cards without an address of Liaison's are passed over.

        Example:
          liaison contacts import colleagues.vcf
        """)

    @Argument(help: "The file of vCards.", completion: .file()) var file: String

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable {
      let address: String
      let confirmed: Bool
      let differences: [String]
    }

    func run() async throws {
      guard let bytes = try AtomicFile.read(file, limit: Limits.vCardBytesMax) else {
        throw CommandError(.badData, "\(escaped(file)) is too long for vCards, or is not a file")
      }
      let (cards, passedOver) = try VCard.read(bytes)
      let engine = try profile.open()
      let output = format.output
      let (imported, without) = try engine.importPeople(cards)
      let addresses = Set(imported)
      let people = try engine.importedPeople().filter { addresses.contains($0.person.address) }
      output.listing(
        people.map {
          Result(
            address: $0.person.address.description, confirmed: $0.contact != nil, differences: $0.differences)
        }, columns: ["ADDRESS", "CONFIRMED", "DIFFERENCES"], empty: "nobody with an address of Liaison's in it"
      ) { [$0.address, $0.confirmed ? "by its country" : "not yet", $0.differences.joined(separator: "; ")] }
      for name in passedOver {
        output.explain(
          "the vCard of \(name.isEmpty ? "somebody without a name" : escaped(name)) is of another version than 3.0 and 4.0, and was "
            + "passed over")
      }
      if without > 0, !imported.isEmpty {
        output.explain("\(without) without an address of Liaison's \(without == 1 ? "was" : "were") passed over")
      }
    }
  }
}

extension Contacts {
  struct Forget: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forget what a vCard said of a person.",
      discussion: """
        What their country and they themselves say stays.

        Example:
          liaison contacts forget carla@xc
        """)

    @Argument(help: "The person's address.") var address: String

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    struct Result: Encodable { let address: String }

    func run() throws {
      let address = try Address.typed(address)
      try profile.open().forgetImported(address)
      format.output.result(
        Result(address: address.description), "forgot what a vCard said of \(address)")
    }
  }
}

extension Engine {
  /// People of whom only a vCard tells. Filters by what a node vouches for pass nobody of them.
  func unconfirmed(matching text: String, _ filter: Frame.PeopleFilter) throws -> [ContactObject] {
    guard filter == Frame.PeopleFilter() else { return [] }
    return try importedPeople(matching: text).filter { $0.contact == nil }.map { ContactObject($0.person) }
  }
}

extension VCardPerson {
  /// What is known of a person, by their country and by themselves.
  init(_ contact: Contact) {
    let (card, entry) = (contact.card, contact.entry)
    self.init(
      address: card.address, name: card.name, role: card.role, institution: entry?.institution ?? "",
      duty: entry?.duty ?? "", discipline: card.discipline.description, languages: entry?.languages ?? [],
      timeZone: entry?.timeZone, alternate: entry?.alternate)
  }
}
