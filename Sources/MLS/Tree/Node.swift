package import TLSPresentation

/// RFC 9420 §7.1.
package struct ParentNode: Hashable, Sendable, TLSCodable {
  package var encryptionKey: HPKEPublicKey
  package var parentHash: [UInt8]
  /// In increasing order.
  package var unmergedLeaves: [LeafIndex]

  package init(encryptionKey: HPKEPublicKey, parentHash: [UInt8], unmergedLeaves: [LeafIndex]) {
    self.encryptionKey = encryptionKey
    self.parentHash = parentHash
    self.unmergedLeaves = unmergedLeaves
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(encryptionKey)
    encoder.write(opaque: parentHash)
    encoder.write(vector: unmergedLeaves)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    encryptionKey = try decoder.read()
    parentHash = try decoder.readOpaque()
    unmergedLeaves = try decoder.readVector()
    for (a, b) in zip(unmergedLeaves, unmergedLeaves.dropFirst()) where a >= b {
      throw .invalid("unmerged leaves are not in increasing order")
    }
  }
}

/// A node of the ratchet tree that is not blank (RFC 9420 §12.4.3.3). Indirect, so that copying a tree copies one
/// reference a node.
package indirect enum Node: Hashable, Sendable, TLSCodable {
  case leaf(LeafNode)
  case parent(ParentNode)

  package func encode(to encoder: inout TLSEncoder) {
    switch self {
    case .leaf(let leaf):
      encoder.write(UInt8(1))
      encoder.write(leaf)
    case .parent(let parent):
      encoder.write(UInt8(2))
      encoder.write(parent)
    }
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    switch try decoder.read(UInt8.self) {
    case 1: self = .leaf(try decoder.read())
    case 2: self = .parent(try decoder.read())
    case let other: throw .unknownValue(UInt64(other))
    }
  }
}
