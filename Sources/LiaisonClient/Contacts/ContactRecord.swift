internal import FoundationEssentials
internal import GRDB
internal import LiaisonModel
internal import TLSPresentation

/// What this device knows of a person: the latest card it saw, and the keys that were compared, if they were.
struct ContactRecord: TLSCodable {
  /// The keys that a professional compared with the person.
  struct Pin: Equatable, TLSCodable {
    var rootKey: RootKey
    var devices: [MemberCard.Device]
    var confirmedAt: Timestamp

    init(rootKey: RootKey, devices: [MemberCard.Device], confirmedAt: Timestamp) {
      self.rootKey = rootKey
      self.devices = devices
      self.confirmedAt = confirmedAt
    }

    init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
      rootKey = try decoder.read()
      devices = try decoder.readVector(bound: 8 * 48)
      confirmedAt = try decoder.read()
    }

    func encode(to encoder: inout TLSEncoder) {
      encoder.write(rootKey)
      encoder.write(vector: devices)
      encoder.write(confirmedAt)
    }
  }

  var card: Unverified<MemberCard>
  var seenAt: Timestamp
  var pin: Pin?
  /// Since when the person's directory, asked for this address, has said that it has nobody.
  var unlistedSince: Timestamp?
  /// The digits of the safety number that this device showed last, which the person then compares; empty before the first.
  var shownNumber = ""

  init(card: Unverified<MemberCard>, seenAt: Timestamp) {
    self.card = card
    self.seenAt = seenAt
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let version = try decoder.read(UInt8.self)
    guard 1...2 ~= version else { throw .invalid("a contact has an unknown format") }
    card = try decoder.read()
    seenAt = try decoder.read()
    pin = try decoder.readOptional()
    guard version == 2 else { return }
    unlistedSince = try decoder.readOptional()
    shownNumber = try decoder.readString(bound: 60)
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(2))
    encoder.write(card)
    encoder.write(seenAt)
    encoder.write(optional: pin)
    encoder.write(optional: unlistedSince)
    encoder.write(string: shownNumber)
  }
}

extension ProfileTransaction {
  func contact(_ address: Address) throws -> ContactRecord? {
    try db.value(Data.self, sql: "SELECT value FROM contacts WHERE member = ?", arguments: [Data(index(address))])
      .map { try open($0, "contacts", index(address)) }
  }

  func contacts() throws -> [ContactRecord] {
    try db.rows(sql: "SELECT member, value FROM contacts").map { row in
      try open(row["value"], "contacts", Array(row["member"] as Data))
    }
  }

  func save(_ contact: ContactRecord, _ address: Address) throws {
    let row = index(address)
    try db.run(
      sql:
        "INSERT INTO contacts (member, value) VALUES (?, ?) ON CONFLICT (member) DO UPDATE SET value = excluded.value",
      arguments: [Data(row), seal(contact, "contacts", row)])
  }

  /// Keeps a card that its node signed, unless one with a higher serial is known. Gives the card that counts.
  @discardableResult
  func take(_ unverified: Unverified<MemberCard>, now: Timestamp) throws -> Signed<MemberCard>? {
    guard let claim = try? unverified.claim(), let node = try node(claim.address.handle)?.verified,
      let card = try? unverified.verified(by: node)
    else { return nil }
    guard var contact = try contact(claim.address) else {
      try save(ContactRecord(card: unverified, seenAt: now), claim.address)
      return card
    }
    let known = try? contact.card.verified(by: node)
    if let known, known.content.serial > card.content.serial { return known }
    if contact.card != unverified {
      contact.card = unverified
      contact.seenAt = now
      try save(contact, claim.address)
    }
    return card
  }

  /// The person's directory has this card, or, where there is none, has nobody of this address.
  func noteListing(of address: Address, _ card: Unverified<MemberCard>?, now: Timestamp) throws {
    guard var contact = try contact(address) else { return }
    if let card {
      // An older one than the one that counts here says nothing.
      guard contact.unlistedSince != nil, card == contact.card else { return }
      contact.unlistedSince = nil
    } else {
      guard contact.unlistedSince == nil else { return }
      contact.unlistedSince = now
    }
    try save(contact, address)
  }
}
