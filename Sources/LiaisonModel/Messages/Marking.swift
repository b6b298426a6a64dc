/// The Traffic Light Protocol, version 2.0 (FIRST), least strict first.
public enum Marking: UInt8, Sendable, CaseIterable, Comparable, CustomStringConvertible {
  case clear = 0
  case green = 1
  case amber = 2
  case amberStrict = 3
  case red = 4

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The label as it must be written: capitals, no space, never translated.
  public var description: String {
    switch self {
    case .clear: "TLP:CLEAR"
    case .green: "TLP:GREEN"
    case .amber: "TLP:AMBER"
    case .amberStrict: "TLP:AMBER+STRICT"
    case .red: "TLP:RED"
    }
  }

  /// Reads a label, in any case, with or without its `TLP:`.
  public init(_ text: String) throws(ModelError) {
    let label = text.uppercased()
    guard let match = Self.allCases.first(where: { $0.description == label || $0.description == "TLP:" + label }) else {
      throw .malformed("a marking is TLP:RED, TLP:AMBER+STRICT, TLP:AMBER, TLP:GREEN or TLP:CLEAR")
    }
    self = match
  }
}
