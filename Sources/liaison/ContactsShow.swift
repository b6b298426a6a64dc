internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

extension Contacts {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show everything that is known of a person, and who says it.",
      discussion: """
        Their country vouches for the name, the discipline, the role and the keys; the rest they say themselves.

        Example:
          liaison contacts show ana@xa
        """)

    @Argument(help: "The person's address.") var address: String

    @OptionGroup var profile: ProfileOptions
    @OptionGroup var format: OutputOptions

    func run() async throws {
      let address = try Address.typed(address)
      let engine = try profile.open()
      let output = format.output
      try await refresh(engine, output) { client in try await client.lookUp(.address(address)) }
      let imported = try engine.importedPeople().first { $0.person.address == address }
      guard let contact = try engine.contacts().first(where: { $0.address == address }) else {
        guard let imported else { throw CommandError(.noInput, "there is no member \(address)") }
        let object = ContactObject(imported.person)
        return output.result(object, Self.lines(object, confirmed: "a vCard said so; no country has confirmed it"))
      }
      let object = ContactObject(contact)
      let confirmed = contact.entry.map { entry in
        "\(entry.confirmedAt.shown)\(entry.isStale(at: .now) ? ", stale" : "")"
      }
      output.result(object, Self.lines(object, confirmed: confirmed ?? "they say nothing of themselves"))
      for difference in imported?.differences ?? [] { output.explain("imported: \(escaped(difference))") }
    }

    static func lines(_ person: ContactObject, confirmed: String) -> String {
      let rows = [
        ["address", person.address], ["name", person.name], ["discipline", person.discipline], ["role", person.role],
        ["institution", person.institution ?? ""], ["duty", person.duty ?? ""],
        ["languages", person.languages?.joined(separator: ", ") ?? ""], ["time zone", person.timeZone ?? ""],
        ["alternate", person.alternate ?? ""], ["entry", confirmed], ["keys", person.keys],
      ]
      return String(Output.table(rows.filter { !$0[1].isEmpty }).dropLast())
    }
  }
}
