package import MerkleLog
package import TLSPresentation

/// Where in the log an entry stands, and after which others: what is signed for one place serves no other, so an entry
/// can be neither replayed nor reordered.
///
/// `struct { uint64 sequence; opaque previous_root[32]; } LogPosition;`
package struct LogPosition: Hashable, Sendable, TLSCodable {
  /// The number of entries before this one.
  package var sequence: UInt64
  /// The Merkle root over them (RFC 9162 §2.1).
  package var previousRoot: MerkleHash

  package init(sequence: UInt64, previousRoot: MerkleHash) {
    self.sequence = sequence
    self.previousRoot = previousRoot
  }

  /// Before the first entry.
  package static let first = LogPosition(sequence: 0, previousRoot: .emptyTree)

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    sequence = try decoder.read()
    previousRoot = try decoder.readMerkleHash()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(sequence)
    encoder.write(fixed: previousRoot.bytes)
  }
}

extension TLSDecoder {
  mutating func readMerkleHash() throws(TLSPresentationError) -> MerkleHash {
    guard let hash = MerkleHash(try read(fixed: MerkleHash.length)) else { throw .invalid("a hash is 32 bytes") }
    return hash
  }
}
