package import CommandKit
package import LiaisonClient
internal import LiaisonModel

extension ClientError: CommandErrorConvertible {
  package var commandError: CommandError {
    let status: ExitStatus =
      switch kind {
      case .usage: .usage
      case .badData: .badData
      case .noInput: .noInput
      case .unavailable: .unavailable
      case .cannotCreate: .cannotCreate
      case .inputOutput: .inputOutput
      case .later: .tryAgain
      case .notPermitted: .notPermitted
      }
    return CommandError(status, escaped(sentence))
  }
}

/// How long a command waits for the node, milliseconds.
enum Patience {
  /// For the node to take a message, and for a change of a room to come back from its hub.
  static let workMilliseconds: UInt64 = 30_000
  /// For things that nobody waits for, before the program ends; they are sent on the next connection otherwise.
  static let farewellMilliseconds: UInt64 = 5_000
}

/// Runs `body` with the node after everything that waits there was taken; where the node cannot be reached, says so and runs
/// `offline` with what is on this machine.
func withNode<Value: Sendable>(
  _ engine: Engine, _ output: Output, offline: @Sendable () throws -> Value,
  _ body: @escaping @Sendable (NodeClient) async throws -> Value
) async throws -> Value {
  do {
    return try await NodeClient.with(engine) { client in
      try await client.sync()
      try warnOfDirectories(engine, output)
      return try await body(client)
    }
  } catch let error as ClientError where error.code.hasPrefix("node-") && [.unavailable, .later].contains(error.kind) {
    output.explain("\(escaped(error.sentence)); what follows is from this machine")
    try warnOfDirectories(engine, output)
    return try offline()
  }
}

/// Takes what waits at the node, where it can be reached, and then does what else there is to do with it.
func refresh(
  _ engine: Engine, _ output: Output, _ body: @escaping @Sendable (NodeClient) async throws -> Void = { _ in }
) async throws {
  try await withNode(engine, output, offline: nothing, body)
}

private func nothing() {}

extension NodeClient {
  /// Lets what is under way reach the node, for a short while; what does not get there goes out next time.
  func farewell(_ engine: Engine) async throws {
    do {
      _ = try await wait(milliseconds: Patience.farewellMilliseconds) { try !engine.hasOutgoing && !engine.handsOver }
    } catch let error
      as ClientError where error.kind == .unavailable
    {}
  }

  /// Makes sure that these people exist. Those of a country that cannot be asked now are taken on trust: whether they
  /// exist shows when they are added.
  func require(
    _ addresses: [Address], orRoles: Bool = false, _ engine: Engine, _ output: Output
  ) async throws {
    for address in addresses {
      let isKnown = try engine.contact(address) != nil
      do {
        let isRole = try orRoles && engine.role(address) != nil
        if !isRole { try await lookUp(.address(address)) }
        // An address that is no member's may be a role's.
        if try orRoles && engine.contact(address) == nil { try await lookUp(role: address) }
      } catch let error as ClientError where error.kind == .unavailable {
        if !isKnown { output.explain("\(address) could not be looked up now: \(escaped(error.sentence))") }
        continue
      } catch let error as ClientError where isKnown && error.code == "directory-unproven" {
        output.explain("warning: \(escaped(error.sentence))")
        continue
      } catch let error as ClientError where error.kind == .noInput {
        throw CommandError(.noInput, "there is no member \(address): \(escaped(error.sentence))")
      }
      if try orRoles && engine.role(address) != nil { continue }
      guard try engine.contact(address) != nil else {
        throw CommandError(.noInput, "there is no member \(address)")
      }
    }
  }
}
