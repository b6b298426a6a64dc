internal import CommandKit
internal import LiaisonModel
internal import Sodium

/// A signing key's seed on disk, sealed under a store key and bound to its purpose.
enum SealedKey {
  static func write<Purpose>(
    _ key: SigningKey<Purpose>, under storeKey: StoreKey, to path: String
  ) throws(CommandError) {
    var seed = key.seed
    defer { wipe(&seed) }
    let sealed = storeKey.seal(seed, context: context(Purpose.self))
    do { try AtomicFile.write(sealed, to: path, replacing: false) } catch { throw CommandError(error) }
  }

  static func read<Purpose>(
    _ type: Purpose.Type, under storeKey: StoreKey, at path: String
  ) throws(CommandError) -> SigningKey<Purpose> {
    let sealed: [UInt8]?
    do { sealed = try AtomicFile.read(path, limit: 4096) } catch { throw CommandError(error) }
    guard let sealed, let seed = try? storeKey.openSecret(sealed, context: context(type)),
      let key = seed.withUnsafeBytes({ try? SigningKey<Purpose>(seed: $0) })
    else {
      throw CommandError(.badData, "\(escaped(path)) is damaged, or was not sealed by this home's store key")
    }
    return key
  }

  /// Whether the store key in a file is under a passphrase.
  static func needsPassphrase(_ path: String) throws(CommandError) -> Bool {
    do { return try KeyFile.needsPassphrase(at: path) } catch { throw CommandError(error) }
  }

  /// The store key in a file. `passphrase` is asked only where it is needed.
  static func unlock(
    _ path: String, _ passphrase: () throws(CommandError) -> SecretBytes
  ) throws(CommandError) -> StoreKey {
    let secret = try needsPassphrase(path) ? passphrase() : nil
    do { return try KeyFile.open(at: path, passphrase: secret) } catch { throw CommandError(error) }
  }

  private static func context<Purpose: KeyPurpose>(_ type: Purpose.Type) -> [UInt8] {
    Array("Liaison 1 \(Purpose.name)".utf8)
  }
}
