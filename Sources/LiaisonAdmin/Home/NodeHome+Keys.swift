package import CommandKit
package import LiaisonModel
package import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A node's key in use, and the one that a rotation takes next.
package struct NodeKeys: Sendable {
  package let inUse: SigningKey<NodePurpose>
  package let spare: SigningKey<NodePurpose>?
}

extension NodeHome {
  /// The key that `card` names first, which is in use, and the other one. Throws "bad data" where the home has no such
  /// key.
  package func nodeKeys(for card: NodeCard, under storeKey: StoreKey) throws(CommandError) -> NodeKeys {
    let first = try key(at: nodeKey, under: storeKey)
    let next = try key(at: nextNodeKey, under: storeKey)
    if let first, first.publicKey == card.nodeKeys.first { return NodeKeys(inUse: first, spare: next) }
    // A rotation took it, and the node has not started since.
    if let next, next.publicKey == card.nodeKeys.first { return NodeKeys(inUse: next, spare: nil) }
    throw CommandError(
      .badData,
      "the key that this node's card names first is not in \(escaped(folder)); where it is lost: liaisond replace-key")
  }

  private func key(at path: String, under storeKey: StoreKey) throws(CommandError) -> SigningKey<NodePurpose>? {
    guard access(path, F_OK) == 0 else { return nil }
    return try SealedKey.read(NodePurpose.self, under: storeKey, at: path)
  }

  /// Gives the key in use its name where a rotation took the next one, and makes a next one where there is none. To be
  /// called by the one `liaisond` that runs here.
  package func settle(_ keys: NodeKeys, under storeKey: StoreKey) throws(CommandError) -> NodeKeys {
    guard keys.spare == nil else { return keys }
    // Without a spare one, a next key that is there is the one in use.
    if access(nextNodeKey, F_OK) == 0, rename(nextNodeKey, nodeKey) != 0 {
      throw CommandError(FileError(.rename, path: nodeKey, errorNumber: errno))
    }
    let spare = SigningKey<NodePurpose>()
    try SealedKey.write(spare, under: storeKey, to: nextNodeKey)
    return NodeKeys(inUse: keys.inUse, spare: spare)
  }

  /// Puts a new key, and a new next one, in place of all that are here.
  package func replaceNodeKeys(by key: SigningKey<NodePurpose>, under storeKey: StoreKey) throws(CommandError) {
    let draft = nodeKey + ".new"
    unlink(draft)
    // First, so that the next key, which may be in other hands as well, is not taken where this ends half way.
    guard unlink(nextNodeKey) == 0 || errno == ENOENT else {
      throw CommandError(FileError(.remove, path: nextNodeKey, errorNumber: errno))
    }
    try SealedKey.write(key, under: storeKey, to: draft)
    guard rename(draft, nodeKey) == 0 else {
      throw CommandError(FileError(.rename, path: nodeKey, errorNumber: errno))
    }
  }
}
