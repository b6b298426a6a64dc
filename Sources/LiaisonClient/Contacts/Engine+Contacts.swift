package import LiaisonModel
package import LiaisonProtocol

extension Engine {
  /// People whose cards this device has seen and could verify, by address: those in whom every word of `text` is found.
  package func contacts(
    matching text: String = "", filter: Frame.PeopleFilter = Frame.PeopleFilter(), now: Timestamp = Timestamp.now()
  ) throws -> [Contact] {
    let all = try store.read { tx in
      let cards = try tx.nodeCards()
      return try tx.contacts().compactMap { record -> Contact? in
        guard let claim = try? record.card.claim() else { return nil }
        let verified = cards[claim.address.handle].flatMap { try? record.card.verified(by: $0).content }
        let card = verified ?? claim
        let contact = try tx.described(record, card, isVouchedFor: verified != nil)
        let country = cards[card.address.handle]?.content.country
        return contact.passes(filter, country: country, at: now) ? contact : nil
      }
    }
    return try PeopleIndex.matches(PeopleWords(text), in: all, text: \.searchedText).sorted { $0.address < $1.address }
  }

  /// The person with this address, where their card is known and verifies.
  package func contact(_ address: Address) throws -> Contact? { try store.read { try $0.verifiedContact(address) } }

  /// When the keys of this person were confirmed, where they are others now or nobody bears them out; `nil` where they were
  /// not confirmed, or still are.
  package func changedKeys(of address: Address) throws -> Timestamp? {
    try store.read { try $0.changedKeys(of: address) }
  }

  /// Whether this person's keys were confirmed, and are others now or borne out by nobody.
  package func hasChangedKeys(_ address: Address) throws -> Bool { try changedKeys(of: address) != nil }

  /// The number to compare with the person at this address, to be shown. It is remembered: ``confirm(_:now:)`` is of the number
  /// that was shown last.
  package func safetyNumber(with address: Address) throws -> SafetyNumber {
    try store.change { tx in
      let number = try safetyNumber(with: address, tx)
      guard var contact = try tx.contact(address) else { throw Self.unknown(address) }
      if contact.shownNumber != number.digits {
        contact.shownNumber = number.digits
        try tx.save(contact, address)
      }
      return number
    }
  }

  /// Notes that the number was compared which was shown last: the keys behind it are pinned. Throws ``ClientError`` where
  /// none was shown, or the keys are others now than those behind it.
  package func confirm(_ address: Address, now: Timestamp) throws {
    try change(now: now) { step in
      let number = try safetyNumber(with: address, step.tx)
      let party = try party(address, step.tx)
      guard var contact = try step.tx.contact(address) else { throw Self.unknown(address) }
      guard !contact.shownNumber.isEmpty else {
        throw ClientError(
          .usage, "number-not-shown",
          "no number for \(address) was shown on this machine yet; compare the one of: liaison verify \(address)")
      }
      guard contact.shownNumber == number.digits else {
        throw ClientError(
          .badData, "number-changed",
          "the keys of \(address), or your own, are others than when the number was shown; compare the new one of: "
            + "liaison verify \(address)")
      }
      // Later than what it takes the place of: of two, the later one counts, but for one that is dated far ahead.
      let latest = now.adding(milliseconds: Limits.clockErrorMillisecondsMax)
      let before = contact.pin.map { $0.confirmedAt.adding(milliseconds: 1) } ?? now
      let confirmedAt = before <= latest ? max(now, before) : now
      contact.pin = ContactRecord.Pin(rootKey: party.rootKey, devices: party.devices, confirmedAt: confirmedAt)
      try step.tx.save(contact, address)
      try step.tellConfirmations(of: address)
      // What waited for that goes on.
      try step.followRooms()
    }
  }

  private func safetyNumber(with address: Address, _ tx: ProfileTransaction) throws -> SafetyNumber {
    let identity = try tx.identity()
    guard address != identity.address else {
      throw ClientError(.usage, "verify-self", "compare with somebody other than yourself")
    }
    return SafetyNumber(try party(identity.address, tx), try party(address, tx))
  }

  private func party(_ address: Address, _ tx: ProfileTransaction) throws -> SafetyNumber.Party {
    guard let contact = try tx.verifiedContact(address), let node = try tx.node(address.handle) else {
      throw Self.unknown(address)
    }
    return SafetyNumber.Party(address: address, rootKey: node.rootKey, devices: contact.card.devices)
  }

  private static func unknown(_ address: Address) -> ClientError {
    ClientError(.noInput, "contact-unknown", "no card of \(address) is known that a known node vouches for")
  }
}

extension EngineStep {
  /// Whether this person's keys were confirmed, and are others now or borne out by nobody.
  func hasChangedKeys(_ address: Address) throws -> Bool { try tx.changedKeys(of: address) != nil }

  /// Throws ``ClientError`` where the keys of one of these people are not those that were confirmed.
  func checkKeys(of addresses: some Sequence<Address>) throws {
    for address in addresses where try hasChangedKeys(address) {
      // Nothing is sent, shared or added to this person unless whoever does it decides so.
      throw ClientError(
        .notPermitted, "keys-changed",
        "the keys of \(address) are not those that you confirmed; compare again with: liaison verify \(address), or go on with "
          + "--changed-keys")
    }
  }
}
