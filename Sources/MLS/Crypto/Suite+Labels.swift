internal import TLSPresentation

extension Suite {
  /// `ExpandWithLabel` (RFC 9420 §8).
  package func expandWithLabel(_ secret: Secret, _ label: String, context: [UInt8], length: Int) -> Secret {
    expand(secret, info: Self.kdfLabel(label, context: context, length: length), length: length)
  }

  /// `KDFLabel` (RFC 9420 §8).
  static func kdfLabel(_ label: String, context: [UInt8], length: Int) -> [UInt8] {
    var info = TLSEncoder(reservingCapacity: label.utf8.count + context.count + 16)
    info.write(UInt16(truncatingIfNeeded: length))
    info.write(string: "MLS 1.0 " + label)
    info.write(opaque: context)
    return info.bytes
  }

  /// `DeriveSecret` (RFC 9420 §8).
  package func deriveSecret(_ secret: Secret, _ label: String) -> Secret {
    expandWithLabel(secret, label, context: [], length: hashLength)
  }

  /// `DeriveTreeSecret` (RFC 9420 §9.1).
  package func deriveTreeSecret(_ secret: Secret, _ label: String, generation: UInt32, length: Int) -> Secret {
    expandWithLabel(secret, label, context: generation.bigEndianBytes, length: length)
  }

  /// `RefHash` (RFC 9420 §5.2).
  package func refHash(label: String, _ value: [UInt8]) -> HashReference {
    var input = TLSEncoder(reservingCapacity: value.count + label.utf8.count + 8)
    input.write(string: label)
    input.write(opaque: value)
    return HashReference(bytes: hash(input.bytes))
  }
}

extension UInt32 {
  package var bigEndianBytes: [UInt8] {
    [UInt8(self >> 24), UInt8(self >> 16 & 0xFF), UInt8(self >> 8 & 0xFF), UInt8(self & 0xFF)]
  }
}
