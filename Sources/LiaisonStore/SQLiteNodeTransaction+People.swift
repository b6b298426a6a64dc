internal import GRDB
package import LiaisonModel
package import LiaisonNode
internal import TLSPresentation

extension SQLiteNodeTransaction: PeopleStore {
  private static let columns = "coalesce(p.card, m.card), p.entry"
  private static let join = "people p LEFT JOIN members m ON m.address = p.address"

  package func person(_ address: Address) throws(StoreError) -> PersonRecord? {
    try row(
      "SELECT \(Self.columns) FROM \(Self.join) WHERE p.address = ? AND p.is_gone = 0", address.description
    ).flatMap { row throws(StoreError) in try PersonRecord(row) }
  }

  package func searchPeople(_ search: PeopleSearch, limit: Int) throws(StoreError) -> [PersonRecord] {
    var marks: [String] = []
    if let nodes = search.nodes {
      guard !nodes.isEmpty else { return [] }
      marks.append("(" + nodes.map { Self.mark($0) }.joined(separator: " OR ") + ")")
    }
    if let discipline = search.discipline { marks.append(Self.mark(discipline)) }
    if let language = search.language { marks.append(Self.mark(language: language)) }
    // What was typed, and has nothing in it to look for, is found nowhere.
    let words = search.words.expression.map { "text : (\($0))" }
    guard words != nil || search.words.isEmpty else { return [] }
    let expression = ([words] + [marks.isEmpty ? nil : "marks : (\(marks.joined(separator: " AND ")))"])
      .compactMap { $0 }.joined(separator: " AND ")
    let hidden = "[" + search.hidden.map { "\"\($0)\"" }.joined(separator: ",") + "]"
    let rest = """
      p.is_gone = 0 AND p.node NOT IN (SELECT value FROM json_each(?)) AND (? IS NULL OR p.confirmed_at <= ?)
        AND coalesce(p.card_expires_at > ?, 1)
      """
    let (until, now) = (search.confirmedUntil?.integer, search.now.integer)
    let found: [Row]
    if expression.isEmpty {
      found = try rows(
        "SELECT \(Self.columns) FROM \(Self.join) WHERE \(rest) ORDER BY p.address LIMIT ?", hidden, until, until,
        now, limit)
    } else {
      found = try rows(
        """
        SELECT \(Self.columns) FROM people_text t CROSS JOIN people p ON p.id = t.rowid
          LEFT JOIN members m ON m.address = p.address
        WHERE people_text MATCH ? AND \(rest) LIMIT ?
        """, expression, hidden, until, until, now, limit)
    }
    var people: [PersonRecord] = []
    for row in found { if let person = try PersonRecord(row) { people.append(person) } }
    return people
  }

  package func savePersonEntry(_ entry: Signed<PersonEntry>) throws(StoreError) {
    let content = entry.content
    try run(
      "UPDATE people SET entry = ?, entry_serial = ?, confirmed_at = ? WHERE address = ?", entry.bytes,
      content.serial.integer, content.confirmedAt.integer, content.address.description)
    try notePersonChange(content.address)
    guard let member = try member(content.address) else { return }
    try index(
      content.address, name: member.profile.name, member.profile.discipline, role: member.profile.role, content)
  }

  package func notePersonChange(_ address: Address) throws(StoreError) {
    try run(
      "UPDATE people SET change = (SELECT max(change) + 1 FROM people WHERE node = ?) WHERE address = ?",
      address.handle.description, address.description)
  }

  /// Brings the directory up to what was saved of a member of this node.
  func noteMember(_ member: MemberRecord) throws(StoreError) {
    let (address, discipline) = (member.address.description, member.profile.discipline)
    guard member.presentCard != nil else {
      try run("DELETE FROM people_text WHERE rowid = (SELECT id FROM people WHERE address = ?)", address)
      try run(
        "UPDATE people SET is_gone = 1, entry = NULL, entry_serial = NULL, confirmed_at = NULL WHERE address = ?",
        address)
      return try notePersonChange(member.address)
    }
    try run(
      """
      INSERT INTO people (address, node, discipline, disciplines, is_gone, change) VALUES (?, ?, ?, ?, 0, 0)
      ON CONFLICT DO UPDATE SET discipline = excluded.discipline, is_gone = 0,
        disciplines = disciplines | excluded.disciplines
      """, address, member.address.handle.description, Int(discipline.rawValue), 1 << (Int(discipline.rawValue) - 1))
    try notePersonChange(member.address)
    try index(
      member.address, name: member.profile.name, discipline, role: member.profile.role,
      try entry(of: member.address))
  }

  private func entry(of address: Address) throws(StoreError) -> PersonEntry? {
    guard let bytes = try row("SELECT entry FROM people WHERE address = ?", address.description)?.optionalBytes(0),
      let entry = try? Unverified<PersonEntry>(tlsEncoded: bytes)
    else { return nil }
    return try? entry.claim()
  }

  private func index(
    _ address: Address, name: String, _ discipline: Discipline, role: String, _ entry: PersonEntry?
  ) throws(StoreError) {
    guard let id = try row("SELECT id FROM people WHERE address = ?", address.description)?.integer(0) else { return }
    let text = PeopleWords.text(address: address, name: name, discipline: discipline, role: role, entry: entry)
    let marks =
      [Self.mark(address.handle), Self.mark(discipline)]
      + (entry?.languages ?? []).map { Self.mark(language: $0.primary) }
    try run("DELETE FROM people_text WHERE rowid = ?", id)
    try run(
      "INSERT INTO people_text (rowid, text, marks) VALUES (?, ?, ?)", id, text, marks.joined(separator: " "))
  }

  // Each is one word of letters and digits, whatever it stands for, and cannot be taken for one of another kind.
  private static func mark(_ node: Handle) -> String { "n" + Hex.encode(Array(node.description.utf8)) }
  private static func mark(_ discipline: Discipline) -> String { "d\(discipline)" }
  private static func mark(language: String) -> String { "l\(language)" }

  // MARK: Changes of this node's members

  package func directoryIdentifier() throws(StoreError) -> [UInt8]? {
    try row("SELECT identifier FROM directory_identifier").map { $0.bytes(0) }
  }

  package func setDirectoryIdentifier(_ identifier: [UInt8]) throws(StoreError) {
    try run(
      """
      INSERT INTO directory_identifier (only_row, identifier) VALUES (1, ?)
      ON CONFLICT DO UPDATE SET identifier = excluded.identifier
      """, identifier)
  }

  package func lastPersonChange(of node: Handle) throws(StoreError) -> UInt64 {
    try row("SELECT coalesce(max(change), 0) FROM people WHERE node = ?", node.description)?.unsigned(0) ?? 0
  }

  package func personChanges(
    of node: Handle, after number: UInt64, limit: Int
  ) throws(StoreError) -> [PersonChange] {
    try rows(
      """
      SELECT \(Self.columns), p.change, p.address, p.discipline, p.disciplines, p.is_gone FROM \(Self.join)
      WHERE p.node = ? AND p.change > ? ORDER BY p.change LIMIT ?
      """, node.description, number.integer, limit
    ).stored { row throws(StoreError) in
      guard let discipline = Discipline(rawValue: UInt8(clamping: row.integer(4))) else {
        throw .unreadable("a discipline")
      }
      let bits = row.integer(5)
      return PersonChange(
        number: row.unsigned(2), address: try row.address(3), discipline: discipline,
        formerDisciplines: Set(Discipline.allCases.filter { bits & 1 << (Int64($0.rawValue) - 1) != 0 }),
        person: row.integer(6) == 1 ? nil : try PersonRecord(row))
    }
  }

  // MARK: Copies

  package func directoryCopy(of peer: Handle) throws(StoreError) -> DirectoryCopy? {
    try row(
      "SELECT peer, version, since, round, is_whole, people FROM directory_copies WHERE peer = ?", peer.description
    ).map { row throws(StoreError) in try DirectoryCopy(row) }
  }

  package func directoryCopies() throws(StoreError) -> [DirectoryCopy] {
    try rows("SELECT peer, version, since, round, is_whole, people FROM directory_copies ORDER BY peer").stored {
      row throws(StoreError) in try DirectoryCopy(row)
    }
  }

  package func save(_ copy: DirectoryCopy) throws(StoreError) {
    try run(
      """
      INSERT INTO directory_copies (peer, version, since, round, is_whole, people) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET version = excluded.version, since = excluded.since, round = excluded.round,
        is_whole = excluded.is_whole, people = excluded.people
      """, copy.peer.description, copy.version, copy.since.integer, copy.round.integer, copy.isWhole ? 1 : 0,
      copy.people.integer)
  }

  package func savePerson(
    _ card: Signed<MemberCard>, _ entry: Signed<PersonEntry>?, round: UInt64
  ) throws(StoreError) {
    let content = card.content
    try run(
      """
      INSERT INTO people (address, node, card, card_expires_at, discipline, disciplines, is_gone, entry, entry_serial,
        confirmed_at, change)
      VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET card = excluded.card, card_expires_at = excluded.card_expires_at,
        discipline = excluded.discipline, disciplines = excluded.disciplines, entry = excluded.entry,
        entry_serial = excluded.entry_serial, confirmed_at = excluded.confirmed_at, change = excluded.change
      """, content.address.description, content.address.handle.description, card.bytes, content.expiresAt.integer,
      Int(content.discipline.rawValue), 1 << (Int(content.discipline.rawValue) - 1), entry?.bytes,
      entry?.content.serial.integer, entry?.content.confirmedAt.integer, round.integer)
    try index(content.address, name: content.name, content.discipline, role: content.role, entry?.content)
  }

  package func removePerson(_ address: Address) throws(StoreError) {
    try removeVouches(of: address, but: [])
    try run("DELETE FROM people_text WHERE rowid = (SELECT id FROM people WHERE address = ?)", address.description)
    try run("DELETE FROM people WHERE address = ?", address.description)
  }

  package func removePeople(of peer: Handle, beforeRound round: UInt64, limit: Int) throws(StoreError) -> Int {
    let addresses = try rows(
      "SELECT address FROM people WHERE node = ? AND change < ? LIMIT ?", peer.description, round.integer, limit
    ).stored { row throws(StoreError) in try row.address(0) }
    for address in addresses { try removePerson(address) }
    return addresses.count
  }

  package func removeDirectoryCopy(of peer: Handle) throws(StoreError) {
    try run("DELETE FROM directory_copies WHERE peer = ?", peer.description)
  }
}

extension PersonRecord {
  /// Columns: card, entry. `nil` where there is no card.
  fileprivate init?(_ row: Row) throws(StoreError) {
    guard let card = row.optionalBytes(0) else { return nil }
    do {
      self.init(
        card: try Unverified(tlsEncoded: card), entry: try row.optionalBytes(1).map { try Unverified(tlsEncoded: $0) })
    } catch { throw .unreadable("a person") }
  }
}

extension DirectoryCopy {
  /// Columns: peer, version, since, round, is_whole, people.
  fileprivate init(_ row: Row) throws(StoreError) {
    self.init(
      peer: try row.handle(0), version: row.bytes(1), since: row.unsigned(2), round: row.unsigned(3),
      isWhole: row.integer(4) == 1, people: row.unsigned(5))
  }
}
