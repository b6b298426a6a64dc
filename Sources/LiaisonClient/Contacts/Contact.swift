package import LiaisonModel

/// A person as this device knows them.
package struct Contact: Sendable, Equatable {
  /// Whether a professional compared this person's keys over another channel.
  package enum Confirmation: Sendable, Equatable {
    case none
    case confirmed(at: Timestamp)
    /// It was confirmed, and the keys are others now, or no node bears them out.
    case changed(since: Timestamp)
  }

  package let card: MemberCard
  package let confirmation: Confirmation
  /// Whether the person's country showed a second root key, which was refused.
  package let rootKeyRefused: Bool
  /// Whether the card verifies by the node's card that is known now. It did when it was kept: a node that lost its key to
  /// others, or a country that began anew, no longer stands for it.
  package let isVouchedFor: Bool
  /// What the person says of themselves, where one of their devices signed it.
  package let entry: PersonEntry?
  /// Whether the own node exchanges anything with the person's country now.
  package let isCountryActive: Bool
  /// Since when the person's directory, asked for their address, has had nobody; `nil` where it has them, as far as is known.
  package let unlistedSince: Timestamp?

  package var address: Address { card.address }
}

extension ProfileTransaction {
  /// The contact of a card that was verified, now or when it was kept.
  func described(_ record: ContactRecord, _ card: MemberCard, isVouchedFor: Bool) throws -> Contact {
    let node = try node(card.address.handle)
    let confirmation: Contact.Confirmation
    if let pin = record.pin {
      let isSame = isVouchedFor && pin.rootKey == node?.rootKey && Set(card.devices).isSubset(of: pin.devices)
      confirmation = isSame ? .confirmed(at: pin.confirmedAt) : .changed(since: pin.confirmedAt)
    } else {
      confirmation = .none
    }
    return Contact(
      card: card, confirmation: confirmation, rootKeyRefused: node?.refused != nil, isVouchedFor: isVouchedFor,
      entry: try entry(of: card), isCountryActive: node?.isActive ?? false, unlistedSince: record.unlistedSince)
  }

  /// When the keys of this person were confirmed, where they are others now, or nobody bears them out any more: a card that
  /// does not verify by its node's card of today is no proof that they are the same.
  func changedKeys(of address: Address) throws -> Timestamp? {
    guard let pin = try contact(address)?.pin else { return nil }
    if case .confirmed? = try verifiedContact(address)?.confirmation { return nil }
    return pin.confirmedAt
  }

  /// The contact with this address, where a card of it is known and verifies.
  func verifiedContact(_ address: Address) throws -> Contact? {
    guard let record = try contact(address), let node = try node(address.handle)?.verified,
      let card = try? record.card.verified(by: node)
    else { return nil }
    return try described(record, card.content, isVouchedFor: true)
  }
}
