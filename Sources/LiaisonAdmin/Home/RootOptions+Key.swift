package import CommandKit
package import LiaisonModel
package import Sodium

extension RootOptions {
  /// The root key from where it was said to be.
  package func key(
    of home: NodeHome, under storeKey: @autoclosure () throws -> StoreKey
  ) throws -> SigningKey<RootPurpose> {
    guard let root else { return try home.rootKey(under: storeKey()) }
    return try RootFolder(root).open(passphraseFile: rootPassphraseFile)
  }

  /// The last card that the key signed, where it is on media.
  package func lastCard() throws -> NodeCard? { try root.map { try RootFolder($0).lastCard().content } }

  /// Signs a node's next card by that key.
  package func sign(_ card: NodeCard, by key: SigningKey<RootPurpose>) throws -> Signed<NodeCard> {
    guard let root else { return Signed(card, by: key) }
    return try RootFolder(root).sign(card, by: key)
  }
}
