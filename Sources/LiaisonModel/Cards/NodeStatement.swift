/// What a node states of itself, or of what is its own.
public protocol NodeStatement: Statement where Signer == NodePurpose {
  /// The node that may state it, and that no other may.
  var handle: Handle { get }
}

extension Unverified where Content.Signer == NodePurpose {
  /// The statement, where one of a node's keys signed it. Throws ``ModelError/badSignature`` where none did.
  public func verified(byOneOf keys: some Sequence<NodeKey>) throws(ModelError) -> Signed<Content> {
    for key in keys { if let signed = try? verified(by: key) { return signed } }
    throw .badSignature
  }
}

extension Unverified where Content: NodeStatement {
  /// The statement, where one of the keys of `nodeCard` signed it and it is that node's to make. Throws
  /// ``ModelError/badSignature`` or ``ModelError/mismatch(_:)``.
  public func verified(by nodeCard: Signed<NodeCard>) throws(ModelError) -> Signed<Content> {
    let signed = try verified(byOneOf: nodeCard.content.nodeKeys)
    guard signed.content.handle == nodeCard.content.handle else {
      throw .mismatch("a node signed the \(Content.label) of another node")
    }
    return signed
  }
}
