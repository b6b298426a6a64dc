internal import Foundation
package import LiaisonBackup
package import LiaisonModel
package import Sodium

extension Profile {
  private static let owner = DeviceSignaturePurpose.self

  /// Writes a backup of a profile, which may be in use meanwhile, to a new file. It holds no key of a room and no key
  /// package: history, contacts, and who this device is. `passphrase` protects it where the profile has none of its own;
  /// it is not used otherwise. Throws `FileError`, `KeyFileError`, `BackupError` and ``ClientError``.
  package static func backUp(
    _ folder: String, _ engine: Engine, to path: String, passphrase: SecretBytes?, now: Timestamp,
    parameters: PassphraseParameters = .moderate
  ) throws {
    let identity = try engine.identity
    try WorkFolder.with(beside: "\(folder)/backup") { work in
      let keyFile = "\(work)/\(keyName)"
      try FileManager.default.copyItem(atPath: "\(folder)/\(keyName)", toPath: keyFile)
      if try !KeyFile.needsPassphrase(at: keyFile) {
        guard let passphrase else {
          throw ClientError(.usage, "backup-passphrase", "a backup is under a passphrase")
        }
        try KeyFile.changePassphrase(at: keyFile, from: nil, to: passphrase, parameters: parameters)
      }
      try engine.store.copy(to: "\(work)/\(databaseName)", madeAt: now)
      guard let key = try AtomicFile.read(keyFile, limit: 4096) else { throw ClientError.damagedStore }
      try BackupFile.write(
        to: path, [(databaseName, "\(work)/\(databaseName)")], of: identity.address.description, at: now, keyFile: key,
        under: engine.store.key, signedBy: identity.signatureKey)
    }
  }

  /// Verifies a backup as a whole: its encryption, its signature, its database, and that it is signed by the device that it
  /// is of. Leaves nothing behind.
  package static func verifyBackup(at path: String, passphrase: SecretBytes) throws -> BackupFile.Contents {
    // What is in it stays sealed meanwhile; it is not written to the medium, which may be full or write-protected.
    return try WorkFolder.with(beside: WorkFolder.temporary) { work in
      try extract(path, passphrase, into: work).contents
    }
  }

  /// Makes a profile from a backup in a folder that is not there yet. It comes into its rooms with fresh keys once it is
  /// connected. Gives when the backup was made.
  package static func restore(
    _ path: String, to folder: String, passphrase: SecretBytes, now: Timestamp
  ) throws -> (engine: Engine, madeAt: Timestamp) {
    guard !FileManager.default.fileExists(atPath: folder) else {
      throw ClientError(
        .cannotCreate, "profile-exists", "there is something at \(folder) already; nothing was restored")
    }
    let draft = "\(folder).new-\(Hex.encode(secureRandom(count: 6)))"
    try FileManager.default.createDirectory(
      atPath: draft, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    do {
      let madeAt = try extract(path, passphrase, into: draft).contents.madeAt
      try prepare(draft, passphrase, now)
      try FileManager.default.moveItem(atPath: draft, toPath: folder)
      try AtomicFile.flushFolder(of: folder)
      return (try open(at: folder, passphrase: passphrase), madeAt)
    } catch {
      try? FileManager.default.removeItem(atPath: draft)
      throw error
    }
  }

  /// Has the profile begin anew in its rooms, before it has its name: nobody uses it as it was.
  private static func prepare(_ draft: String, _ passphrase: SecretBytes, _ now: Timestamp) throws {
    let engine = try open(at: draft, passphrase: passphrase)
    _ = try engine.beginAfterRestore(now: now)
    try engine.store.close()
  }

  private static func extract(
    _ path: String, _ passphrase: SecretBytes, into folder: String
  ) throws -> (contents: BackupFile.Contents, key: StoreKey) {
    try AtomicFile.write(try BackupFile.keyFile(in: path), to: "\(folder)/\(keyName)", replacing: false)
    let key = try KeyFile.open(at: "\(folder)/\(keyName)", passphrase: passphrase)
    let contents = try BackupFile.read(path, under: key, of: owner, into: folder)
    guard contents.files.map(\.name) == [databaseName] else {
      throw ClientError(.badData, "backup-foreign", "this is no backup of a professional's machine")
    }
    let database = "\(folder)/\(databaseName)"
    try ProfileStore.checkIntegrity(at: database)
    let store = try ProfileStore(path: database, key: key)
    let identity = try store.read { try $0.identity() }
    try store.close()
    guard identity.signatureKey.publicKey.bytes == contents.signer, identity.address.description == contents.owner
    else {
      throw ClientError(.badData, "backup-foreign", "the backup was not signed by the machine that it is of")
    }
    return (contents, key)
  }
}
