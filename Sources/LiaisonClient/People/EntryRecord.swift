internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import LiaisonProtocol
internal import TLSPresentation

/// The newest of what a person said of themselves.
struct EntryRecord: TLSCodable {
  var entry: Unverified<PersonEntry>

  init(entry: Unverified<PersonEntry>) { self.entry = entry }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a person's entry has an unknown format") }
    entry = try decoder.read()
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(entry)
  }
}

extension ProfileTransaction {
  private func record(of address: Address) throws -> EntryRecord? {
    try db.value(Data.self, sql: "SELECT value FROM people WHERE member = ?", arguments: [Data(index(address))])
      .map { try open($0, "people", index(address)) }
  }

  /// What the member of this card says of themselves, where a device on it signed it.
  func entry(of card: MemberCard) throws -> PersonEntry? {
    try record(of: card.address).flatMap { try? $0.entry.verified(by: card).content }
  }

  /// The last that a member said of themselves, also where the device that signed it is theirs no longer: it was verified when
  /// it was kept.
  func lastEntry(of address: Address) throws -> PersonEntry? {
    try record(of: address).flatMap { try? $0.entry.claim() }
  }

  /// Keeps what people say of themselves and of one another, as far as the cards that are known bear it out.
  func take(_ people: Frame.People, now: Timestamp) throws {
    for unverified in people.entries {
      guard let claim = try? unverified.claim(), let card = try verifiedCard(claim.address, at: now),
        let entry = try? unverified.verified(by: card).content, (try? entry.checkDate(at: now)) != nil,
        entry.serial < UInt64(Int64.max)
      else { continue }
      // One that no device on the card signed any more makes room for any other.
      if let known = try record(of: entry.address), let old = try? known.entry.verified(by: card).content,
        old.serial >= entry.serial
      {
        continue
      }
      let row = index(entry.address)
      try db.run(
        sql:
          "INSERT INTO people (member, value) VALUES (?, ?) ON CONFLICT (member) DO UPDATE SET value = excluded.value",
        arguments: [Data(row), seal(EntryRecord(entry: unverified), "people", row)])
    }
    try take(people.revocations, now: now)
    try take(people.vouches, now: now)
  }

  /// The latest card of a person, where their node's card bears it out, it is in force, and their directory has not said
  /// since that it has nobody of this address.
  func verifiedCard(_ address: Address, at now: Timestamp) throws -> MemberCard? {
    guard let record = try contact(address), record.unlistedSince == nil, let card = try seenCard(address),
      card.isInForce(at: now)
    else { return nil }
    return card
  }

  /// The latest card of a person, where their node's card bears it out; it may have ended.
  func seenCard(_ address: Address) throws -> MemberCard? {
    guard let record = try contact(address), let node = try node(address.handle)?.verified else { return nil }
    return try? record.card.verified(by: node).content
  }
}

extension Contact {
  /// What of the person is searched.
  var searchedText: String {
    PeopleWords.text(
      address: card.address, name: card.name, discipline: card.discipline, role: card.role, entry: entry)
  }

  /// Whether the person is as is asked for.
  func passes(_ filter: Frame.PeopleFilter, country: String?, at now: Timestamp) -> Bool {
    if let wanted = filter.country, wanted.lowercased() != card.address.handle.description,
      wanted.uppercased() != country
    {
      return false
    }
    if let discipline = filter.discipline, discipline != card.discipline { return false }
    if let language = filter.language?.primary,
      !(entry?.languages.contains { $0.primary == language } ?? false)
    {
      return false
    }
    return !filter.isStale || entry?.isStale(at: now) ?? false
  }
}
