internal import Foundation
internal import ProcessKit
internal import TestKit

/// Three countries, each behind a network of its own, three professionals each, a room of everybody and rooms of two.
final class SoakNetwork: Sendable {
  /// A room, by the people in it.
  struct Room: Sendable {
    let people: [Int]
    /// How the program knows it; `nil` for a room of two, which is named after the other.
    let identifier: String?
  }

  let folder: TemporaryDirectory
  let countries: [Country]
  let people: [Person]
  let rooms: [Room]
  /// The node that nothing kills, so that its figures are of the whole time.
  let spared: Int
  let findings: Findings

  init(seed: UInt64, _ findings: Findings) throws {
    self.findings = findings
    let folder = try TemporaryDirectory()
    self.folder = folder
    countries = try ["xa", "xb", "xc"].map { try Country($0, in: folder, isProxied: true) }
    spared = Int(seed % UInt64(countries.count))
    for country in countries { try country.start() }
    for (index, country) in countries.enumerated() {
      for other in countries[..<index] { try Country.introduce(country, other, in: folder) }
    }
    let names = ["ana", "boris", "carla"]
    let countries = countries
    let people = try (0..<9).map { index in
      Person(index, country: index % 3, try countries[index % 3].enrol(names[index / 3]))
    }
    self.people = people
    // Each writes with two of another country, and all together.
    let pairs = (0..<9).map { [$0, ($0 + 1) % 9] }
    for pair in pairs {
      let (one, other) = (people[pair[0]].professional, people[pair[1]].professional)
      try expectDone(try one.run("send", other.address, "-m", "hello", "--tlp", "GREEN"))
      try waiting("the room of \(one.address) and \(other.address)") {
        try other.run("inbox", "--json").output.contains("hello")
          && other.run("show", one.address).status == 0
      }
    }
    let first = people[0].professional
    let made = try Country.liaison.run(
      ["--home", first.home, "room", "create", "everybody"] + people.dropFirst().map(\.professional.address) + [
        "--json"
      ])
    try expectDone(made)
    guard let identifier = field("room", of: made.output) else { throw ProcessFailure("no room: \(made.output)") }
    for person in people.dropFirst() {
      try waiting("everybody to be in a room") {
        _ = try person.professional.run("inbox")
        return try person.professional.run("show", identifier).status == 0
      }
    }
    rooms = pairs.map { Room(people: $0, identifier: nil) } + [Room(people: Array(0..<9), identifier: identifier)]
  }

  /// How `person` calls a room.
  func name(of room: Room, for person: Person) -> String {
    room.identifier ?? room.people.first { $0 != person.index }.map { people[$0].professional.address } ?? ""
  }

  /// The file with a country's card, for verifying its receipts.
  func card(of country: Int) -> String { folder.path("\(countries[country].handle).card") }

  /// What people wrote so far.
  var summary: String {
    let written = people.flatMap(\.written)
    let states = Dictionary(grouping: written, by: \.state).mapValues(\.count)
    let documents = written.count { $0.file != nil }
    return "\(written.count) (\(documents) documents): "
      + Person.State.allCases.map { "\(states[$0, default: 0]) \($0)" }.joined(separator: ", ")
  }

  /// Ends the nodes, and checks their stores and what they said.
  func end() throws {
    for country in countries {
      if country.daemon?.isRunning != true { findings.add("the node of \(country.handle) is gone") }
      country.end(SIGTERM)
      let checked = try Country.liaisond.run(["check", "--home", country.home])
      if checked.status != 0 { findings.add("check of \(country.handle): \(checked.errors)") }
      let lines = try String(contentsOf: country.log, encoding: .utf8).split(separator: "\n")
      for line in lines where line.contains(" error ") || line.contains("Fatal error") {
        findings.add("\(country.handle) said: \(line)")
      }
    }
  }
}
