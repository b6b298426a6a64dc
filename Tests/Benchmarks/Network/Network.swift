internal import Foundation
internal import LiaisonClient
internal import LiaisonModel
internal import ProcessKit
internal import TestKit

/// Countries as real processes that are active peers of one another, and people's devices in this process.
final class Network {
  let folder: TemporaryDirectory
  let countries: [Country]
  private var madePairs = 0

  /// With `isProxied` a ``LinkProxy`` stands before each node.
  init(_ handles: [String], isProxied: Bool = false) throws {
    let folder = try TemporaryDirectory()
    self.folder = folder
    countries = try handles.map { try Country($0, in: folder, isProxied: isProxied) }
    for country in countries { try country.start() }
    for (index, country) in countries.enumerated() {
      for other in countries[..<index] { try Country.introduce(country, other, in: folder) }
    }
  }

  /// Enrols a professional whose device lives in this process.
  func enrol(_ name: String, at country: Country) async throws -> Engine {
    let engine = try Profile.create(at: folder.path("\(name)-\(country.handle)"), passphrase: nil)
    _ = try await NodeClient.enrol(engine, Invitation(text: try country.invite(name)))
    try await NodeClient.with(engine) { client in
      try await client.sync()
      guard try await client.wait(milliseconds: 60_000, until: { try engine.hasKeyPackagesAtNode }) else {
        throw ProcessFailure("the node did not take the key packages of \(name)")
      }
    }
    return engine
  }

  /// A room of these people, which all of them are in when this returns.
  func room(of creator: Engine, with others: [Engine]) async throws -> RoomIdentifier {
    let addresses = try others.map { try $0.identity.address }
    let request = try await NodeClient.with(creator) { client in
      try await client.sync()
      let request = try creator.roomOf(addresses, now: .now())
      _ = try await client.wait(milliseconds: 60_000) {
        if case .waiting = try creator.progress(of: request) { false } else { true }
      }
      if case .failed(let reason) = try creator.progress(of: request) {
        throw ProcessFailure("the room was not made: \(reason)")
      }
      return request
    }
    for other in others {
      try await NodeClient.with(other) { client in
        guard
          try await client.wait(
            milliseconds: 60_000, until: { try other.rooms().contains { $0.identifier == request.room } })
        else { throw ProcessFailure("nobody was invited") }
      }
    }
    return request.room
  }

  /// Pairs of a sender in the first country and a receiver in the second, with a room each.
  func pairs(_ count: Int) async throws -> [Pair] {
    var pairs: [Pair] = []
    for _ in 0..<count {
      let number = madePairs
      madePairs += 1
      let sender = try await enrol("sender\(number)", at: countries[0])
      let receiver = try await enrol("receiver\(number)", at: countries[1])
      pairs.append(Pair(sender: sender, receiver: receiver, room: try await room(of: sender, with: [receiver])))
    }
    return pairs
  }

  /// Batches that the nodes have committed, each with a flush.
  func batches() throws -> Double {
    try countries.reduce(0) { total, country in
      let metrics = try country.control("metrics", "--json")
      try expectDone(metrics)
      let line = metrics.output.split(separator: "\n").first { $0.contains("\"liaison_batch_inputs\"") }
      guard let line, let metric = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let count = metric["count"] as? Double
      else { throw ProcessFailure("the node of \(country.handle) does not say how many batches it has taken") }
      return total + count
    }
  }

  /// Ends every node in order.
  func end() { for country in countries { country.end(SIGTERM) } }
}

/// One who writes and one who reads.
struct Pair: Sendable {
  let sender: Engine
  let receiver: Engine
  let room: RoomIdentifier
}
