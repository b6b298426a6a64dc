/// What a professional works in (DOMAIN.md).
public enum Discipline: UInt8, Sendable, CaseIterable, CustomStringConvertible {
  case physical = 1
  case security = 2
  case cyber = 3
  case other = 4

  public var description: String {
    switch self {
    case .physical: "physical"
    case .security: "security"
    case .cyber: "cyber"
    case .other: "other"
    }
  }

  public init(_ text: String) throws(ModelError) {
    guard let match = Self.allCases.first(where: { $0.description == text }) else {
      throw .malformed("a discipline is physical, security, cyber or other")
    }
    self = match
  }
}
