/// Why a proof cannot be made, or does not hold.
public enum MerkleLogError: String, Error, Sendable {
  /// A leaf or a size is not within the tree, or two sizes are in the wrong order. No tree without leaves has proofs.
  case outOfRange
  /// A proof has more or fewer hashes than its sizes call for.
  case proofLength
  /// A proof leads to another root.
  case rootMismatch
}
