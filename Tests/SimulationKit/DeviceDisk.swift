internal import Foundation
internal import GRDB
internal import LiaisonClient
internal import Sodium

/// The disk of a device: its profile's database, under a key that a seed repeats. What is committed to it outlives the
/// program.
final class DeviceDisk {
  let folder: String
  private let key: [UInt8]
  private var path: String { "\(folder)/\(Profile.databaseName)" }

  /// A new folder, and nothing in it.
  init(_ folder: String, key: [UInt8]) throws {
    self.folder = folder
    self.key = key
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
  }

  /// The database, as one more program has it open.
  func open() throws -> ProfileStore {
    try ProfileStore(path: path, key: StoreKey(key.withUnsafeBytes { SecretBytes(copying: $0) }))
  }

  /// Puts a copy in the place of the database, which nobody may have open.
  func replace(with copy: String) throws {
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    try FileManager.default.copyItem(atPath: copy, toPath: path)
  }

  /// Whether every transaction fails amid its writes, and leaves no trace.
  var isFull = false {
    didSet {
      guard isFull != oldValue else { return }
      let statements = Self.tables.map { table in
        isFull
          ? "CREATE TRIGGER full_\(table) BEFORE INSERT ON \(table) BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
          : "DROP TRIGGER full_\(table)"
      }
      do {
        try DatabaseQueue(path: path).write { try $0.execute(sql: statements.joined(separator: ";")) }
      } catch { preconditionFailure("\(error)") }
    }
  }

  /// Where a step writes after it has written elsewhere.
  private static let tables = ["history", "outbox", "seen", "deliveries"]
}
