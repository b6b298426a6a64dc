/// What an administrator may decide. Everybody may read.
package enum Role: UInt8, Sendable, CaseIterable, Comparable, CustomStringConvertible {
  /// Administrators, the node's own keys and card, policy.
  case owner = 1
  /// Peers.
  case trustOfficer = 2
  /// Members.
  case registrar = 4
  /// Nothing: who reads everything and changes nothing.
  case auditor = 8

  /// For people.
  package var description: String { self == .trustOfficer ? "trust officer" : name }

  /// What is typed: one word.
  package var name: String {
    switch self {
    case .owner: "owner"
    case .trustOfficer: "trust-officer"
    case .registrar: "registrar"
    case .auditor: "auditor"
    }
  }

  package static func < (a: Role, b: Role) -> Bool { a.rawValue < b.rawValue }
}

extension Set<Role> {
  /// Whether one person may have all of these: at least one, and an auditor has no other.
  package var isAllowed: Bool { !isEmpty && (count == 1 || !contains(.auditor)) }

  /// For people: `owner, trust officer`.
  package var text: String { sorted().map(\.description).joined(separator: ", ") }

  /// One bit each; nil where `bits` has others, or roles that nobody may have together.
  init?(bits: UInt8) {
    self = Set(Role.allCases.filter { bits & $0.rawValue != 0 })
    guard self.bits == bits, isAllowed else { return nil }
  }

  var bits: UInt8 { reduce(0) { $0 | $1.rawValue } }
}
