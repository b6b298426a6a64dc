package import LiaisonModel
package import MerkleLog
package import TLSPresentation

/// A node's signed statement of all that its trust log holds.
///
/// ```
/// struct {
///   uint8 format = 1; Handle handle; uint64 size; opaque root[32]; AuditMark audit; Timestamp signed_at;
/// } LogHead;
/// ```
package struct LogHead: NodeStatement, Equatable {
  package typealias Signer = NodePurpose
  package static let label = "trust log head"

  /// Whose log it is.
  package var handle: Handle
  /// The number of entries.
  package var size: UInt64
  /// The Merkle root over them (RFC 9162 §2.1).
  package var root: MerkleHash
  /// What the node's audit log held.
  package var audit: AuditMark
  /// The node's clock.
  package var signedAt: Timestamp

  package init(handle: Handle, size: UInt64, root: MerkleHash, audit: AuditMark = .empty, signedAt: Timestamp) {
    self.handle = handle
    self.size = size
    self.root = root
    self.audit = audit
    self.signedAt = signedAt
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a log head has an unknown format") }
    handle = try decoder.read()
    size = try decoder.read()
    root = try decoder.readMerkleHash()
    audit = try decoder.read()
    signedAt = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(handle)
    encoder.write(size)
    encoder.write(fixed: root.bytes)
    encoder.write(audit)
    encoder.write(signedAt)
  }
}
