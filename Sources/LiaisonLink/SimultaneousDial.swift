package import LiaisonModel

/// Which of two links between the same two nodes stays. Both nodes come to the same answer by themselves.
package enum SimultaneousDial {
  /// Longer than two handshakes that began together can differ.
  package static let windowMilliseconds = 2 * Limits.handshakeMillisecondsMax

  /// Whether a link that has just come replaces the one that stands.
  ///
  /// Two nodes that dial each other at once keep the link dialled by the node with the lower handle. A peer dials only
  /// while it knows of no link; so a link that comes in the same direction as the standing one, or long after it, means
  /// that the peer has lost the old one, and replaces it.
  package static func replaces(
    standingDialledBy standing: Handle, standingForMilliseconds age: UInt64, newDialledBy new: Handle,
    between a: Handle,
    and b: Handle
  ) -> Bool {
    if standing == new || age > windowMilliseconds { return true }
    return new == min(a, b)
  }
}
