package import ArgumentParser
package import CommandKit
package import LiaisonModel
package import LiaisonTrust

extension CharterDigest: ExpressibleByArgument {
  /// All 64 digits.
  package init?(argument: String) { self.init(argument) }
}

/// What somebody knows of other charters that want the same place.
package struct RivalOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp("The digest of another charter for the same place, of which you know.", valueName: "digest"))
  package var despite: [CharterDigest] = []

  package init() {}
}

/// Whoever signs or adopts a charter says which one they mean: by the fingerprint that they compared with other countries.
package struct CharterConfirmation: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "What the other countries say, in words or hexadecimal, or the whole digest.", valueName: "text"))
  package var fingerprint: String?

  package init() {}

  /// Throws "not permitted" where another charter is meant. `name` is how this one was named: its whole digest says enough.
  package func run(_ charter: Charter, named name: String) throws(CommandError) {
    let digest = charter.digest
    guard ![name, fingerprint].contains(where: { $0?.lowercased() == digest.description }) else { return }
    try FingerprintComparison(
      digest.fingerprint, said: fingerprint,
      of: "It is the charter of \(charter.name), serial \(charter.serial), of \(charter.members.count) countries.",
      on: "this charter", suspicion: "it may be another one than the others mean"
    ).run()
  }
}
