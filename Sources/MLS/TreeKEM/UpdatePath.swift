package import TLSPresentation

/// One node of an update path (RFC 9420 §7.6).
package struct UpdatePathNode: Hashable, Sendable, TLSCodable {
  package let encryptionKey: HPKEPublicKey
  package let encryptedPathSecret: [HPKECiphertext]

  package init(encryptionKey: HPKEPublicKey, encryptedPathSecret: [HPKECiphertext]) {
    self.encryptionKey = encryptionKey
    self.encryptedPathSecret = encryptedPathSecret
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(encryptionKey)
    encoder.write(vector: encryptedPathSecret)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    encryptionKey = try decoder.read()
    encryptedPathSecret = try decoder.readVector()
  }
}

/// A committer's new leaf and the new keys of its filtered direct path (RFC 9420 §7.6).
package struct UpdatePath: Hashable, Sendable, TLSCodable {
  package let leafNode: LeafNode
  package let nodes: [UpdatePathNode]

  package init(leafNode: LeafNode, nodes: [UpdatePathNode]) {
    self.leafNode = leafNode
    self.nodes = nodes
  }

  package func encode(to encoder: inout TLSEncoder) {
    encoder.write(leafNode)
    encoder.write(vector: nodes)
  }

  package init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    leafNode = try decoder.read()
    nodes = try decoder.readVector()
  }
}
