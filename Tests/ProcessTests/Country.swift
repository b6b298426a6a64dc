import Foundation
import TestKit
import Testing

/// A country's node as a process of its own, and its people's profiles, on loopback.
final class Country {
  let handle: String
  private let reserved: ReservedPort
  let home: String
  var port: UInt16 { reserved.number }
  private let folder: TemporaryDirectory
  private(set) var daemon: Daemon?

  static let liaisond = Program("liaisond")
  static let liaisonctl = Program("liaisonctl")
  static let liaison = Program("liaison")

  init(_ handle: String, in folder: TemporaryDirectory) throws {
    self.handle = handle
    self.folder = folder
    home = folder.path(handle)
    reserved = try ReservedPort()
    let made = try Self.liaisond.run([
      "init", "--home", home, "--handle", handle, "--country", handle.uppercased(), "--name", "Country \(handle)",
      "--listen", "127.0.0.1:\(port)", "--no-passphrase",
    ])
    try #require(made.status == 0, "\(made.errors)")
  }

  /// Starts the node and waits until it answers its administrator.
  func start() throws {
    daemon = try Daemon(
      Self.liaisond, ["run", "--home", home], log: URL(fileURLWithPath: folder.path("\(handle).log")))
    try waiting("the node of \(handle) to answer") { try control("status").status == 0 }
  }

  func end(_ signal: Int32) {
    daemon?.end(signal)
    daemon = nil
  }

  @discardableResult
  func control(_ arguments: String...) throws -> Program.Outcome {
    try Self.liaisonctl.run(["--home", home] + arguments)
  }

  /// Enrols a professional of this country and returns their profile's folder.
  func enrol(_ member: String) throws -> Professional {
    let invitation = try control("member", "invite", "\(member)@\(handle)", "--name", member, "--discipline", "cyber")
    try #require(invitation.status == 0, "\(invitation.errors)")
    let person = Professional(address: "\(member)@\(handle)", home: folder.path("\(member)-\(handle)"))
    let joined = try person.run(
      "join", invitation.output.trimmingCharacters(in: .whitespacesAndNewlines), "--no-passphrase")
    try #require(joined.status == 0, "\(joined.errors)")
    return person
  }

  /// Cards exchanged, compared and activated on both sides; returns when the link stands.
  static func introduce(_ a: Country, _ b: Country, in folder: TemporaryDirectory) throws {
    for (one, other) in [(a, b), (b, a)] {
      let card = folder.path("\(other.handle).card")
      try expectDone(try other.control("card", "export", "-o", card))
      let shown = try other.control("card", "show", "--json")
      try expectDone(shown)
      let fingerprint = try #require(field("fingerprint", of: shown.output))
      try expectDone(try one.control("peer", "add", card))
      try expectDone(try one.control("peer", "verify", other.handle, "--fingerprint", fingerprint))
      try expectDone(try one.control("peer", "activate", other.handle))
    }
    try waiting("the link of \(a.handle) and \(b.handle)") { try a.control("peer", "test", b.handle).status == 0 }
  }
}

/// A professional's profile.
struct Professional {
  let address: String
  let home: String

  @discardableResult
  func run(_ arguments: String..., input: String = "") throws -> Program.Outcome {
    try Country.liaison.run(["--home", home] + arguments, input: input)
  }
}

func expectDone(_ outcome: Program.Outcome, sourceLocation: SourceLocation = #_sourceLocation) throws {
  try #require(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
}

/// The string field `name` of the first JSON object in `text`.
func field(_ name: String, of text: String) -> String? {
  let line = text.split(separator: "\n").first.map { Data($0.utf8) } ?? Data()
  let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
  return object?[name] as? String
}

/// Every JSON object of `text`, one a line.
func objects(_ text: String) -> [[String: Any]] {
  text.split(separator: "\n").compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
}

/// Tries until `condition` holds, a minute at most; it then fails and says what for.
func waiting(_ what: String, seconds: Double = 60, until condition: () throws -> Bool) throws {
  let deadline = Date().addingTimeInterval(seconds)
  while Date() < deadline {
    if try condition() { return }
    Thread.sleep(forTimeInterval: 0.1)
  }
  try #require(Bool(false), "waited \(seconds) s for \(what)")
}
