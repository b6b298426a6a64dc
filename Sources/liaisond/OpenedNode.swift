internal import CommandKit
internal import LiaisonAdmin
internal import LiaisonModel
internal import LiaisonNode
internal import LiaisonStore
internal import LiaisonTrust
internal import Sodium

/// A home whose keys are unlocked and whose store and trust log were verified.
struct OpenedNode {
  let store: SQLiteNodeStore
  let identity: NodeIdentity
  /// The key in use, and the next one where it has been made.
  let keys: NodeKeys
  let log: TrustLog
  let entries: [[UInt8]]
  /// What the audit log held when the head was signed.
  let audit: AuditMark

  /// Opens and verifies. `passphrase` is asked only where it is needed.
  init(_ home: NodeHome, passphrase: () throws(CommandError) -> SecretBytes) throws {
    try self.init(home, under: home.unlock(passphrase: passphrase))
  }

  /// The same for a home that is unlocked; a quick start leaves something to ``SignatureService``.
  init(_ home: NodeHome, isQuick: Bool = false, under storeKey: StoreKey) throws {
    // A store that is opened where there is none is a new one.
    guard home.hasStore else {
      throw CommandError(.noInput, "there is no store \(escaped(home.database)); restore it from a backup")
    }
    store = try SQLiteNodeStore(path: home.database)
    let stored = try StoredTrustLog(in: store, isQuick: isQuick)
    (log, entries, audit) = (stored.log, stored.entries, stored.audit)
    guard let card = log.registry.ownCard else {
      throw CommandError(.badData, "the trust log names no card of this node")
    }
    keys = try home.nodeKeys(for: card.content, under: storeKey)
    do { identity = try NodeIdentity(card: card, key: keys.inUse) } catch {
      throw CommandError(.badData, error.sentence)
    }
  }

  /// Asks for a node's passphrase.
  static func passphrase(_ options: PassphraseOptions, _ home: NodeHome) -> () throws(CommandError) -> SecretBytes {
    { () throws(CommandError) in
      try Passphrase.obtain(
        file: options.passphraseFile, prompt: "Passphrase of the node in \(escaped(home.folder)): ")
    }
  }
}
