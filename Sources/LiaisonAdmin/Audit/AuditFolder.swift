internal import CommandKit
internal import Foundation
internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The files of an audit log: each is named by the number of its first line, in 20 digits.
struct AuditFolder: Sendable {
  let path: String

  /// The numbers of the first lines, lowest first.
  var files: [UInt64] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.compactMap { name in
      guard name.hasSuffix(".jsonl"), name.utf8.count == 26 else { return nil }
      return UInt64(name.dropLast(6))
    }.sorted()
  }

  func file(_ first: UInt64) -> String {
    let digits = String(first)
    return "\(path)/\(String(repeating: "0", count: 20 - digits.count))\(digits).jsonl"
  }

  /// A file's lines without their line feeds, and how many bytes an unfinished last one has.
  func lines(of first: UInt64) throws(FileError) -> (lines: [[UInt8]], unfinished: Int) {
    guard let bytes = try AtomicFile.read(file(first), limit: 4 * AuditLog.fileBytesMax) else {
      throw FileError(.read, path: file(first), errorNumber: EFBIG)
    }
    var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let rest = parts.popLast()?.count ?? 0
    return (parts.map { Array($0) }, rest)
  }

  /// Opens a file to write at its end; it is made where it is not there.
  func open(_ first: UInt64) throws(FileError) -> Int32 {
    let path = file(first)
    let descriptor = systemOpen(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    return descriptor
  }

  /// Makes the folder where it is not there.
  func make() throws(FileError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw FileError(.create, path: path, errorNumber: errno) }
  }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
