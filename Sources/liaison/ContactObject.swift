internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel
internal import LiaisonProtocol

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
    switch contact.confirmation {
    case .none: (confirmation, confirmedAt) = ("none", nil)
    case .confirmed(let at): (confirmation, confirmedAt) = ("confirmed", at.rfc3339)
    case .changed(let since): (confirmation, confirmedAt) = ("changed", since.rfc3339)
    }
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
    (confirmation, confirmedAt) = ("none", nil)
    institution = person.institution
    languages = person.languages.map(\.description)
    timeZone = person.timeZone?.description
    duty = person.duty
    alternate = person.alternate?.description
    (entryConfirmedAt, stale) = (nil, nil)
  }

  var mark: String {
    if imported { return "imported, not confirmed" }
    if rootKeyRefused { return "ROOT KEY CHANGED" }
    if !vouchedFor { return "NO LONGER VOUCHED FOR" }
    if !countryActive { return "COUNTRY NOT ACTIVE" }
    return switch confirmation {
    case "confirmed": "confirmed"
    case "changed": "KEYS CHANGED"
    default: ""
    }
  }
}

extension Engine {
  /// People of whom only a vCard tells. Filters by what a node vouches for pass nobody of them.
  func unconfirmed(matching text: String, _ filter: Frame.PeopleFilter) throws -> [ContactObject] {
    guard filter == Frame.PeopleFilter() else { return [] }
    return try importedPeople(matching: text).filter { $0.contact == nil }.map { ContactObject($0.person) }
  }

  /// Says when this member's own entry has to be confirmed, or should have been.
  func remindOfEntry(_ output: Output) throws {
    let now = Timestamp.now
    guard let end = try entryDue(now: now) else { return }
    output.explain(
      end <= now
        ? "your entry in the directory is shown as stale since \(end.shown); confirm it with: liaison profile confirm"
        : "your entry in the directory is shown as stale from \(end.shown) on; confirm it with: liaison profile confirm"
    )
  }
}
