package import CommandKit
package import LiaisonModel
package import LiaisonTrust
package import Sodium

/// The country's root key away from the node: a folder on media that are kept offline, under a passphrase of its own,
/// with the last card that it signed, so that it signs no lower serial and no second card of one serial.
package struct RootFolder: Hashable, Sendable {
  /// The folder, without a slash at the end.
  package let folder: String

  package init(_ folder: String) {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder
  }

  /// The folder's store key, under the passphrase.
  package var storeKey: String { folder + "/store.key" }
  /// The root key, sealed under it.
  package var key: String { folder + "/root.key" }
  /// The last card that the key signed.
  package var card: String { folder + "/node.card" }

  /// Throws "cannot create" where the folder holds anything.
  package func checkIsFree() throws(CommandError) { try NewFolder.checkIsFree(folder) }

  /// Makes the folder. Throws "cannot create" where it holds anything.
  package func create(
    _ root: SigningKey<RootPurpose>, card: Signed<NodeCard>, passphrase: SecretBytes?,
    parameters: PassphraseParameters = .moderate
  ) throws {
    try NewFolder.make(folder) { draft in
      let draft = RootFolder(draft)
      let sealing = try KeyFile.create(at: draft.storeKey, passphrase: passphrase, parameters: parameters)
      try SealedKey.write(root, under: sealing, to: draft.key)
      try AtomicFile.write(Array(Armor.encode(card.unverified).utf8), to: draft.card, replacing: false)
    }
  }

  /// The root key. `passphrase` is asked only where it is needed. Throws "no such input" where there is none.
  package func open(
    passphrase: () throws(CommandError) -> SecretBytes
  ) throws(CommandError) -> SigningKey<RootPurpose> {
    do { _ = try KeyFile.needsPassphrase(at: storeKey) } catch {
      if case .missing = error {
        throw CommandError(.noInput, "there is no root key in \(escaped(folder)); liaisond root export makes one")
      }
      throw CommandError(error)
    }
    return try SealedKey.read(RootPurpose.self, under: SealedKey.unlock(storeKey, passphrase), at: key)
  }

  /// The same with the passphrase from a file, or from the terminal.
  package func open(passphraseFile: String?) throws(CommandError) -> SigningKey<RootPurpose> {
    try open { () throws(CommandError) in
      try Passphrase.obtain(
        file: passphraseFile, prompt: "Passphrase of the root key in \(escaped(folder)): ", environment: false)
    }
  }

  /// The last card that the key signed.
  package func lastCard() throws -> Signed<NodeCard> { try CardFile.read(card) }

  /// Throws "not permitted" where `next` is not the next card of the country of the last one.
  package func check(_ next: NodeCard) throws {
    let last = try lastCard().content
    guard next.rootKey == last.rootKey, next.handle == last.handle, next.country == last.country else {
      throw CommandError(.notPermitted, "this is about another country's card: of \(next.handle)")
    }
    guard next.serial > last.serial else {
      throw CommandError(
        .notPermitted,
        "this key has signed a card with serial \(last.serial) already, and \(next.serial) is asked for: ask with "
          + "a higher --serial where that card was never put in force")
    }
    do { try last.checkFollows(next.serial) } catch { throw CommandError(.notPermitted, error.sentence) }
  }

  /// Notes that the key signed this card in another place. Throws where it did not, or signed that serial here.
  package func remember(_ signed: Signed<NodeCard>) throws {
    try check(signed.content)
    guard (try? signed.unverified.verified(by: lastCard().content.rootKey)) != nil else {
      throw CommandError(.badData, "the root key in \(escaped(folder)) did not sign this card")
    }
    try AtomicFile.write(Array(Armor.encode(signed.unverified).utf8), to: card)
  }

  /// Signs the next card, after ``check(_:)``, and remembers it before anybody can have it.
  package func sign(_ next: NodeCard, by root: SigningKey<RootPurpose>) throws -> Signed<NodeCard> {
    try check(next)
    let signed = Signed(next, by: root)
    _ = try signed.unverified.verifiedBySelf()
    try AtomicFile.write(Array(Armor.encode(signed.unverified).utf8), to: card)
    return signed
  }
}
