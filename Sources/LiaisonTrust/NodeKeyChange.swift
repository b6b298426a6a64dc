package import LiaisonModel

/// A step in the replacement of a node's key, each a card of its own: so peers and devices know the next key before it
/// is used, and the last one as long as something that it signed is still needed.
package enum NodeKeyChange: String, Sendable, CaseIterable {
  /// The next key is named after the one in use.
  case announce
  /// The next key comes first: the node uses it from then on.
  case use
  /// Only the key in use is named.
  case retire
}

extension NodeCard {
  /// The next card, of the next serial or of a higher one. `spare` is the key that the node has ready. Throws where the
  /// step is not due.
  package func next(
    _ change: NodeKeyChange?, spare: NodeKey?, serial wanted: UInt64? = nil, endpoints: [Endpoint],
    lifetimeMilliseconds: UInt64, at now: Timestamp
  ) throws(ModelError) -> NodeCard {
    try next(
      keys(after: change, spare: spare), serial: wanted, endpoints: endpoints.isEmpty ? self.endpoints : endpoints,
      lifetimeMilliseconds, at: now)
  }

  /// The next card where the keys are lost or stolen.
  package func replacingKeys(
    by keys: [NodeKey], serial: UInt64?, lifetimeMilliseconds: UInt64, at now: Timestamp
  ) throws(ModelError) -> NodeCard {
    try next(keys, serial: serial, endpoints: endpoints, lifetimeMilliseconds, at: now)
  }

  /// Throws where `serial` cannot be that of the card after this one. It may leave a gap for cards that were signed and
  /// lost, but not one that would use up all serials.
  package func checkFollows(_ serial: UInt64) throws(ModelError) {
    let (next, overflow) = self.serial.addingReportingOverflow(1)
    guard !overflow else { throw .malformed("there is no serial after \(self.serial)") }
    guard serial >= next, serial - next <= Self.serialGapMax else {
      throw .malformed("the next card's serial is \(next) or higher, by at most \(Self.serialGapMax)")
    }
  }

  /// More cards than are ever signed and lost.
  package static let serialGapMax: UInt64 = 1000

  private func next(
    _ keys: [NodeKey], serial wanted: UInt64?, endpoints: [Endpoint], _ lifetimeMilliseconds: UInt64, at now: Timestamp
  ) throws(ModelError) -> NodeCard {
    let serial = wanted ?? self.serial.addingReportingOverflow(1).partialValue
    try checkFollows(serial)
    return try NodeCard(
      handle: handle, country: country, name: name, rootKey: rootKey, nodeKeys: keys, endpoints: endpoints,
      serial: serial, issuedAt: now, expiresAt: now.adding(milliseconds: lifetimeMilliseconds))
  }

  private func keys(after change: NodeKeyChange?, spare: NodeKey?) throws(ModelError) -> [NodeKey] {
    let earlier = nodeKeys.filter { $0 != spare }
    switch (change, spare) {
    case (nil, _): return nodeKeys
    case (.retire, _): return Array(nodeKeys.prefix(1))
    case (_, nil): throw .malformed("the node has no key ready: it makes its next one when it starts")
    case (.announce, let spare?):
      guard !nodeKeys.contains(spare) else { throw .malformed("the card names the node's next key already") }
      guard nodeKeys.count < 4 else { throw .malformed("the card names four keys already: retire the old ones first") }
      return Array(earlier.prefix(1)) + [spare] + earlier.dropFirst()
    case (.use, let spare?):
      guard nodeKeys.contains(spare) else {
        throw .malformed("nobody knows the next key yet: announce it first, and use it when peers and devices have it")
      }
      return [spare] + earlier
    }
  }
}
