public import TLSPresentation

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Comparable, TLSCodable {
  public let milliseconds: UInt64

  public init(milliseconds: UInt64) { self.milliseconds = milliseconds }

  /// Whole seconds since 1970, the unit of MLS lifetimes.
  public var seconds: UInt64 { milliseconds / 1000 }

  public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

  public func adding(milliseconds more: UInt64) -> Timestamp {
    let (sum, overflow) = milliseconds.addingReportingOverflow(more)
    return Timestamp(milliseconds: overflow ? .max : sum)
  }

  /// The moment so many milliseconds earlier; the first moment of all where there is none.
  public func subtracting(milliseconds less: UInt64) -> Timestamp {
    Timestamp(milliseconds: milliseconds - min(milliseconds, less))
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { milliseconds = try decoder.read() }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(milliseconds) }
}
