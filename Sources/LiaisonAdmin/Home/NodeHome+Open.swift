package import CommandKit
package import LiaisonModel
package import Sodium

extension NodeHome {
  /// Throws "no such input" where no node was ever made here.
  package func checkExists() throws(CommandError) {
    do { _ = try KeyFile.needsPassphrase(at: storeKey) } catch {
      if case .missing = error {
        throw CommandError(.noInput, "there is no node in \(escaped(folder)); make one with liaisond init")
      }
      throw CommandError(error)
    }
  }

  /// The node's store key. `passphrase` is asked only where it is needed.
  package func unlock(passphrase: () throws(CommandError) -> SecretBytes) throws(CommandError) -> StoreKey {
    try checkExists()
    return try SealedKey.unlock(storeKey, passphrase)
  }

  /// The node's key.
  package func nodeKey(under storeKey: StoreKey) throws(CommandError) -> SigningKey<NodePurpose> {
    try SealedKey.read(NodePurpose.self, under: storeKey, at: nodeKey)
  }

  /// The country's root key; "no such input" where it was taken to offline media.
  package func rootKey(under storeKey: StoreKey) throws(CommandError) -> SigningKey<RootPurpose> {
    guard hasRootKey else {
      throw CommandError(
        .noInput, "the root key is not in \(escaped(folder)), but offline: say --root DIR, or carry a request to it")
    }
    return try SealedKey.read(RootPurpose.self, under: storeKey, at: rootKey)
  }
}
