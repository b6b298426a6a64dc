/// What a connection is for; the raw value is its ALPN protocol name (RFC 7301).
package enum LinkKind: String, CaseIterable, Sendable {
  /// Control and envelopes between two nodes.
  case peer = "liaison-peer/1"
  /// Document chunks: between nodes, or from a device to its node.
  case bulk = "liaison-bulk/1"
  /// An enrolled device, towards its own node.
  case device = "liaison-device/1"
  /// A device that brings an invitation: any key, small frames, little time.
  case enrol = "liaison-enrol/1"
}
