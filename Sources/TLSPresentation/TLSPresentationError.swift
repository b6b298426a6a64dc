/// Why bytes are not a value of the expected type. Every case is bad input, never our own fault.
public enum TLSPresentationError: Error, Equatable, Sendable {
  /// The input ends inside a value.
  case truncated
  /// Bytes remain after the value.
  case trailingBytes(count: Int)
  /// A variable-size vector's length has the reserved prefix or more bytes than it needs (RFC 9420 §2.1.2).
  case malformedLength
  /// A vector is longer than its declared bound, in bytes.
  case tooLong(bound: Int)
  /// An enumeration or a tag has a value that the type does not define.
  case unknownValue(UInt64)
  /// A value has its type's shape but breaks one of its rules.
  case invalid(StaticString)

  public static func == (a: Self, b: Self) -> Bool {
    switch (a, b) {
    case (.truncated, .truncated), (.malformedLength, .malformedLength): true
    case (.trailingBytes(let a), .trailingBytes(let b)): a == b
    case (.tooLong(let a), .tooLong(let b)): a == b
    case (.unknownValue(let a), .unknownValue(let b)): a == b
    case (.invalid(let a), .invalid(let b)): a.description == b.description
    default: false
    }
  }
}
