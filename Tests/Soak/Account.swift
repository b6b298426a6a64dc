internal import Foundation
internal import ProcessKit
internal import TestKit

/// Where every message is, once nothing disturbs the network any more.
struct Account {
  /// Messages whose receipts are exported and verified, at most: each takes two runs of the program.
  private static let receiptsMax = 300

  private let network: SoakNetwork
  private let findings: Findings

  init(_ network: SoakNetwork, _ findings: Findings) {
    self.network = network
    self.findings = findings
  }

  /// Waits until everything should have come to rest, and then checks all of it.
  func settle() throws {
    let began = monotonicSeconds()
    var open: [String] = ["nothing was looked at"]
    while !open.isEmpty, monotonicSeconds() - began < 300 {
      for person in network.people { _ = try person.professional.run("inbox") }
      open = try queues()
      if open.isEmpty { open = try missing() }
    }
    for line in open { findings.add("after 300 s: \(line)") }
    say("came to rest after \(Int(monotonicSeconds() - began)) s")
    let (arrived, again) = try messages()
    let documents = try self.documents()
    let receipts = try self.receipts()
    say(
      "arrived: \(arrived), of which \(again) sent again after a gap; documents compared: \(documents); "
        + "receipts verified: \(receipts)")
  }

  /// Queues that are not empty.
  private func queues() throws -> [String] {
    try network.countries.flatMap { country in
      objects(try country.control("queue", "list", "--json").output).filter { $0["count"] as? Int != 0 }
        .map { "\(country.handle) holds \($0["count"] ?? "?") for \($0["peer"] ?? $0["member"] ?? "?")" }
    }
  }

  /// What somebody should have and has not.
  private func missing() throws -> [String] {
    var lines: [String] = []
    for reader in network.people {
      for (index, room) in network.rooms.enumerated() where room.people.contains(reader.index) {
        let tokens = Set(try entries(of: room, for: reader).compactMap(\.token))
        for sender in room.people where sender != reader.index {
          let wanted = network.people[sender].written.filter {
            $0.room == index && [.accepted, .kept].contains($0.state) && !tokens.contains($0.token)
          }
          lines += wanted.map { "\(reader.professional.address) has not \($0.token), which was \($0.state)" }
        }
      }
    }
    return lines
  }

  /// Everything once, in the order of its precedence, and nothing that was refused; gives how many there are, and how
  /// many of them came only because a device asked for what it missed.
  private func messages() throws -> (arrived: Int, again: Int) {
    var (arrived, again) = (0, 0)
    for reader in network.people {
      let rooms = objects(try reader.professional.run("room", "list", "--json").output)
      for room in rooms where (room["missing"] as? [Any])?.isEmpty == false {
        findings.add("\(reader.professional.address) misses \(room["missing"] ?? "")")
      }
      for (index, room) in network.rooms.enumerated() where room.people.contains(reader.index) {
        let entries = try entries(of: room, for: reader)
        // Nobody comes or goes after the beginning; what else a room says of itself is a fault.
        for notice in entries.compactMap(\.notice) where !notice.contains(" added") {
          findings.add("\(reader.professional.address) was told: \(notice)")
        }
        for sender in room.people where sender != reader.index {
          let written = network.people[sender].written.filter { $0.room == index }
          let numbers = Dictionary(uniqueKeysWithValues: written.enumerated().map { ($1.token, $0) })
          let shown = entries.filter { $0.sender == network.people[sender].professional.address && $0.token != nil }
          arrived += shown.count
          again += shown.count { $0.isSentAgain }
          let place =
            "\(reader.professional.address) in room \(index) from \(network.people[sender].professional.address)"
          let tokens = shown.compactMap(\.token)
          if Set(tokens).count != tokens.count { findings.add("\(place): something twice: \(tokens)") }
          for token in tokens where written.first(where: { $0.token == token })?.state == .refused {
            findings.add("\(place): \(token) was refused, and is there")
          }
          for precedence in ["routine", "priority", "immediate", "flash"] {
            let order = shown.filter { $0.precedence == precedence && !$0.isSentAgain }
              .compactMap { entry in entry.token.flatMap { numbers[$0] } }
            if order != order.sorted() { findings.add("\(place): \(precedence) out of order: \(order)") }
          }
        }
      }
    }
    return (arrived, again)
  }

  /// Each document as somebody else gets it.
  private func documents() throws -> Int {
    var count = 0
    for sender in network.people {
      for written in sender.written where [.accepted, .kept].contains(written.state) {
        guard let file = written.file, let message = written.message,
          let reader = network.rooms[written.room].people.first(where: { $0 != sender.index })
        else { continue }
        let copy = file + ".copy"
        let fetched = try network.people[reader].professional.run("fetch", message, "-o", copy)
        if fetched.status != 0 || !FileManager.default.contentsEqual(atPath: file, andPath: copy) {
          findings.add("\(written.token): the document was not fetched: \(fetched.errors)")
        }
        count += 1
      }
    }
    return count
  }

  /// The receipts of messages that were accepted or kept and so are at every other country by now.
  private func receipts() throws -> String {
    let all = network.people.flatMap { person in person.written.map { (person, $0) } }.filter { $0.1.message != nil }
    let step = max(1, (all.count + Self.receiptsMax - 1) / Self.receiptsMax)
    var count = 0
    for index in stride(from: 0, to: all.count, by: step) {
      let (person, written) = all[index]
      guard let message = written.message else { continue }
      let room = network.rooms[written.room]
      let others = Set(room.people.map { network.people[$0].country }).subtracting([person.country]).sorted()
      let file = network.folder.path("\(message).receipt")
      let exported = try person.professional.run("receipt", message, "-o", file)
      let verified = try Country.liaison.run(
        ["receipt", "verify", file, "--json"] + others.flatMap { ["--card", network.card(of: $0)] })
      if exported.status != 0 || verified.status != 0 || objects(verified.output).count != others.count {
        findings.add("\(written.token): receipts: \(exported.errors) \(verified.errors)")
      }
      count += 1
    }
    return "those of \(count) of \(all.count) messages"
  }

  /// A line of history.
  private struct Entry {
    let token: String?
    let sender: String?
    let precedence: String?
    let notice: String?
    let isSentAgain: Bool

    init(_ object: [String: Any]) {
      let text = object["text"] as? String
      let isMessage = object["type"] as? String == "message"
      let title = (object["document"] as? [String: Any])?["title"] as? String
      let words = (title ?? text ?? "").split(separator: " ").prefix(2)
      // The first words of each room have no number.
      token = isMessage && words.count == 2 ? words.joined(separator: " ") : nil
      notice = isMessage ? nil : text
      sender = object["sender"] as? String
      precedence = object["precedence"] as? String
      isSentAgain = (object["flags"] as? [String])?.contains("sentAgain") ?? false
    }
  }

  private func entries(of room: SoakNetwork.Room, for person: Person) throws -> [Entry] {
    objects(try person.professional.run("show", network.name(of: room, for: person), "--json").output).map(Entry.init)
  }
}
