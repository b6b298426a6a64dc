/// A member of a group in one epoch.
public struct Member: Hashable, Sendable {
  public let leafIndex: LeafIndex
  public let leafNode: LeafNode

  public var credential: Credential { leafNode.credential }
  public var signatureKey: SignaturePublicKey { leafNode.signatureKey }
}

extension RatchetTree {
  package var members: [Member] { leaves.map { Member(leafIndex: $0.index, leafNode: $0.node) } }

  package func member(at index: LeafIndex) -> Member? {
    self[index].map { Member(leafIndex: index, leafNode: $0) }
  }
}
