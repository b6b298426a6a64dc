package import LiaisonModel

/// A duty role, as both programs show it to people and to programs.
package struct RoleObject: Encodable {
  /// A hand-over that waits to be accepted.
  package struct Offer: Encodable {
    package let from: String
    package let to: String
    package let offeredAt: String
    package let expiresAt: String
  }

  package let role: String
  package let title: String
  package let holders: [String]
  package let alternate: String?
  package let contactPoint: String?
  /// Whom what is written to it goes to now, and as what: `holders`, `alternate`, `contactPoint` or `vacant`.
  package let acting: [String]
  package let standing: String
  package let serial: UInt64
  package let since: String
  package let expiresAt: String
  /// Whether the card is no longer in force: nothing is written by it.
  package let expired: Bool
  /// `assigned`, `handedOver` where both signatures verify, or `unverified` where they were not, or could not be.
  package let origin: String
  package let handedOverBy: String?
  package let handedOverTo: String?
  package let handedOverAt: String?
  package let offer: Offer?

  private let now: String
  private let how: String

  private enum CodingKeys: String, CodingKey {
    case role, title, holders, alternate, contactPoint, acting, standing, serial, since, expiresAt, expired, origin
    case handedOverBy, handedOverTo, handedOverAt, offer
  }

  /// A role by its card, how it came to who holds it, and the hand-over that waits, at `now`.
  package init(_ card: RoleCard, _ origin: DutyOrigin, _ offer: DutyOffer?, at now: Timestamp) {
    role = card.address.description
    title = card.duty.title
    holders = card.duty.holders.map(\.description)
    alternate = card.duty.alternate?.description
    contactPoint = card.duty.contactPoint?.description
    acting = card.duty.acting.people.map(\.description)
    standing = card.duty.acting.standing.name
    serial = card.serial
    since = card.issuedAt.rfc3339
    expiresAt = card.expiresAt.rfc3339
    expired = !card.isInForce(at: now)
    switch origin {
    case .assigned: (self.origin, handedOverBy, handedOverTo, handedOverAt) = ("assigned", nil, nil, nil)
    case .handedOver(let from, let to, let at):
      (self.origin, handedOverBy, handedOverTo, handedOverAt) = ("handedOver", "\(from)", "\(to)", at.rfc3339)
    case .unverified(let from, let to):
      (self.origin, handedOverBy, handedOverTo, handedOverAt) = ("unverified", "\(from)", "\(to)", nil)
    }
    self.offer = offer.map {
      Offer(from: "\($0.from)", to: "\($0.to)", offeredAt: $0.offeredAt.rfc3339, expiresAt: $0.expiresAt.rfc3339)
    }
    self.now = card.sentence
    how = origin.sentence
  }

  /// The columns of a list, of which ``row`` is one.
  package static let columns = ["ROLE", "TITLE", "GOES TO", "AS", "WAITS"]

  package var row: [String] {
    [role, title, acting.joined(separator: ", "), standing + (expired ? ", expired" : ""), waits ?? ""]
  }

  /// All there is of it, a line each.
  package var rows: [[String]] {
    [
      ["role", role], ["title", title], ["holders", holders.joined(separator: ", ")], ["alternate", alternate ?? "-"],
      ["contact point", contactPoint ?? "-"], ["now", now], ["since", since],
      ["card", "serial \(serial), \(expired ? "expired" : "expires") \(expiresAt)"], ["how", how],
    ] + (waits.map { [["waits", $0]] } ?? [])
  }

  private var waits: String? { offer.map { "\($0.to) is to accept it from \($0.from)" } }
}

extension RoleCard {
  /// Who acts for the role, in one sentence for a person.
  package var sentence: String {
    let (standing, people) = duty.acting
    let names = people.map(\.description).joined(separator: ", ")
    return switch standing {
    case .holders: "\(address) is held by \(names)"
    case .alternate: "\(address) has no holder: goes to the alternate \(names)"
    case .contactPoint: "\(address) has no holder and no alternate: goes to the contact point \(names)"
    case .vacant: "\(address) has no holder, no alternate and no contact point"
    }
  }
}

extension DutyOrigin {
  /// One sentence for a person.
  package var sentence: String {
    switch self {
    case .assigned: "assigned by the contact point"
    case .handedOver(let from, let to, let at): "handed over by \(from) to \(to) on \(at.shown); signed by both"
    case .unverified(let from, let to):
      "handed over by \(from) to \(to), says their node; whether both signed it was not verified here"
    }
  }
}
