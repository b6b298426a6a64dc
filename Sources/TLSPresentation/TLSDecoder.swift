/// Reads values in the presentation language of TLS from untrusted bytes. It allocates no more than
/// the input holds, whatever lengths the input claims.
public struct TLSDecoder: Sendable {
  @usableFromInline let bytes: [UInt8]
  @usableFromInline var position: Int
  @usableFromInline let end: Int

  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = 0
    end = bytes.count
  }

  @usableFromInline
  init(_ bytes: [UInt8], from position: Int, to end: Int) {
    self.bytes = bytes
    self.position = position
    self.end = end
  }

  @inlinable
  public var isAtEnd: Bool { position == end }

  /// Bytes not yet read.
  @inlinable
  public var remaining: Int { end - position }

  /// Throws ``TLSPresentationError/trailingBytes(count:)`` where bytes remain.
  public func finish() throws(TLSPresentationError) {
    guard isAtEnd else { throw .trailingBytes(count: remaining) }
  }

  /// What has been read since `mark` (an earlier value of ``offset``), to sign or hash exactly what was carried.
  public func consumed(since mark: Int) -> [UInt8] {
    precondition(mark <= position)
    return Array(bytes[mark..<position])
  }

  /// The position in the input, in bytes.
  public var offset: Int { position }

  /// An unsigned integer, big-endian, in its type's full width.
  @inlinable
  public mutating func read<Value: FixedWidthInteger & UnsignedInteger>(
    _ type: Value.Type = Value.self
  ) throws(TLSPresentationError) -> Value {
    let width = Value.bitWidth / 8
    guard remaining >= width else { throw .truncated }
    var value: Value = 0
    for index in position..<(position + width) {
      value = (Value.bitWidth > 8 ? value << 8 : 0) | Value(bytes[index])
    }
    position += width
    return value
  }

  /// `count` bytes: `opaque field[count]`.
  @inlinable
  public mutating func read(fixed count: Int) throws(TLSPresentationError) -> [UInt8] {
    guard count >= 0, remaining >= count else { throw .truncated }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  /// `opaque field<V>` of at most `bound` bytes.
  @inlinable
  public mutating func readOpaque(bound: Int = .max) throws(TLSPresentationError) -> [UInt8] {
    let length = try readLength(bound: bound)
    return try read(fixed: length)
  }

  /// A UTF-8 string of at most `bound` bytes.
  public mutating func readString(bound: Int) throws(TLSPresentationError) -> String {
    guard let string = String(validating: try readOpaque(bound: bound), as: UTF8.self) else {
      throw .invalid("a string is not UTF-8")
    }
    return string
  }

  @inlinable
  public mutating func read<Value: TLSDecodable>(
    _ type: Value.Type = Value.self
  ) throws(TLSPresentationError) -> Value {
    try Value(from: &self)
  }

  /// `optional<T>` of RFC 9420 §2.1.1.
  @inlinable
  public mutating func readOptional<Value: TLSDecodable>(
    _ type: Value.Type = Value.self
  ) throws(TLSPresentationError) -> Value? {
    switch try read(UInt8.self) {
    case 0: return nil
    case 1: return try read(Value.self)
    case let other: throw .unknownValue(UInt64(other))
    }
  }

  /// A vector of values, `T field<V>`, of at most `bound` bytes.
  @inlinable
  public mutating func readVector<Element: TLSDecodable>(
    of type: Element.Type = Element.self, bound: Int = .max
  ) throws(TLSPresentationError) -> [Element] {
    var content = try readVectorContent(bound: bound)
    var elements: [Element] = []
    while !content.isAtEnd { elements.append(try content.read(Element.self)) }
    return elements
  }

  /// A decoder over the content of one vector, which is skipped here.
  @inlinable
  public mutating func readVectorContent(bound: Int = .max) throws(TLSPresentationError) -> TLSDecoder {
    let length = try readLength(bound: bound)
    guard remaining >= length else { throw .truncated }
    defer { position += length }
    return TLSDecoder(bytes, from: position, to: position + length)
  }

  /// RFC 9420 §2.1.2; a length that could have been shorter is refused.
  @usableFromInline
  mutating func readLength(bound: Int) throws(TLSPresentationError) -> Int {
    let first = try read(UInt8.self)
    let extra: Int
    switch first >> 6 {
    case 0: extra = 0
    case 1: extra = 1
    case 2: extra = 3
    default: throw .malformedLength
    }
    var length = Int(first & 0x3F)
    for _ in 0..<extra { length = length << 8 | Int(try read(UInt8.self)) }
    if extra == 1 && length < 1 << 6 || extra == 3 && length < 1 << 14 { throw .malformedLength }
    guard length <= bound else { throw .tooLong(bound: bound) }
    return length
  }
}
