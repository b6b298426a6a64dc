package import TLSPresentation

/// What a stored record begins with that belongs to one epoch, so that one of another group, another epoch or another
/// place is told from it: the first bytes of the epoch's confirmation tag. It guards against mistakes; that nobody alters
/// records is for the storage to see to.
package struct RecordBinding: Sendable, Equatable, TLSCodable {
  private static let length = 8
  private let bytes: [UInt8]

  package init(confirmationTag: [UInt8]) {
    bytes = Array(confirmationTag.prefix(Self.length))
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(opaque: bytes)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    bytes = try decoder.readOpaque(bound: Self.length)
  }

  /// A record of this epoch.
  package func record(_ key: RecordKey, capacity: Int = 256, _ body: (inout TLSEncoder) -> Void) -> [UInt8] {
    var encoder = TLSEncoder(reservingCapacity: capacity)
    encoder.write(self)
    encoder.write(key.item)
    body(&encoder)
    return encoder.bytes
  }

  /// Reads all of a record of this epoch.
  package func read<Value>(
    _ record: StoredRecord, _ body: (inout TLSDecoder) throws(TLSPresentationError) -> Value
  ) throws(TLSPresentationError) -> Value {
    var decoder = TLSDecoder(record.value)
    guard try decoder.read(RecordBinding.self) == self, try decoder.read(UInt64.self) == record.key.item else {
      throw .invalid("a record of another group, epoch or place")
    }
    let value = try body(&decoder)
    try decoder.finish()
    return value
  }
}
