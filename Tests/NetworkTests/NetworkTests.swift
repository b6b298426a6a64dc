import Foundation
import NodeSimulation
import SimulationKit
import TestKit
import Testing

/// Regions of up to 19 countries and 60 devices, whatever goes wrong. A run that fails prints its seed, and repeats with
/// it: `make simulate SEEDS=1 FIRST=seed`.
@Suite("The network")
struct NetworkTests {
  private static let environment = ProcessInfo.processInfo.environment
  private static func number(_ name: String) -> UInt64? { environment[name].flatMap { UInt64($0) } }

  /// `SIMULATION_FIRST` and `SIMULATION_SEEDS` choose other seeds than the usual ones.
  private static let first = number("SIMULATION_FIRST") ?? 1
  private static let seeds = Array(first..<first + (number("SIMULATION_SEEDS") ?? 120))

  @Test("loses nothing, repeats nothing, leaves nobody behind, and can prove it")
  func properties() async {
    var total = Summary()
    await withTaskGroup(of: (UInt64, Summary, [String]).self) { group in
      var waiting = Self.seeds.makeIterator()
      func next() {
        guard let seed = waiting.next() else { return }
        group.addTask {
          // It takes minutes of a thread, which others beside it wait for.
          let run = try? await blocking { Self.run(Plan(seed: seed)) }
          return (seed, run?.summary ?? Summary(), run?.findings ?? ["it was interrupted"])
        }
      }
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { next() }
      for await (seed, summary, findings) in group {
        total.add(summary)
        let shown = findings.prefix(10).joined(separator: "\n  ")
        if !findings.isEmpty {
          Issue.record("seed \(seed), \(Plan(seed: seed).words), \(findings.count) findings:\n  \(shown)")
        }
        next()
      }
    }
    print(total.words)
    // Where nothing went wrong, nothing was shown.
    guard Self.seeds.count >= 100 else { return }
    for kind in FaultKind.allCases { #expect(total.faults[kind, default: 0] > 0, "no \(kind) in all these seeds") }
    #expect(total.takeovers > 0)
    #expect(total.refused > 0 && total.sentAgain > 0 && total.receipts > 0 && total.carried > 0)
  }

  @Test("is the same again with the same seed, and another with another", arguments: [3, 14] as [UInt64])
  func determinism(seed: UInt64) throws {
    func digest(_ seed: UInt64) throws -> String {
      let scenario = try Scenario(Plan(seed: seed))
      try scenario.play()
      return scenario.region.network.trace.digest
    }
    let first = try digest(seed)
    #expect(try digest(seed) == first)
    #expect(try digest(seed + 1) != first)
  }

  @Test("that is quiet has no findings, and one with a node that breaks its word has some")
  func sabotage() throws {
    #expect(Self.run(Plan(quiet: 1)).findings == [])
    for sabotage in Scenario.Sabotage.allCases {
      let findings = Self.run(Plan(quiet: 1), sabotage).findings
      #expect(!findings.isEmpty, "nobody notices a node that \(sabotage)")
      if Self.environment["SIMULATION_TIMES"] != nil { print("\(sabotage): \(findings.first ?? "")") }
    }
  }

  private static func run(_ plan: Plan, _ sabotage: Scenario.Sabotage? = nil) -> (summary: Summary, findings: [String])
  {
    do {
      let scenario = try Scenario(plan, sabotage: sabotage)
      if environment["SIMULATION_TRACE"] != nil { scenario.region.network.trace.listener = { print($0) } }
      let start = ContinuousClock.now
      try scenario.play()
      if environment["SIMULATION_TIMES"] != nil { print("seed \(plan.seed): \(start.duration(to: .now))") }
      return (scenario.summary, scenario.findings)
    } catch { return (Summary(), ["\(error)"]) }
  }
}
