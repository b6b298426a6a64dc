internal import Crypto
internal import Foundation
internal import GRDB
internal import ProcessKit
internal import TestKit

/// What this machine can do of that which a message cannot do without.
enum MachineLimits {
  static func measure(into report: Report) throws {
    report.section("limits of this machine, one thread")
    let folder = try TemporaryDirectory()
    try flushes(folder, report)
    try commits(folder, report)
    let key = Curve25519.Signing.PrivateKey()
    let message = Data(repeating: 7, count: 256)
    let signature = try key.signature(for: message)
    report.add("ed25519_sign", try rate { _ = try key.signature(for: message) }, "/s")
    report.add("ed25519_verify", rate { _ = key.publicKey.isValidSignature(signature, for: message) }, "/s")
    let block = Data(repeating: 7, count: 1 << 20)
    let secret = SymmetricKey(size: .bits256)
    report.add("aes256gcm_1MiB", try rate { _ = try AES.GCM.seal(block, using: secret) } * 1.048576, "MB/s")
    report.add("sha256_1MiB", rate { _ = SHA256.hash(data: block) } * 1.048576, "MB/s")
    withExtendedLifetime(folder) {}
  }

  /// Calls a second, over a second.
  private static func rate(_ body: () throws -> Void) rethrows -> Double {
    let start = monotonicSeconds()
    var count = 0.0
    while monotonicSeconds() - start < 1 {
      for _ in 0..<8 { try body() }
      count += 8
    }
    return count / (monotonicSeconds() - start)
  }

  static func flushes(_ folder: TemporaryDirectory, _ report: Report) throws {
    let descriptor = open(folder.path("flush"), O_CREAT | O_WRONLY | O_TRUNC, 0o600)
    guard descriptor >= 0 else { throw CocoaError(.fileWriteUnknown) }
    defer { close(descriptor) }
    let block = [UInt8](repeating: 7, count: 4096)
    report.add(
      "append_4KiB_flush",
      rate {
        _ = write(descriptor, block, block.count)
        _ = fdatasync(descriptor)
      }, "/s")
    let start = monotonicSeconds()
    let megabyte = [UInt8](repeating: 7, count: 1 << 20)
    for _ in 0..<512 { _ = write(descriptor, megabyte, megabyte.count) }
    _ = fdatasync(descriptor)
    report.add("disk_write", 512 * 1.048576 / (monotonicSeconds() - start), "MB/s", "512 MiB and a flush")
  }

  private static func commits(_ folder: TemporaryDirectory, _ report: Report) throws {
    var configuration = Configuration()
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL") }
    let queue = try DatabaseQueue(path: folder.path("commits.sqlite"), configuration: configuration)
    try queue.write { try $0.execute(sql: "CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB)") }
    let bytes = Data(repeating: 7, count: 512)
    func insert(_ count: Int) throws {
      try queue.write { db in
        let statement = try db.cachedStatement(sql: "INSERT INTO t (b) VALUES (?)")
        for _ in 0..<count { try statement.execute(arguments: [bytes]) }
      }
    }
    report.add("sqlite_commit", try rate { try insert(1) }, "/s", "a row of 512 bytes a commit, flushed")
    report.add("sqlite_rows", try rate { try insert(100) } * 100, "/s", "a hundred rows a commit, flushed")
  }
}
