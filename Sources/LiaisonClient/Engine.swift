internal import LiaisonModel
internal import MLS
internal import TLSPresentation

/// A professional's side of the protocol, without input and output: rooms, messages and what is still to be done, in the
/// profile's database. Time is an argument of every operation, randomness one of the engine.
///
/// Each operation is one transaction. State of MLS and the message that it made or read are stored together, so that a
/// crash at any moment neither uses a key twice nor loses a message; several programs can use one profile at once.
/// A ``Session`` does with it what a connection to the node allows.
package final class Engine: Sendable {
  let store: ProfileStore
  /// As many random bytes as it is asked for, fit for keys.
  let random: @Sendable (Int) -> [UInt8]

  /// An engine over a profile's database. `random` gives as many bytes as it is asked for, fit for keys.
  package init(store: ProfileStore, random: @escaping @Sendable (Int) -> [UInt8]) {
    self.store = store
    self.random = random
  }

  /// Who this device is.
  package var identity: Identity { get throws { try store.read { try $0.identity() } } }

  /// Runs one step in a transaction of its own.
  func change<Result>(now: Timestamp, _ body: (EngineStep) throws -> Result) throws -> Result {
    try store.change { tx in try body(EngineStep(tx: tx, identity: tx.identity(), random: random, now: now)) }
  }

  /// Looks at one consistent state.
  func read<Result>(_ body: (EngineStep) throws -> Result) throws -> Result {
    try store.read { tx in
      try body(EngineStep(tx: tx, identity: tx.identity(), random: random, now: Timestamp(milliseconds: 0)))
    }
  }
}

/// One transaction of the engine, at one moment.
struct EngineStep {
  let tx: ProfileTransaction
  let identity: Identity
  let random: @Sendable (Int) -> [UInt8]
  let now: Timestamp

  /// The same step, after something changed who this device is.
  func renewed() throws -> EngineStep { EngineStep(tx: tx, identity: try tx.identity(), random: random, now: now) }

  func newIdentifier<Tag>() -> Identifier<Tag> {
    guard let identifier = try? Identifier<Tag>(bytes: random(16)) else {
      preconditionFailure("a random source returned a wrong number of bytes")
    }
    return identifier
  }
}

extension ProfileTransaction {
  /// Who this device is; a profile that has not joined yet has none.
  func identity() throws -> Identity {
    if let identity = cache[\.identity] { return identity }
    guard let identity: Identity = try setting("identity") else {
      throw ClientError(.noInput, "not-joined", "this profile has not joined a node yet; use: liaison join INVITATION")
    }
    cache[\.identity] = identity
    return identity
  }

  func set(_ identity: Identity) throws {
    try set("identity", to: identity)
    cache[\.identity] = identity
  }
}
