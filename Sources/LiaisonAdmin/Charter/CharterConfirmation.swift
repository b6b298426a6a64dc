package import CommandKit
package import LiaisonTrust

/// Whoever signs a charter says which one they mean: by the digest that they compared with other countries.
package enum CharterConfirmation {
  /// Throws "not permitted" where `said`, or what is typed in its place, is another charter's.
  package static func run(_ digest: CharterDigest, said: String?) throws(CommandError) {
    if let said {
      guard said.lowercased() == digest.description else {
        throw CommandError(.notPermitted, "this is another charter, \(digest); nothing was signed")
      }
      return
    }
    guard let answer = Terminal.ask("Type the first eight digits of the digest to sign it: ") else {
      throw CommandError(.usage, "there is nobody to answer; use --digest")
    }
    guard answer.lowercased() == digest.description.prefix(8) else {
      throw CommandError(.notPermitted, "these are not its digits; nothing was signed")
    }
  }
}
