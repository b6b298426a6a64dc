package import LiaisonModel

/// People compare a fingerprint over another channel: by typing words of it, so that who only copies from the screen
/// cannot answer.
package struct FingerprintComparison {
  /// The key's, as it came here.
  let expected: Fingerprint
  /// What the other side said, where that was typed with the command.
  let said: String?
  /// One sentence: whose key it claims to be.
  let claim: String
  /// Where the key stands.
  let place: String
  /// What another fingerprint may mean.
  let suspicion: String

  /// A comparison, not made yet.
  package init(
    _ expected: Fingerprint, said: String?, of claim: String, on place: String,
    suspicion: String = "the card may be forged"
  ) {
    self.suspicion = suspicion
    self.expected = expected
    self.said = said
    self.claim = claim
    self.place = place
  }

  /// Throws "not permitted" where it is another.
  package func run() throws(CommandError) {
    guard let said else { return try ask() }
    guard expected.matches(said) else { throw different }
  }

  private var different: CommandError {
    CommandError(
      .notPermitted, "the fingerprint is not that of \(place); nothing was changed, and \(suspicion)")
  }

  private func ask() throws(CommandError) {
    let words = expected.words
    let hidden = words.indices.shuffled().prefix(2).sorted()
    let shown = words.enumerated().map { hidden.contains($0) ? "....." : $1 }
    Terminal.writeError(
      """
      \(escaped(claim))
      Ask over another channel for the eight words of its fingerprint:
        \(shown.joined(separator: " "))

      """)
    for index in hidden {
      guard let answer = Terminal.ask("Type word \(index + 1) as you hear it: ") else {
        throw CommandError(.usage, "there is nobody to answer; use --fingerprint")
      }
      guard answer.lowercased().filter({ !$0.isWhitespace }) == words[index] else { throw different }
    }
  }
}
