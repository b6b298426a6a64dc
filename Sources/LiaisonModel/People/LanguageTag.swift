public import TLSPresentation

/// A language as BCP 47 names it, by its shape: `ka`, `en-GB`, `sr-Latn`. Which tags are registered is not looked up.
public struct LanguageTag: Hashable, Sendable, CustomStringConvertible, TLSCodable {
  /// At most 35 bytes.
  public let description: String

  public init(_ text: String) throws(ModelError) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard text.utf8.count <= 35, let first = parts.first, 2...8 ~= first.count, first.allSatisfy(Self.isLetter),
      parts.dropFirst().allSatisfy({ part in
        1...8 ~= part.count && part.allSatisfy { Self.isLetter($0) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
      })
    else { throw .malformed("a language is a tag of BCP 47, such as ka or en-GB") }
    description = text
  }

  /// The language itself, without script, region and variant, in small letters.
  public var primary: String { String(description.prefix { $0 != "-" }).lowercased() }

  private static func isLetter(_ byte: UInt8) -> Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
  }

  public init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    let text = try decoder.readString(bound: 35)
    do { try self.init(text) } catch { throw .invalid("a language tag is malformed") }
  }

  public func encode(to encoder: inout TLSEncoder) { encoder.write(string: description) }
}
