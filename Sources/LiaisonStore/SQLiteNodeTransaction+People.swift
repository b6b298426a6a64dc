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

  package func searchPeople(_ search: PeopleSearch, limit: Int) throws(StoreError) -> PeopleFound {
    if let nodes = search.nodes, nodes.isEmpty { return PeopleFound(people: [], hasMore: false) }
    // What was typed, and has nothing in it to look for, is found nowhere.
    let words = search.words.expression.map { "text : (\($0))" }
    guard words != nil || search.words.isEmpty else { return PeopleFound(people: [], hasMore: false) }
    var marks: [String] = []
    if let discipline = search.discipline { marks.append(Self.mark(discipline)) }
    if let language = search.language { marks.append(Self.mark(language: language)) }
    if words == nil, marks.isEmpty, search.nodes == nil || search.confirmedUntil != nil {
      return try list(search, limit: limit)
    }
    if let nodes = search.nodes { marks.append(Self.anyMark(of: nodes)) }
    var expression = [words, marks.isEmpty ? nil : "marks : (\(marks.joined(separator: " AND ")))"]
      .compactMap { $0 }.joined(separator: " AND ")
    if !search.hidden.isEmpty { expression = "(\(expression)) NOT (marks : (\(Self.anyMark(of: search.hidden))))" }
    let until = search.confirmedUntil?.integer
    let found = try rows(
      """
      SELECT \(Self.columns) FROM (SELECT rowid FROM people_text WHERE people_text MATCH ? LIMIT ?) t
        CROSS JOIN people p ON p.id = t.rowid LEFT JOIN members m ON m.address = p.address
      WHERE p.is_gone = 0 AND (? IS NULL OR p.confirmed_at <= ?) AND coalesce(p.card_expires_at > ?, 1) LIMIT ?
      """, expression, Limits.searchRowsMax, until, until, search.now.integer, limit + 1)
    var result = try PeopleFound(found, limit: limit)
    if !result.hasMore {
      result.hasMore =
        try row(
          "SELECT 1 FROM people_text WHERE people_text MATCH ? LIMIT 1 OFFSET ?", expression, Limits.searchRowsMax)
        != nil
    }
    return result
  }

  /// Everybody by their addresses, or those of each node who have confirmed least lately.
  private func list(_ search: PeopleSearch, limit: Int) throws(StoreError) -> PeopleFound {
    func list(_ nodes: [Handle]) -> String { "[" + nodes.map { "\"\($0)\"" }.joined(separator: ",") + "]" }
    let (hidden, now) = (list(search.hidden), search.now.integer)
    guard let until = search.confirmedUntil?.integer else {
      return try PeopleFound(
        rows(
          """
          SELECT \(Self.columns) FROM \(Self.join)
          WHERE p.is_gone = 0 AND p.node NOT IN (SELECT value FROM json_each(?)) AND coalesce(p.card_expires_at > ?, 1)
          ORDER BY p.address LIMIT ?
          """, hidden, now, limit + 1), limit: limit)
    }
    return try PeopleFound(
      rows(
        """
        WITH RECURSIVE nodes (node) AS (
          SELECT min(node) FROM people
          UNION ALL SELECT (SELECT min(p.node) FROM people p WHERE p.node > n.node) FROM nodes n WHERE n.node IS NOT NULL)
        SELECT \(Self.columns) FROM nodes n CROSS JOIN people p ON p.node = n.node
          LEFT JOIN members m ON m.address = p.address
        WHERE n.node NOT IN (SELECT value FROM json_each(?)) AND (? IS NULL OR n.node IN (SELECT value FROM json_each(?)))
          AND p.confirmed_at <= ? AND p.is_gone = 0 AND coalesce(p.card_expires_at > ?, 1)
        LIMIT ?
        """, hidden, search.nodes.map(list), search.nodes.map(list), until, now, limit + 1), limit: limit)
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

  package func removePersonEntry(of address: Address) throws(StoreError) {
    try run(
      "UPDATE people SET entry = NULL, entry_serial = NULL, confirmed_at = NULL WHERE address = ?", address.description)
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
    if let before = try row("SELECT discipline FROM people WHERE address = ?", address)?.integer(0),
      before != Int64(discipline.rawValue)
    {
      try noteMentions(of: member.address)
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

  /// Counts a change of each member of this node who vouches for another one, or may name them as alternate: to whom that
  /// is published goes by the other one's discipline too.
  private func noteMentions(of address: Address) throws(StoreError) {
    let node = address.handle.description
    var mentioning = try rows(
      "SELECT DISTINCT voucher FROM vouches WHERE subject = ?", address.description
    ).stored { row throws(StoreError) in try row.address(0) }
    if let words = PeopleWords(address.description).expression {
      // The words find others too, whose entries say whom they name.
      let found = try rows(
        "SELECT p.address FROM people_text t CROSS JOIN people p ON p.id = t.rowid WHERE people_text MATCH ?",
        "text : (\(words)) AND marks : (\(Self.mark(address.handle)))"
      ).stored { row throws(StoreError) in try row.address(0) }
      for other in found where try entry(of: other)?.alternate == address { mentioning.append(other) }
    }
    for other in Set(mentioning).sorted() where other.handle.description == node && other != address {
      try notePersonChange(other)
    }
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
  private static func anyMark(of nodes: [Handle]) -> String {
    "(" + nodes.map { mark($0) }.joined(separator: " OR ") + ")"
  }
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

extension PeopleFound {
  /// Rows with the columns card and entry, one more than the limit where there are more.
  fileprivate init(_ rows: [Row], limit: Int) throws(StoreError) {
    var people: [PersonRecord] = []
    for row in rows.prefix(limit) { if let person = try PersonRecord(row) { people.append(person) } }
    self.init(people: people, hasMore: rows.count > limit)
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
