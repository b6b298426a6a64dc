public import Foundation
internal import Synchronization
public import TestKit

/// Something that a built program should have done and did not.
public struct ProcessFailure: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// A country's node as a process of its own, and its people's profiles, on loopback.
public final class Country: Sendable {
  public let handle: String
  public let home: String
  public var port: UInt16 { reserved.number }
  /// What stands between the node and everybody else, where it was asked for.
  public let proxy: LinkProxy?
  private let reserved: ReservedPort
  private let folder: TemporaryDirectory
  private let running = Mutex<Daemon?>(nil)
  /// The node's process.
  public var daemon: Daemon? { running.withLock { $0 } }

  public static let liaisond = Program("liaisond")
  public static let liaisonctl = Program("liaisonctl")
  public static let liaison = Program("liaison")

  /// Makes the node, in `place` where that is said and else in `folder`. With `isProxied` its card names a ``LinkProxy``, through which then goes whatever others send it.
  public init(_ handle: String, in folder: TemporaryDirectory, at place: String? = nil, isProxied: Bool = false) throws
  {
    self.handle = handle
    self.folder = folder
    home = place ?? folder.path(handle)
    reserved = try ReservedPort()
    proxy = isProxied ? try LinkProxy(to: reserved.number) : nil
    let made = try Self.liaisond.run(
      [
        "init", "--home", home, "--handle", handle, "--country", handle.uppercased(), "--name", "Country \(handle)",
        "--listen", "127.0.0.1:\(reserved.number)", "--no-passphrase",
      ] + (proxy.map { ["--advertise", "127.0.0.1:\($0.port)"] } ?? []))
    try expectDone(made)
  }

  /// Starts the node and waits until it answers its administrator.
  public func start(_ arguments: String...) throws {
    let daemon = try Daemon(Self.liaisond, ["run", "--home", home] + arguments, log: log)
    running.withLock { $0 = daemon }
    try waiting("the node of \(handle) to answer") { try control("status").status == 0 }
  }

  /// Where the node says what it does, all that run one after the other.
  public var log: URL { URL(fileURLWithPath: folder.path("\(handle).log")) }

  /// Ends the node by a signal, and returns when it has ended.
  public func end(_ signal: Int32) {
    let daemon = running.withLock { running in
      defer { running = nil }
      return running
    }
    daemon?.end(signal)
  }

  @discardableResult
  public func control(_ arguments: String...) throws -> Program.Outcome {
    try Self.liaisonctl.run(["--home", home] + arguments)
  }

  /// Enrols a professional of this country and returns their profile's folder.
  public func enrol(_ member: String) throws -> Professional {
    let person = Professional(address: "\(member)@\(handle)", home: folder.path("\(member)-\(handle)"))
    try expectDone(person.run("join", invite(member), "--no-passphrase"))
    return person
  }

  /// An invitation for one device of a professional of this country.
  public func invite(_ member: String) throws -> String {
    let invitation = try control("member", "invite", "\(member)@\(handle)", "--name", member, "--discipline", "cyber")
    try expectDone(invitation)
    return invitation.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Cards exchanged, compared and activated on both sides; returns when the link stands.
  public static func introduce(_ a: Country, _ b: Country, in folder: TemporaryDirectory) throws {
    for (one, other) in [(a, b), (b, a)] {
      let card = folder.path("\(other.handle).card")
      try expectDone(try other.control("card", "export", "-o", card))
      let shown = try other.control("card", "show", "--json")
      try expectDone(shown)
      guard let fingerprint = field("fingerprint", of: shown.output) else {
        throw ProcessFailure("a card is shown without its fingerprint: \(shown.output)")
      }
      try expectDone(try one.control("peer", "add", card))
      try expectDone(try one.control("peer", "verify", other.handle, "--fingerprint", fingerprint))
      try expectDone(try one.control("peer", "activate", other.handle))
    }
    try waiting("the link of \(a.handle) and \(b.handle)") { try a.control("peer", "test", b.handle).status == 0 }
  }
}

/// A professional's profile.
public struct Professional: Sendable {
  public let address: String
  public let home: String

  @discardableResult
  public func run(_ arguments: String..., input: String = "", seconds: Double = 120) throws -> Program.Outcome {
    try Country.liaison.run(["--home", home] + arguments, input: input, seconds: seconds)
  }
}

/// Throws where a program did not end with status 0.
public func expectDone(_ outcome: Program.Outcome, file: String = #fileID, line: Int = #line) throws {
  guard outcome.status == 0 else {
    throw ProcessFailure("\(file):\(line): status \(outcome.status): \(outcome.errors)")
  }
}

/// The string field `name` of the first JSON object in `text`.
public func field(_ name: String, of text: String) -> String? {
  let line = text.split(separator: "\n").first.map { Data($0.utf8) } ?? Data()
  let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
  return object?[name] as? String
}

/// Every JSON object of `text`, one a line.
public func objects(_ text: String) -> [[String: Any]] {
  text.split(separator: "\n").compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
}

/// Tries until `condition` holds, three minutes at most; it then fails and says what for.
public func waiting(_ what: String, seconds: Double = 180, until condition: () throws -> Bool) throws {
  let deadline = Date().addingTimeInterval(seconds)
  while Date() < deadline {
    if try condition() { return }
    Thread.sleep(forTimeInterval: 0.1)
  }
  throw ProcessFailure("waited \(seconds) s for \(what)")
}
