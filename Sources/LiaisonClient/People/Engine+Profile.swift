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

  /// Whether it changes nothing.
  package var isEmpty: Bool {
    institution == nil && languages == nil && timeZone == nil && duty == nil && alternate == nil && !removesTimeZone
      && !removesAlternate
  }
}

extension Engine {
  /// What this member says of themselves, as far as this device knows.
  package var ownEntry: PersonEntry? {
    get throws {
      try store.read { tx in
        let identity = try tx.identity()
        return try tx.seenCard(identity.address).flatMap { try tx.entry(of: $0) }
      }
    }
  }

  /// Whether nobody is shown any more what this member said of themselves, because the device that signed it was removed.
  package var ownEntryIsGone: Bool {
    get throws { try ownEntry == nil && store.read { try $0.lastEntry(of: $0.identity().address) } != nil }
  }

  /// The next entry of this member, signed, for the node: it confirms all that is in it, from the last one that is known,
  /// whichever of the member's devices signed that. It is kept here once the node has it. Throws ``ClientError`` where there is
  /// nothing to confirm.
  package func nextEntry(_ change: EntryChange, now: Timestamp) throws -> Unverified<PersonEntry> {
    let identity = try identity
    let known = try store.read { try $0.lastEntry(of: identity.address) }
    guard known != nil || !change.isEmpty else {
      throw ClientError(
        .noInput, "entry-unknown", "you say nothing yet that could be confirmed; say it with: liaison profile set")
    }
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
