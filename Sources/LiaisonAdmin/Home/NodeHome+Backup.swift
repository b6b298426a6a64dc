package import CommandKit
internal import Foundation
package import LiaisonBackup
package import LiaisonModel
package import Sodium

extension NodeHome {
  private static let database = "node.sqlite"
  private static let storeKeyName = "keys/store.key"
  /// Folders that go into a backup as they are. Documents do not: they are fetched again from where they came.
  private static let folders = ["keys", "administrator", "heads", "charters", "audit"]

  /// Writes a backup of the home to a new file, while the node runs or not. `copyStore` copies the store to the path that it
  /// is given, as it is at one moment. `passphrase` protects the backup where the home has no passphrase of its own.
  package func backUp(
    to path: String, of handle: Handle, under storeKey: StoreKey, signedBy key: SigningKey<NodePurpose>,
    passphrase: SecretBytes?, at now: Timestamp, parameters: PassphraseParameters = .moderate,
    copyStore: (String) throws -> Void
  ) throws {
    try WorkFolder.with(beside: folder + "/backup") { work in
      // The store first: what its last head says of the audit log is in the log that is copied after it.
      try copyStore("\(work)/\(Self.database)")
      var files = [(name: Self.database, path: "\(work)/\(Self.database)")]
      for name in try names() where name != Self.storeKeyName {
        let copy = "\(work)/\(files.count)"
        try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: copy)
        files.append((name, copy))
      }
      let keyFile = "\(work)/store.key"
      try FileManager.default.copyItem(atPath: self.storeKey, toPath: keyFile)
      if try !KeyFile.needsPassphrase(at: keyFile) {
        guard let passphrase else {
          throw CommandError(.usage, "a backup is under a passphrase; say --passphrase-file")
        }
        try KeyFile.changePassphrase(at: keyFile, from: nil, to: passphrase, parameters: parameters)
      }
      guard let content = try AtomicFile.read(keyFile, limit: 4096) else {
        throw CommandError(.badData, "\(escaped(self.storeKey)) is damaged")
      }
      try BackupFile.write(
        to: path, files, of: handle.description, at: now, keyFile: content, under: storeKey, signedBy: key)
    }
  }

  /// Verifies a backup while its files are written into a new home, which `check` is then to verify; it has its name once
  /// that has gone well.
  package func restore(
    _ path: String, passphrase: SecretBytes, check: (NodeHome, StoreKey, BackupFile.Contents) throws -> Void
  ) throws -> BackupFile.Contents {
    try NewFolder.make(folder) { draft in try NodeHome(draft).fill(from: path, passphrase, check) }
  }

  /// Verifies a backup as a whole, and leaves nothing behind. What it holds lies in clear meanwhile, in a folder that only
  /// this user may enter: in the home, where it lies in clear anyway, or where there is none, among temporary files; never on
  /// the backup's own medium, which may be lost.
  package func verifyBackup(
    at path: String, passphrase: SecretBytes, check: (NodeHome, StoreKey, BackupFile.Contents) throws -> Void
  ) throws -> BackupFile.Contents {
    let place = FileManager.default.fileExists(atPath: folder) ? folder + "/backup" : WorkFolder.temporary
    return try WorkFolder.with(beside: place) { work in try NodeHome(work).fill(from: path, passphrase, check) }
  }

  private func fill(
    from path: String, _ passphrase: SecretBytes, _ check: (NodeHome, StoreKey, BackupFile.Contents) throws -> Void
  ) throws -> BackupFile.Contents {
    for name in Self.folders + ["documents"] { try NewFolder.make("\(folder)/\(name)") }
    try AtomicFile.write(BackupFile.keyFile(in: path), to: storeKey, replacing: false)
    let key = try KeyFile.open(at: storeKey, passphrase: passphrase)
    let contents = try BackupFile.read(path, under: key, of: NodePurpose.self, into: folder)
    guard contents.files.contains(where: { $0.name == Self.database }) else {
      throw CommandError(.badData, "this is no backup of a node")
    }
    try check(self, key, contents)
    return contents
  }

  /// The home's small files, by their paths in it.
  private func names() throws -> [String] {
    var names: [String] = []
    if FileManager.default.fileExists(atPath: configuration) { names.append("config.yaml") }
    for part in Self.folders {
      let found = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)")) ?? []
      names += found.filter { !$0.hasPrefix(".") }.sorted().map { "\(part)/\($0)" }
    }
    return names
  }
}
