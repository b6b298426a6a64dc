import Foundation
import FuzzKit
import TestKit
import Testing

@Suite("Fuzz targets")
struct FuzzTests {
  static let names = FuzzTarget.all.map(\.name)
  private static let findings = Checkout.root.appendingPathComponent("Tests/FuzzTests/Findings")

  private func target(_ name: String) throws -> FuzzTarget { try #require(FuzzTarget.named(name)) }

  @Test("take every seed", arguments: names) func seeds(name: String) throws {
    let target = try target(name)
    for seed in try target.seeds() { target.run(seed) }
  }

  @Test("take seeds that were altered at random", arguments: names) func alteredSeeds(name: String) throws {
    let target = try target(name)
    var random = SeededGenerator(seed: 20)
    let seeds = try target.seeds() + [[]]
    for _ in 0..<300 {
      var input = seeds[Int(random.next() % UInt64(seeds.count))]
      for _ in 0..<random.next() % 12 {
        let place = Int(random.next() % UInt64(input.count + 1))
        switch random.next() % 3 {
        case 0: input.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
        case 1: if place < input.count { input[place] = UInt8(truncatingIfNeeded: random.next()) }
        default: input.append(contentsOf: random.bytes(3))
        }
      }
      target.run(input)
    }
  }

  @Test("take what `make fuzz` has found before") func pastFindings() throws {
    let folders = try FileManager.default.contentsOfDirectory(atPath: Self.findings.path)
    for folder in folders where folder != "README.md" {
      let target = try target(folder)
      let files = Self.findings.appendingPathComponent(folder)
      for file in try FileManager.default.contentsOfDirectory(atPath: files.path) {
        target.run(Array(try Data(contentsOf: files.appendingPathComponent(file))))
      }
    }
  }

  @Test("have names of their own") func distinct() {
    #expect(Set(Self.names).count == Self.names.count)
  }
}
