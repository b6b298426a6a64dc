internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// A person as a JSON object.
struct ContactObject: Encodable {
  let address: String
  let name: String
  let discipline: String
  let role: String
  let devices: Int
  let confirmation: String
  let confirmedAt: String?
  let rootKeyRefused: Bool
  let vouchedFor: Bool
  let countryActive: Bool
  /// Whether their country's directory had them when it was last asked for their address.
  let listed: Bool
  /// Whether the card has not ended.
  let inForce: Bool
  /// Whether all of it is what a vCard said, and no node.
  let imported: Bool
  // What people say of themselves, where they do.
  let institution: String?
  let languages: [String]?
  let timeZone: String?
  let duty: String?
  let alternate: String?
  let entryConfirmedAt: String?
  let stale: Bool?

  init(_ contact: Contact) {
    address = contact.address.description
    name = contact.card.name
    discipline = contact.card.discipline.description
    role = contact.card.role
    devices = contact.card.devices.count
    rootKeyRefused = contact.rootKeyRefused
    vouchedFor = contact.isVouchedFor
    countryActive = contact.isCountryActive
    imported = false
    confirmation = contact.confirmation.code
    confirmedAt =
      switch contact.confirmation {
      case .none: nil
      case .confirmed(let at), .changed(let at): at.rfc3339
      }
    listed = contact.unlistedSince == nil
    inForce = contact.card.isInForce(at: .now)
    let entry = contact.entry
    institution = entry?.institution
    languages = entry?.languages.map(\.description)
    timeZone = entry?.timeZone?.description
    duty = entry?.duty
    alternate = entry?.alternate?.description
    entryConfirmedAt = entry?.confirmedAt.rfc3339
    stale = entry?.isStale(at: .now)
  }

  /// What a vCard said of somebody whom no node has vouched for.
  init(_ person: VCardPerson) {
    address = person.address.description
    name = person.name
    discipline = person.discipline
    role = person.role
    devices = 0
    (rootKeyRefused, vouchedFor, countryActive, imported) = (false, false, false, true)
    (listed, inForce) = (false, false)
    (confirmation, confirmedAt) = ("none", nil)
    institution = person.institution
    languages = person.languages.map(\.description)
    timeZone = person.timeZone?.description
    duty = person.duty
    alternate = person.alternate?.description
    (entryConfirmedAt, stale) = (nil, nil)
  }

  /// The same, and since when the keys are confirmed.
  var keys: String {
    guard let confirmedAt, let at = try? Timestamp(rfc3339: confirmedAt) else { return mark }
    return mark == "confirmed" ? "confirmed on \(at.shown)" : mark
  }

  /// What a person must know of the keys; all of it.
  var mark: String {
    if imported { return "imported, not confirmed" }
    let marks = [
      rootKeyRefused ? "ROOT KEY CHANGED" : "", confirmation == "changed" ? "KEYS CHANGED" : "",
      vouchedFor ? "" : "NO LONGER VOUCHED FOR", listed ? "" : "NO LONGER LISTED", inForce ? "" : "CARD HAS ENDED",
      countryActive ? "" : "COUNTRY NOT ACTIVE",
    ].filter { !$0.isEmpty }
    return marks.isEmpty ? confirmation == "confirmed" ? "confirmed" : "" : marks.joined(separator: ", ")
  }
}

extension Contact.Confirmation {
  /// A stable name, for programs.
  var code: String {
    switch self {
    case .none: "none"
    case .confirmed: "confirmed"
    case .changed: "changed"
    }
  }
}
