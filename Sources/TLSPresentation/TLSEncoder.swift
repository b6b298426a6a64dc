/// Writes values in the presentation language of TLS (RFC 8446 §3) with the variable-size vector
/// headers of RFC 9420 §2.1.2. Writing never fails: what is written was bounded when it was made.
public struct TLSEncoder: Sendable {
  /// What has been written so far.
  public private(set) var bytes: [UInt8]

  public init(reservingCapacity capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// An unsigned integer, big-endian, in its type's full width.
  public mutating func write<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
    var shift = Value.bitWidth
    while shift > 0 {
      shift -= 8
      bytes.append(UInt8(truncatingIfNeeded: value >> Value(shift)))
    }
  }

  /// Bytes of a length that the reader knows: `opaque field[n]`.
  public mutating func write(fixed value: some Collection<UInt8>) {
    bytes.append(contentsOf: value)
  }

  /// Bytes with a length header: `opaque field<V>`.
  public mutating func write(opaque value: some Collection<UInt8>) {
    writeLength(value.count)
    bytes.append(contentsOf: value)
  }

  /// A string as UTF-8 bytes with a length header.
  public mutating func write(string value: String) {
    write(opaque: value.utf8)
  }

  public mutating func write(_ value: some TLSEncodable) {
    value.encode(to: &self)
  }

  /// `optional<T>` of RFC 9420 §2.1.1: a presence byte, then the value.
  public mutating func write<Value: TLSEncodable>(optional value: Value?) {
    write(value == nil ? UInt8(0) : 1)
    if let value { write(value) }
  }

  /// A vector of values, `T field<V>`: the header counts bytes, not elements.
  public mutating func write<Elements: Sequence>(vector elements: Elements)
  where Elements.Element: TLSEncodable {
    writeVector { encoder in
      for element in elements { encoder.write(element) }
    }
  }

  /// A vector whose content is written by `body`.
  public mutating func writeVector(_ body: (inout TLSEncoder) -> Void) {
    var content = TLSEncoder()
    body(&content)
    write(opaque: content.bytes)
  }

  /// The length of a variable-size vector in 1, 2 or 4 bytes (RFC 9420 §2.1.2).
  private mutating func writeLength(_ length: Int) {
    switch length {
    case 0..<(1 << 6): write(UInt8(length))
    case 0..<(1 << 14): write(UInt16(length) | 0x4000)
    default:
      precondition(length < 1 << 30, "a vector of 2^30 bytes or more cannot be written")
      write(UInt32(length) | 0x8000_0000)
    }
  }
}
