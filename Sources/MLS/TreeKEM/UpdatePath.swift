internal import TLSPresentation

/// One node of an update path (RFC 9420 §7.6).
struct UpdatePathNode: Hashable, Sendable, TLSCodable {
  let encryptionKey: HPKEPublicKey
  let encryptedPathSecret: [HPKECiphertext]

  init(encryptionKey: HPKEPublicKey, encryptedPathSecret: [HPKECiphertext]) {
    self.encryptionKey = encryptionKey
    self.encryptedPathSecret = encryptedPathSecret
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(encryptionKey)
    encoder.write(vector: encryptedPathSecret)
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    encryptionKey = try decoder.read()
    encryptedPathSecret = try decoder.readVector()
  }
}

/// A committer's new leaf and the new keys of its filtered direct path (RFC 9420 §7.6).
struct UpdatePath: Hashable, Sendable, TLSCodable {
  let leafNode: LeafNode
  let nodes: [UpdatePathNode]

  init(leafNode: LeafNode, nodes: [UpdatePathNode]) {
    self.leafNode = leafNode
    self.nodes = nodes
  }

  func encode(to encoder: inout TLSEncoder) {
    encoder.write(leafNode)
    encoder.write(vector: nodes)
  }

  init(from decoder: inout TLSDecoder) throws(TLSPresentationError) {
    leafNode = try decoder.read()
    nodes = try decoder.readVector()
  }
}
