package import CommandKit
package import LiaisonModel
package import LiaisonTrust
package import Sodium

/// Where an administrator keeps the key to decide with: one folder, which may lie anywhere, a stick among other places.
package struct AdministratorProfile: Hashable, Sendable {
  /// The folder, without a slash at the end.
  package let folder: String

  package init(_ folder: String) {
    var folder = folder
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    self.folder = folder
  }

  /// The profile's store key, under the passphrase.
  package var storeKey: String { folder + "/store.key" }
  /// The administrator's key, sealed under it.
  package var key: String { folder + "/administrator.key" }
  /// What is handed to an owner.
  package var card: String { folder + "/administrator.card" }
}

extension AdministratorProfile {
  /// Throws "cannot create" where the folder holds anything.
  package func checkIsFree() throws(CommandError) { try NewFolder.checkIsFree(folder) }

  /// Makes the folder with a new key. Throws "cannot create" where it holds anything.
  package func create(
    name: String, passphrase: SecretBytes?, parameters: PassphraseParameters = .moderate
  ) throws -> Signed<AdministratorCard> {
    try NewFolder.make(folder) { draft in
      try AdministratorProfile(draft).fill(name: name, passphrase: passphrase, parameters: parameters).card
    }
  }

  /// Makes what is in the folder, which is there and empty.
  func fill(
    name: String, passphrase: SecretBytes?, parameters: PassphraseParameters
  ) throws -> (key: SigningKey<AdministratorPurpose>, card: Signed<AdministratorCard>) {
    let new = SigningKey<AdministratorPurpose>()
    let signed = Signed(try AdministratorCard(key: new.publicKey, name: name), by: new)
    let sealing = try KeyFile.create(at: storeKey, passphrase: passphrase, parameters: parameters)
    try SealedKey.write(new, under: sealing, to: key)
    try AtomicFile.write(Array(Armor.encode(signed.unverified).utf8), to: card, replacing: false)
    return (new, signed)
  }

  /// Throws "no such input" where there is no profile in the folder.
  package func checkExists() throws(CommandError) {
    do { _ = try KeyFile.needsPassphrase(at: storeKey) } catch {
      if case .missing = error {
        throw CommandError(
          .noInput, "there is no administrator in \(escaped(folder)); make one with liaisonctl admin init")
      }
      throw CommandError(error)
    }
  }

  /// The key to decide with. `passphrase` is asked only where it is needed.
  package func open(
    passphrase: () throws(CommandError) -> SecretBytes
  ) throws(CommandError) -> SigningKey<AdministratorPurpose> {
    try checkExists()
    return try SealedKey.read(AdministratorPurpose.self, under: SealedKey.unlock(storeKey, passphrase), at: key)
  }

  /// What is handed to an owner; no passphrase is needed.
  package func readCard() throws -> Signed<AdministratorCard> {
    try checkExists()
    return try Self.readCard(at: card)
  }

  /// The card in a file that came from somebody who is to become an administrator.
  package static func readCard(at path: String) throws -> Signed<AdministratorCard> {
    let text = try CardFile.text(path, holding: AdministratorCard.label, bytesMax: Limits.statementBytesMax)
    return try Armor.decode(text, as: AdministratorCard.self).verifiedBySelf()
  }

  /// Puts the key under another passphrase, or in clear where `new` gives none. The old one is asked only where there is
  /// one.
  package func changePassphrase(
    from old: () throws(CommandError) -> SecretBytes, to new: () throws(CommandError) -> SecretBytes?,
    parameters: PassphraseParameters = .moderate
  ) throws(CommandError) {
    try checkExists()
    let before = try SealedKey.needsPassphrase(storeKey) ? old() : nil
    let after = try new()
    do { try KeyFile.changePassphrase(at: storeKey, from: before, to: after, parameters: parameters) } catch {
      throw CommandError(error)
    }
  }
}
