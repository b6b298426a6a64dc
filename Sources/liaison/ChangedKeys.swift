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
  func requireDecision(on addresses: [Address], _ decision: ChangedKeysOptions, _ output: Output) throws {
    for address in addresses {
      guard let contact = try contact(address) else { continue }
      if case .changed(let since) = contact.confirmation {
        let text = "the keys of \(address) are not those that you confirmed on \(since.shown)"
        guard decision.changedKeys else {
          throw CommandError(
            .notPermitted, "\(text); compare again with: liaison verify \(address), or go on with --changed-keys")
        }
        output.explain("warning: \(text)")
      }
      if contact.rootKeyRefused {
        output.explain(
          "warning: the country of \(address) showed another root key than before; it was refused, tell your contact point"
        )
      }
    }
  }
}
