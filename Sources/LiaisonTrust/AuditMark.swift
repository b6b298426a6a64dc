package import MerkleLog
package import TLSPresentation

/// What a node's audit log held at some moment: its signed heads carry it, so that the lines before it cannot be changed
/// or dropped unnoticed (Protocols/audit.md).
///
/// `struct { uint64 first; uint64 size; opaque digest[32]; } AuditMark;`
package struct AuditMark: Hashable, Sendable, TLSCodable {
  /// The lowest line that was kept, from 0.
  package var first: UInt64
  /// The number of lines that were ever written.
  package var size: UInt64
  /// The hash of the last one, which holds that of the one before it; ``MerkleHash/emptyTree`` where there is none.
  package var digest: MerkleHash

  /// A log without lines.
  package static let empty = AuditMark(first: 0, size: 0, digest: .emptyTree)

  package init(first: UInt64, size: UInt64, digest: MerkleHash) {
    self.first = first
    self.size = size
    self.digest = digest
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    first = try decoder.read()
    size = try decoder.read()
    digest = try decoder.readMerkleHash()
    guard first <= size else { throw .invalid("an audit log begins after its end") }
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(first)
    encoder.write(size)
    encoder.write(fixed: digest.bytes)
  }
}
