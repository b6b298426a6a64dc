internal import ArgumentParser
internal import CommandKit
internal import LiaisonClient
internal import LiaisonModel

/// What somebody decides who sends to people whose keys have changed.
struct ChangedKeysOptions: ParsableArguments {
  @Flag(help: "Go on although somebody's keys are not those that you confirmed.") var changedKeys = false
}

extension Engine {
  /// Stops where the keys of one of these people are not those that were compared, unless whoever sends has decided to go on.
  /// To be asked once the node has said what it knows of them.
  func requireDecision(on addresses: [Address], _ decision: ChangedKeysOptions, _ output: Output) throws {
    for address in addresses {
      if let since = try changedKeys(of: address) {
        let text = "the keys of \(address) are not those that you confirmed on \(since.shown)"
        guard decision.changedKeys else {
          throw CommandError(
            .notPermitted, "\(text); compare again with: liaison verify \(address), or go on with --changed-keys")
        }
        output.explain("warning: \(text)")
      }
      if try contact(address)?.rootKeyRefused ?? false {
        output.explain(
          "warning: the country of \(address) showed another root key than before; it was refused, tell your contact point"
        )
      }
    }
  }
}

extension NodeClient {
  /// Asks for the cards of people whose confirmed keys no node bears out any more: there may be new ones. What cannot be asked
  /// stays as it is.
  func renewCards(of addresses: [Address], _ engine: Engine) async throws {
    for address in addresses where try engine.hasChangedKeys(address) && engine.contact(address) == nil {
      do { try await lookUp(.address(address)) } catch let error as ClientError
        where [.unavailable, .later, .noInput, .notPermitted].contains(error.kind)
      {}
    }
  }
}

/// Which of the people on a page have other keys than those that were confirmed.
final class KeyMarks {
  private let engine: Engine
  private var known: [Address: Bool] = [:]

  init(_ engine: Engine) { self.engine = engine }

  /// Whether this person's keys are not those that were confirmed.
  func hasChanged(_ address: Address) throws -> Bool {
    if let known = known[address] { return known }
    let hasChanged = try engine.hasChangedKeys(address)
    known[address] = hasChanged
    return hasChanged
  }

  /// An address, and what a person must know of its keys.
  func marked(_ address: Address) throws -> String { "\(address)" + (try hasChanged(address) ? " (KEYS CHANGED)" : "") }
}
