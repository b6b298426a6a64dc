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

  /// The number to compare with the person at this address.
  package func safetyNumber(with address: Address) throws -> SafetyNumber {
    try store.read { tx in
      let identity = try tx.identity()
      guard address != identity.address else {
        throw ClientError(.usage, "verify-self", "compare with somebody other than yourself")
      }
      return SafetyNumber(try party(identity.address, tx), try party(address, tx))
    }
  }

  /// Notes that the number was compared: the keys behind it are pinned.
  package func confirm(_ address: Address, now: Timestamp) throws {
    try change(now: now) { step in
      let party = try party(address, step.tx)
      guard var contact = try step.tx.contact(address) else { throw Self.unknown(address) }
      contact.pin = ContactRecord.Pin(rootKey: party.rootKey, devices: party.devices, confirmedAt: now)
      try step.tx.save(contact, address)
      try step.tellConfirmations(of: address)
    }
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
