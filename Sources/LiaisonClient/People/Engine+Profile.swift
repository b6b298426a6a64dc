package import LiaisonModel
package import LiaisonProtocol

/// What a member changes of what they say of themselves; what is nil stays.
package struct EntryChange: Sendable {
  package var institution: String?
  package var languages: [LanguageTag]?
  package var timeZone: TimeZoneName?
  package var duty: String?
  package var alternate: Address?
  /// Whether there is to be none any more.
  package var removesTimeZone = false
  package var removesAlternate = false

  /// A change of nothing, which confirms what is there.
  package init() {}
}

extension Engine {
  /// What this member says of themselves, as far as this device knows.
  package var ownEntry: PersonEntry? {
    get throws {
      try store.read { tx in
        let identity = try tx.identity()
        return try tx.verifiedCard(identity.address).flatMap { try tx.entry(of: $0) }
      }
    }
  }

  /// The next entry of this member, signed, for the node: it confirms all that is in it. It is kept here once the node
  /// has it.
  package func nextEntry(_ change: EntryChange, now: Timestamp) throws -> Unverified<PersonEntry> {
    let known = try ownEntry
    let identity = try identity
    let entry = try PersonEntry(
      address: identity.address, device: identity.device, institution: change.institution ?? known?.institution ?? "",
      languages: change.languages ?? known?.languages ?? [],
      timeZone: change.removesTimeZone ? nil : change.timeZone ?? known?.timeZone,
      duty: change.duty ?? known?.duty ?? "",
      alternate: change.removesAlternate ? nil : change.alternate ?? known?.alternate,
      // By the clock, so that one that comes after another device's is the newer one.
      serial: max((known?.serial ?? 0) + 1, now.milliseconds), confirmedAt: now)
    return Signed(entry, by: identity.signatureKey).unverified
  }

  /// When this member's entry has to be confirmed anew, where that is within two weeks or has passed.
  package func entryDue(now: Timestamp) throws -> Timestamp? {
    guard let end = try ownEntry?.staleAt,
      end <= now.adding(milliseconds: Limits.personEntryReminderMilliseconds)
    else { return nil }
    return end
  }
}
