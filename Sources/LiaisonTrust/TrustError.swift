internal import LiaisonModel

/// Why an entry does not belong in the trust log. Its sentence quotes nothing but handles, which are plain characters.
package struct TrustError: Error, Equatable, Sendable {
  /// What kind of failure it is, for statuses and programs.
  package enum Code: String, Sendable {
    /// The bytes have no form or the signature does not verify.
    case malformed
    /// No such peer.
    case unknownPeer
    /// No such administrator.
    case unknownAdministrator
    /// No such proposal waits.
    case unknownProposal
    /// The signer may not decide this.
    case notPermitted
    /// The peer's state does not allow the step.
    case wrongState
    /// The card is refused: another root, a lower serial, a taken name or key.
    case cardRefused
    /// The card has expired or is dated ahead.
    case notInForce
    /// The log has moved on since it was signed, or it was signed for another place.
    case wrongPosition
    /// A bound was reached.
    case limit
  }

  /// What kind of failure it is.
  package let code: Code
  /// One sentence for a person.
  package let sentence: String

  init(_ code: Code, _ sentence: String) {
    self.code = code
    self.sentence = sentence
  }

  init(_ error: ModelError) {
    if case .notInForce(let sentence) = error {
      self.init(.notInForce, sentence)
    } else {
      self.init(.malformed, error.sentence)
    }
  }
}
