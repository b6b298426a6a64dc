/// Writes values in the presentation language of TLS (RFC 8446 §3) with the variable-size vector
/// headers of RFC 9420 §2.1.2. Writing never fails: what is written was bounded when it was made.
///
/// It is inlinable, as the decoder is, so that the modules of its callers specialize what is generic.
public struct TLSEncoder: Sendable {
  /// What has been written so far.
  public var bytes: [UInt8] { content }
  @usableFromInline var content: [UInt8]

  @inlinable
  public init(reservingCapacity capacity: Int = 0) {
    content = []
    content.reserveCapacity(capacity)
  }

  /// Hands over what has been written, and starts anew: nothing else holds the bytes then, so that their owner can wipe
  /// them.
  public mutating func take() -> [UInt8] {
    var taken: [UInt8] = []
    swap(&taken, &content)
    return taken
  }

  /// An unsigned integer, big-endian, in its type's full width.
  @inlinable
  public mutating func write<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) {
    withUnsafeBytes(of: value.bigEndian) { content.append(contentsOf: $0) }
  }

  /// Bytes of a length that the reader knows: `opaque field[n]`.
  @inlinable
  public mutating func write(fixed value: some Collection<UInt8>) {
    content.append(contentsOf: value)
  }

  /// Bytes with a length header: `opaque field<V>`.
  @inlinable
  public mutating func write(opaque value: some Collection<UInt8>) {
    writeLength(value.count)
    content.append(contentsOf: value)
  }

  /// A string as UTF-8 bytes with a length header.
  @inlinable
  public mutating func write(string value: String) {
    write(opaque: value.utf8)
  }

  @inlinable
  public mutating func write(_ value: some TLSEncodable) {
    value.encode(to: &self)
  }

  /// `optional<T>` of RFC 9420 §2.1.1: a presence byte, then the value.
  @inlinable
  public mutating func write<Value: TLSEncodable>(optional value: Value?) {
    write(value == nil ? UInt8(0) : 1)
    if let value { write(value) }
  }

  /// A vector of values, `T field<V>`: the header counts bytes, not elements.
  @inlinable
  public mutating func write<Elements: Sequence>(vector elements: Elements)
  where Elements.Element: TLSEncodable {
    writeVector { encoder in
      for element in elements { encoder.write(element) }
    }
  }

  /// A vector whose content is written by `body`.
  @inlinable
  public mutating func writeVector(_ body: (inout TLSEncoder) -> Void) {
    let start = content.count
    body(&self)
    var header = TLSEncoder(reservingCapacity: 4)
    header.writeLength(content.count - start)
    content.insert(contentsOf: header.content, at: start)
  }

  /// The length of a variable-size vector in 1, 2 or 4 bytes (RFC 9420 §2.1.2).
  @usableFromInline
  mutating func writeLength(_ length: Int) {
    switch length {
    case 0..<(1 << 6): write(UInt8(length))
    case 0..<(1 << 14): write(UInt16(length) | 0x4000)
    default:
      precondition(length < 1 << 30, "a vector of 2^30 bytes or more cannot be written")
      write(UInt32(length) | 0x8000_0000)
    }
  }
}
