/// A time zone by its name in the IANA database, by its shape: `Asia/Tbilisi`. Whether there is such a zone is not looked up.
public struct TimeZoneName: Hashable, Sendable, CustomStringConvertible {
  /// At most 64 bytes.
  public let description: String

  public init(_ text: String) throws(ModelError) {
    let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    func isLetter(_ byte: UInt8) -> Bool {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
    }
    guard text.utf8.count <= 64, 1...3 ~= parts.count,
      parts.allSatisfy({ part in
        part.first.map(isLetter) ?? false
          && part.allSatisfy { isLetter($0) || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || "_+-".utf8.contains($0) }
      })
    else { throw .malformed("a time zone is a name of the IANA database, such as Asia/Tbilisi") }
    description = text
  }
}
