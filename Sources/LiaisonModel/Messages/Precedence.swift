/// How urgent a message is (the words of ACP 127), lowest first.
public enum Precedence: UInt8, Sendable, CaseIterable, Comparable, CustomStringConvertible {
  case routine = 0
  case priority = 1
  case immediate = 2
  case flash = 3

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  public var description: String {
    switch self {
    case .routine: "routine"
    case .priority: "priority"
    case .immediate: "immediate"
    case .flash: "flash"
    }
  }

  public init(_ text: String) throws(ModelError) {
    guard let match = Self.allCases.first(where: { $0.description == text.lowercased() }) else {
      throw .malformed("a precedence is routine, priority, immediate or flash")
    }
    self = match
  }
}
