/// One thing that takes bytes of others. `make fuzz` runs all of them, and the ordinary tests replay what it has found.
public struct FuzzTarget: Sendable {
  public let name: String
  /// Takes one input. A trap is a finding, and so is a property that does not hold, which traps too.
  public let run: @Sendable (_ input: [UInt8]) -> Void
  /// Inputs to begin with, most of them valid.
  public let seeds: @Sendable () throws -> [[UInt8]]

  public static let all = mls + presentation + model + protocols + trust + [liveGroup, storedState]

  public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}
