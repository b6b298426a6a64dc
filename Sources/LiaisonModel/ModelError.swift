/// Why a value of the model could not be made from what was given.
public enum ModelError: Error, Equatable, Sendable {
  /// Text or bytes lack the form of the value; the sentence says the form and quotes nothing.
  case malformed(String)
  /// A signature does not verify under the key that should have made it.
  case badSignature
  /// The statement is past its last day, or not yet in force.
  case notInForce(String)
  /// Two parts of a statement contradict one another or what it should match.
  case mismatch(String)

  /// One sentence for a person.
  public var sentence: String {
    switch self {
    case .malformed(let form): form
    case .badSignature: "the signature does not verify"
    case .notInForce(let why): why
    case .mismatch(let what): what
    }
  }
}
