internal import Crypto
package import LiaisonModel
package import TLSPresentation

/// What names a charter: SHA-256, 32 bytes, of
/// `struct { opaque label<V> = "Liaison 1 charter digest"; opaque charter<V>; }`.
package struct CharterDigest: Hashable, Comparable, Sendable, CustomStringConvertible, TLSCodable {
  /// 32 bytes.
  package let bytes: [UInt8]

  /// The digest of an encoded charter.
  package init(ofEncoded charter: [UInt8]) {
    var encoder = TLSEncoder(reservingCapacity: charter.count + 64)
    encoder.write(string: "Liaison 1 charter digest")
    encoder.write(opaque: charter)
    bytes = Array(SHA256.hash(data: encoder.bytes))
  }

  /// Nil where `text` is not 64 hexadecimal digits.
  package init?(_ text: String) {
    guard let bytes = Hex.decode(text), bytes.count == 32 else { return nil }
    self.bytes = bytes
  }

  /// What people of its countries compare: the first 16 bytes.
  package var fingerprint: Fingerprint { Fingerprint(ofDigest: bytes) }

  /// 64 hexadecimal digits.
  package var description: String { Hex.encode(bytes) }

  package static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) { bytes = try decoder.read(fixed: 32) }

  package func encode(to encoder: inout TLSEncoder) { encoder.write(fixed: bytes) }
}
