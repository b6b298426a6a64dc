public import TLSPresentation

/// A node's short name, `[a-z0-9-]{2,32}`, usually the ISO 3166 alpha-2 code of its country.
public struct Handle: Hashable, Sendable, CustomStringConvertible, Comparable {
  public let description: String

  /// Fails where `text` is not `[a-z0-9-]{2,32}`.
  public init(_ text: String) throws(ModelError) {
    let allowed = text.utf8.allSatisfy { byte in
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
        || byte == UInt8(ascii: "-")
    }
    guard allowed, 2...32 ~= text.utf8.count else {
      throw .malformed("a handle is 2 to 32 of the characters a-z, 0-9 and -")
    }
    description = text
  }

  public static func < (a: Handle, b: Handle) -> Bool { a.description < b.description }
}

extension Handle: TLSCodable {
  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let text = try decoder.readString(bound: 32)
    do { try self.init(text) } catch { throw .invalid("a handle is malformed") }
  }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(string: description) }
}
