internal import FoundationEssentials
internal import GRDB
package import LiaisonModel

/// What a vCard said of a person, which nobody vouches for. It is only shown: nothing is sent to it or verified by it.
package struct ImportedPerson: Sendable, Equatable {
  package let person: VCardPerson
  /// The same person by a node's card, where one is known.
  package let contact: Contact?

  /// What the vCard said otherwise than the person and their node do; each in words.
  package var differences: [String] {
    guard let contact else { return [] }
    let entry = contact.entry
    let fields: [(String, String, String)] = [
      ("name", person.name, contact.card.name), ("role", person.role, contact.card.role),
      ("discipline", person.discipline, contact.card.discipline.description),
      ("institution", person.institution, entry?.institution ?? ""), ("duty", person.duty, entry?.duty ?? ""),
      (
        "languages", person.languages.map(\.description).joined(separator: ", "),
        entry?.languages.map(\.description).joined(separator: ", ") ?? ""
      ),
      ("time zone", person.timeZone?.description ?? "", entry?.timeZone?.description ?? ""),
      ("alternate", person.alternate?.description ?? "", entry?.alternate?.description ?? ""),
    ]
    return fields.filter { !$0.1.isEmpty && $0.1 != $0.2 }.map { name, imported, vouched in
      vouched.isEmpty ? "\(name): the vCard said \(imported)" : "\(name): \(vouched); the vCard said \(imported)"
    }
  }
}

extension Engine {
  /// Keeps what vCards say of people, each in the place of what another one said. Gives how many have no address.
  package func importPeople(_ cards: [VCard]) throws -> (imported: [Address], without: Int) {
    let people = cards.compactMap { VCardPerson($0) }
    try store.change { tx in
      for person in people {
        let row = tx.index(person.address)
        try tx.db.run(
          sql:
            "INSERT INTO imported (member, value) VALUES (?, ?) ON CONFLICT (member) DO UPDATE SET value = excluded.value",
          arguments: [Data(row), tx.seal(person, "imported", row)])
      }
    }
    return (people.map(\.address), cards.count - people.count)
  }

  /// What vCards said of people in whom every word of `text` is found, by address.
  package func importedPeople(matching text: String = "") throws -> [ImportedPerson] {
    let all = try store.read { tx in
      try tx.db.rows(sql: "SELECT member, value FROM imported").map { row -> ImportedPerson in
        let person: VCardPerson = try tx.open(row["value"], "imported", Array(row["member"] as Data))
        return ImportedPerson(person: person, contact: try tx.verifiedContact(person.address))
      }
    }
    return try PeopleIndex.matches(PeopleWords(text), in: all) { PeopleWords.text($0.person) }
      .sorted { $0.person.address < $1.person.address }
  }

  /// Forgets what a vCard said of a person. Throws ``ClientError`` where none said anything.
  package func forgetImported(_ address: Address) throws {
    try store.change { tx in
      try tx.db.run(sql: "DELETE FROM imported WHERE member = ?", arguments: [Data(tx.index(address))])
      guard tx.db.changesCount > 0 else {
        throw ClientError(.noInput, "imported-unknown", "no vCard that was imported here tells of \(address)")
      }
    }
  }
}
