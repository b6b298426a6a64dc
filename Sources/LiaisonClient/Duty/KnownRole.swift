internal import FoundationEssentials
internal import GRDB
package import LiaisonModel
package import TLSPresentation

/// What this device knows of a duty role: its cards, the newest last, in whichever order they came. Each verified when it
/// came.
package struct KnownRole: TLSCodable, Sendable {
  /// Cards of one role that are kept: who acknowledged an older message held the role by an older card.
  static let cardsMax = 16

  private(set) var cards: [Unverified<RoleCard>]
  /// The same, read.
  private let contents: [RoleCard]

  init(_ card: Signed<RoleCard>) {
    cards = [card.unverified]
    contents = [card.content]
  }

  private init(_ cards: [Unverified<RoleCard>], _ contents: [RoleCard]) {
    self.cards = cards.suffix(Self.cardsMax)
    self.contents = contents.suffix(Self.cardsMax)
  }

  /// With one more card, in its place; nil where one of its serial is known.
  func adding(_ card: Signed<RoleCard>) -> Self? {
    guard !contents.contains(where: { $0.serial == card.content.serial }) else { return nil }
    let place = contents.firstIndex { card.content.serial < $0.serial } ?? contents.count
    var (cards, contents) = (cards, contents)
    cards.insert(card.unverified, at: place)
    contents.insert(card.content, at: place)
    return Self(cards, contents)
  }

  /// The newest card, as it is carried.
  package var card: Unverified<RoleCard> { cards[cards.count - 1] }
  /// The newest card.
  package var current: RoleCard { contents[contents.count - 1] }
  /// Who acted for it by an earlier card, or handed it over, and does not now.
  package var formerly: Set<Address> {
    let before = contents.flatMap(\.duty.acting.people) + contents.compactMap { try? $0.handOver?.offer.claim().from }
    return Set(before).subtracting(current.duty.acting.people)
  }

  /// Whether a person acted for the role at a time, by what is known; nil for one who never did.
  package func acted(_ person: Address, at time: Timestamp) -> Bool? {
    guard current.duty.acting.people.contains(person) || formerly.contains(person) else { return nil }
    let card = contents.last { $0.issuedAt <= time } ?? contents[0]
    return card.duty.acting.people.contains(person)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a role's record has an unknown format") }
    let cards = try decoder.readVector(of: Unverified<RoleCard>.self)
    let contents = cards.compactMap { try? $0.claim() }
    guard !cards.isEmpty, contents.count == cards.count else { throw .invalid("a role's record holds no cards") }
    (self.cards, self.contents) = (cards, contents)
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(vector: cards)
  }
}

/// What waits for this member: hand-overs, their own ones and those to accept, and communication checks, as the node said
/// last.
package struct WaitingDuties: TLSCodable, Sendable {
  package var offers: [Unverified<DutyOffer>]
  package var checks: [Unverified<ComCheck>]

  init(offers: [Unverified<DutyOffer>] = [], checks: [Unverified<ComCheck>] = []) {
    self.offers = offers
    self.checks = checks
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("duties have an unknown format") }
    offers = try decoder.readVector()
    checks = try decoder.readVector()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(vector: offers)
    encoder.write(vector: checks)
  }
}

extension ProfileTransaction {
  func role(_ address: Address) throws -> KnownRole? {
    let row = index(address)
    return try db.value(Data.self, sql: "SELECT value FROM roles WHERE role = ?", arguments: [Data(row)])
      .map { try open($0, "roles", row) }
  }

  func roles() throws -> [KnownRole] {
    try db.rows(sql: "SELECT role, value FROM roles").map { row in
      try open(row["value"], "roles", Array(row["role"] as Data))
    }
  }

  /// A role's card, where its node signed it.
  func verified(_ card: Unverified<RoleCard>) throws -> Signed<RoleCard>? {
    guard let claim = try? card.claim(), let node = try node(claim.address.handle)?.verified else { return nil }
    return try? card.verified(by: node)
  }

  /// Keeps a role's card. Gives whether it is newer than what was known; an older one says only who held it before.
  func take(_ card: Signed<RoleCard>) throws -> Bool {
    let before = try role(card.content.address)
    guard let known = before.map({ $0.adding(card) }) ?? KnownRole(card) else { return false }
    let row = index(card.content.address)
    try db.run(
      sql: "INSERT INTO roles (role, value) VALUES (?, ?) ON CONFLICT (role) DO UPDATE SET value = excluded.value",
      arguments: [Data(row), seal(known, "roles", row)])
    return known.current.serial != before?.current.serial
  }

  func waitingDuties() throws -> WaitingDuties { try setting("duties") ?? WaitingDuties() }
}
