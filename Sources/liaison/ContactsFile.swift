internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
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
      do { try AtomicFile.write(Array(text.utf8), to: output, mode: 0o600, replacing: false) } catch {
        guard error.exists else { throw error }
        throw CommandError(.cannotCreate, "\(escaped(output)) exists already; choose another file with -o")
      }
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
      let cards = try VCard.read(bytes)
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
      if without > 0, !imported.isEmpty {
        output.explain("\(without) without an address of Liaison's \(without == 1 ? "was" : "were") passed over")
      }
    }
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
