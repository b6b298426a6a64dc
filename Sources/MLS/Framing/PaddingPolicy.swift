/// How many zero bytes to add to a message's plaintext before it is encrypted (RFC 9420 §6.3.1 and §15.1).
public enum PaddingPolicy: Sendable, Equatable {
  case none
  /// Up to the next multiple of this many bytes; a step below 2 adds nothing.
  case toMultiple(of: Int)
  /// Up to a length whose binary form has as many significant bits as a float of that magnitude needs: at most 12 % more,
  /// and the length reveals O(log log n) bits (Padmé).
  case padme
  /// The same, and up to this many bytes at least.
  case padmeAtLeast(Int)

  package func padding(for length: Int) -> Int {
    switch self {
    case .none: return 0
    case .toMultiple(let step):
      guard step > 1 else { return 0 }
      return (step - length % step) % step
    case .padmeAtLeast(let least):
      let padded = max(length, least)
      return padded - length + PaddingPolicy.padme.padding(for: padded)
    case .padme:
      guard length > 2 else { return 0 }
      let exponent = Int.bitWidth - 1 - length.leadingZeroBitCount
      let precision = Int.bitWidth - exponent.leadingZeroBitCount
      let mask = (1 << max(0, exponent - precision)) - 1
      return ((length + mask) & ~mask) - length
    }
  }
}
