public import TLSPresentation

/// How a bundle lies in a file: the magic, the head, sealed segments, an empty part, and the signed end. Each part has its
/// length before it, 4 bytes, big-endian.
public enum BundleLayout {
  public static let magic = Array("liaison bundle 1\n".utf8)

  /// A part with its length before it.
  public static func part(_ bytes: [UInt8]) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: bytes.count + 4)
    encoder.write(UInt32(bytes.count))
    encoder.write(fixed: bytes)
    return encoder.take()
  }

  /// The length of the part that 4 bytes announce. Throws where it is longer than a part may be.
  public static func length(_ bytes: [UInt8]) throws(ModelError) -> Int {
    guard bytes.count == 4 else { throw .malformed("a bundle is cut off") }
    let length = bytes.reduce(0) { $0 << 8 | Int($1) }
    guard length <= Limits.bundlePartBytesMax else { throw .malformed("a part of the bundle is too long") }
    return length
  }
}

/// A frame in a bundle's segment, and its number where it is taken once only.
///
/// `struct { uint64 sequence; opaque frame<V>; } BundleRecord;`
public struct BundleRecord: TLSCodable, Hashable, Sendable {
  /// 0 for what may be taken any number of times.
  public var sequence: UInt64
  /// An encoded frame of link.proto.
  public var frame: [UInt8]

  /// A record of an encoded frame.
  public init(sequence: UInt64 = 0, frame: [UInt8]) {
    self.sequence = sequence
    self.frame = frame
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    sequence = try decoder.read()
    frame = try decoder.readOpaque(bound: Limits.frameBytesMax)
  }

  public func encode(to encoder: inout TLSEncoder) {
    encoder.write(sequence)
    encoder.write(opaque: frame)
  }

  /// The records of a segment, at most ``Limits/bundleRecordsMax``.
  public static func all(in segment: [UInt8]) throws(ModelError) -> [BundleRecord] {
    var decoder = TLSDecoder(segment)
    var records: [BundleRecord] = []
    do {
      while !decoder.isAtEnd, records.count < Limits.bundleRecordsMax { records.append(try decoder.read()) }
    } catch { throw .malformed("a segment of the bundle is malformed") }
    guard decoder.isAtEnd else { throw .malformed("a segment of the bundle has too many records") }
    return records
  }
}
