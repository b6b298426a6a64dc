internal import Foundation
package import MLS

/// Bytes that stand in JSON as hexadecimal digits.
package struct Hex: Codable, Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]

  package init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  init(_ secret: Secret) {
    bytes = secret.exposedBytes
  }

  package init(from decoder: any Decoder) throws {
    let digits = Array(try decoder.singleValueContainer().decode(String.self).utf8)
    func nibble(_ digit: UInt8) throws -> UInt8 {
      guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { throw CocoaError(.coderReadCorrupt) }
      return UInt8(value)
    }
    guard digits.count % 2 == 0 else { throw CocoaError(.coderReadCorrupt) }
    bytes = try stride(from: 0, to: digits.count, by: 2).map { try nibble(digits[$0]) << 4 | nibble(digits[$0 + 1]) }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  package var secret: Secret { Secret(bytes) }

  package var description: String { bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
