internal import Foundation
internal import ProcessKit
internal import Synchronization
internal import TestKit

/// A professional who writes, reads and shares with the built program, and keeps account of what it said.
final class Person: Sendable {
  /// What the program said of something that was written.
  enum State: CaseIterable, Sendable {
    /// The node has it: it arrives, once.
    case accepted
    /// It is on the device: it arrives, once.
    case kept
    /// The program was killed: it may arrive, once.
    case unknown
    /// The program said that it was not made: it never arrives.
    case refused
  }

  struct Written: Sendable {
    /// The first two words of a text, or a document's title.
    let token: String
    let room: Int
    let precedence: String
    /// The document's file.
    let file: String?
    let state: State
    let message: String?
  }

  let index: Int
  let country: Int
  let professional: Professional
  private let list = Mutex<[Written]>([])
  /// Messages of others, some of which were not acknowledged.
  private let seen = Mutex<[String]>([])

  init(_ index: Int, country: Int, _ professional: Professional) {
    self.index = index
    self.country = country
    self.professional = professional
  }

  var written: [Written] { list.withLock { $0 } }

  /// Does one thing.
  func act(_ random: inout SeededGenerator, _ network: SoakNetwork) throws {
    // Now and then the program is killed in the midst of it.
    let isKilled = Int.random(in: 0..<20, using: &random) == 0
    let seconds = isKilled ? Double.random(in: 0.01...0.3, using: &random) : 180
    let outcome: Program.Outcome
    let what: String
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<60: return try write(&random, network, isDocument: false, seconds: seconds)
    case 60..<64: return try write(&random, network, isDocument: true, seconds: seconds)
    case 64..<84:
      what = "inbox"
      outcome = try professional.run("inbox", "--json", seconds: seconds)
      let messages = objects(outcome.output).filter { $0["own"] as? Bool == false }
        .compactMap { $0["message"] as? String }
      seen.withLock { $0 = messages }
    case 84..<92:
      what = "acknowledge"
      guard let message = seen.withLock({ $0.randomElement(using: &random) }) else { return }
      outcome = try professional.run("acknowledge", message, seconds: seconds)
    default:
      what = "status"
      guard let message = written.compactMap(\.message).randomElement(using: &random) else { return }
      outcome = try professional.run("status", message, "--json", seconds: seconds)
    }
    if !isKilled, ![0, 69, 75].contains(outcome.status) {
      network.findings.add("\(professional.address): \(what): status \(outcome.status): \(outcome.errors)")
    }
  }

  private func write(
    _ random: inout SeededGenerator, _ network: SoakNetwork, isDocument: Bool, seconds: Double
  ) throws {
    let isKilled = seconds < 1
    let places = network.rooms.indices.filter { network.rooms[$0].people.contains(index) }
    guard let room = places.randomElement(using: &random) else { return }
    let name = network.name(of: network.rooms[room], for: self)
    let token = "\(professional.address) \(written.count)"
    // Fewer FLASH than a country may have: what comes on top travels with IMMEDIATE, where later ones overtake it.
    let precedence =
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<3: "flash"
      case 3..<15: "immediate"
      case 15..<40: "priority"
      default: "routine"
      }
    var file: String?
    let outcome: Program.Outcome
    if isDocument {
      let path = network.folder.path("document-\(index)-\(written.count)")
      let bytes = random.bytes(Int.random(in: 1...2_500_000, using: &random))
      try Data(bytes).write(to: URL(fileURLWithPath: path))
      file = path
      outcome = try professional.run(
        "share", name, path, "--tlp", "GREEN", "--title", token, "--precedence", precedence, "--json", seconds: seconds)
    } else {
      let text = token + " " + String(repeating: "x", count: Int.random(in: 0...600, using: &random))
      outcome = try professional.run(
        "send", name, "-m", text, "--tlp", "GREEN", "--precedence", precedence, "--json", seconds: seconds)
    }
    let message = field("message", of: outcome.output)
    let state: State
    switch outcome.status {
    case 0 where message != nil: state = .accepted
    case 69 where message != nil, 75 where message != nil: state = .kept
    case 69, 75: state = .refused
    case _ where isKilled: state = .unknown
    default:
      network.findings.add("\(token): status \(outcome.status): \(outcome.errors)")
      state = .unknown
    }
    list.withLock {
      $0.append(
        Written(token: token, room: room, precedence: precedence, file: file, state: state, message: message))
    }
  }
}
