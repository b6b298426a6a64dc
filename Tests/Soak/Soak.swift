internal import ArgumentParser
internal import Foundation
internal import ProcessKit

/// Runs a network of real processes for minutes under random faults, and then asks of every message where it is.
@main
struct Soak: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak",
    abstract: "Disturb a network of real processes for minutes, then account for every message.",
    discussion: """
      Three countries of three professionals write and share documents while nodes are killed and stopped, clients are \
      killed, and links are cut, stalled and slowed down. What is done follows from the seed; when it falls together does \
      not. Exit status 0 only if everything that was accepted arrived once and in order, receipts verify, queues are \
      empty, and no node grew without bound.
      """)

  @Option(help: "How long the network is disturbed.") var minutes = 10.0
  @Option(help: "What the choices follow from; a random one where nothing is said.") var seed: UInt64?

  func run() throws {
    let seed = seed ?? .random(in: 1...999_999)
    say("soak: SEED=\(seed) MINUTES=\(minutes)")
    let findings = Findings()
    let network = try SoakNetwork(seed: seed, findings)
    let faults = Faults(network, seed: seed, seconds: minutes * 60)
    Figures.printHeading()
    let start = Figures.take("start", network)

    let began = monotonicSeconds()
    let writers = network.countries.indices.map { country in
      Beside(seed: seed &+ UInt64(country) &+ 1) { random in
        try network.people.filter { $0.country == country }.randomElement(using: &random)?.act(&random, network)
      }
    }
    let disturber = Beside(seed: seed) { random in try faults.turn(&random) }
    var middle: [Figures] = []
    while monotonicSeconds() - began < minutes * 60 {
      Thread.sleep(forTimeInterval: min(10, minutes * 60 / 4))
      if middle.isEmpty, monotonicSeconds() - began >= minutes * 30 { middle = Figures.take("middle", network) }
    }
    try disturber.stop()
    for writer in writers { try writer.stop() }
    say("\(Int(monotonicSeconds() - began)) s of disturbance: \(faults.summary); written: \(network.summary)")

    try faults.end()
    try Account(network, findings).settle()
    let end = Figures.take("end", network)
    Figures.judge(start, middle, end, of: network.spared, findings)
    try network.end()
    say(findings.all.isEmpty ? "soak: passed" : "soak: \(findings.all.count) findings, SEED=\(seed)")
    if !findings.all.isEmpty { throw ExitCode.failure }
  }
}
