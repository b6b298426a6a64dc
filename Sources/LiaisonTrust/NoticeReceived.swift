package import LiaisonModel
package import TLSPresentation

/// The node's own entry: a peer gave notice of what it decided about another. It informs administrators; it suspends
/// only where the policy says so.
///
/// ```
/// struct {
///   uint8 version = 1; LogPosition position; Timestamp received_at; NodeKey node; Signed<RevocationNotice> notice;
/// } NoticeReceived;
/// ```
package struct NoticeReceived: Statement, Equatable {
  package typealias Signer = NodePurpose
  package static let label = "notice received"

  /// Where in the log it belongs.
  package var position: LogPosition
  /// When the notice came, the node's clock.
  package var receivedAt: Timestamp
  /// Whose key signs: one that the node's own card names.
  package var nodeKey: NodeKey
  /// As the peer signed it.
  package var notice: Unverified<RevocationNotice>

  package init(
    position: LogPosition, receivedAt: Timestamp, nodeKey: NodeKey, notice: Unverified<RevocationNotice>
  ) {
    self.position = position
    self.receivedAt = receivedAt
    self.nodeKey = nodeKey
    self.notice = notice
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    guard try decoder.read(UInt8.self) == 1 else { throw .invalid("a received notice has an unknown version") }
    position = try decoder.read()
    receivedAt = try decoder.read()
    nodeKey = try decoder.read()
    notice = try decoder.read()
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(UInt8(1))
    encoder.write(position)
    encoder.write(receivedAt)
    encoder.write(nodeKey)
    encoder.write(notice)
  }
}
