/// What the nodes of a tree hold, counted, so that a commit need not go through all of them to see that its keys are new.
/// Keys are counted by their last bytes: keys that share those are told apart by a search of the tree.
package struct TreeContents: Sendable {
  private var encryptionKeys = KeyCounts()
  private var signatureKeys = KeyCounts()
  /// How many leaves have a credential of each type.
  package private(set) var credentialTypes: [CredentialType: Int] = [:]

  package init(_ nodes: some Sequence<Node?>) {
    for case let node? in nodes { change(node, by: 1) }
  }

  package mutating func replace(_ old: Node?, by new: Node?) {
    if let old { change(old, by: -1) }
    if let new { change(new, by: 1) }
  }

  private mutating func change(_ node: Node, by difference: Int) {
    switch node {
    case .leaf(let leaf):
      encryptionKeys.change(leaf.encryptionKey, by: difference)
      signatureKeys.change(leaf.signatureKey, by: difference)
      credentialTypes[leaf.credential.type, default: 0] += difference
      if credentialTypes[leaf.credential.type] == 0 { credentialTypes[leaf.credential.type] = nil }
    case .parent(let parent): encryptionKeys.change(parent.encryptionKey, by: difference)
    }
  }

  /// At least as many nodes as have this key, and as a rule no more.
  package func count(of key: HPKEPublicKey) -> Int { encryptionKeys.count(of: key) }
  /// At least as many leaves as have this key, and as a rule no more.
  package func count(of key: SignaturePublicKey) -> Int { signatureKeys.count(of: key) }
}

/// Keys counted by their last bytes, in shards for the reason that ``ChunkedArray`` has.
private struct KeyCounts: Sendable {
  private var shards = [[UInt64: Int]](repeating: [:], count: 256)

  func count(of key: some OpaqueValue) -> Int {
    let ending = key.ending
    return shards[Int(ending & 0xFF)][ending] ?? 0
  }

  mutating func change(_ key: some OpaqueValue, by difference: Int) {
    let ending = key.ending
    let shard = Int(ending & 0xFF)
    let count = (shards[shard][ending] ?? 0) + difference
    shards[shard][ending] = count == 0 ? nil : count
  }
}

extension OpaqueValue {
  /// The last eight bytes, as a number: the first ones of a point of a NIST curve are no different from another's.
  fileprivate var ending: UInt64 { bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
