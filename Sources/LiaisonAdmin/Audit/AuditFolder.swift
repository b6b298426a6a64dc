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
  /// Flushes the file or folder of that descriptor and path; false where it could not.
  var flush: @Sendable (Int32, String) -> Bool = { descriptor, _ in fsync(descriptor) == 0 }

  /// The numbers of the first lines, lowest first, and the names of log files that are none of these.
  var contents: (files: [UInt64], strange: [String]) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    var files: [UInt64] = []
    var strange: [String] = []
    for name in names where name.hasSuffix(".jsonl") {
      // As many lines as the half of all numbers are never written, and their count never overflows.
      if let first = UInt64(name.dropLast(6)), first <= UInt64(Int64.max), name == self.name(first) {
        files.append(first)
      } else {
        strange.append(name)
      }
    }
    return (files.sorted(), strange.sorted())
  }

  var files: [UInt64] { contents.files }

  private func name(_ first: UInt64) -> String {
    let digits = String(first)
    return "\(String(repeating: "0", count: 20 - digits.count))\(digits).jsonl"
  }

  func file(_ first: UInt64) -> String { "\(path)/\(name(first))" }

  /// A file's lines without their line feeds, and how many bytes an unfinished last one has.
  func lines(of first: UInt64) throws(FileError) -> (lines: [[UInt8]], unfinished: Int) {
    guard let bytes = try AtomicFile.read(file(first), limit: 4 * AuditLog.fileBytesMax) else {
      throw FileError(.read, path: file(first), errorNumber: EFBIG)
    }
    var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    let rest = parts.popLast()?.count ?? 0
    return (parts.map { Array($0) }, rest)
  }

  /// Opens a file to write at its end; it is made where it is not there, and stays also after a power cut.
  func open(_ first: UInt64) throws(FileError) -> Int32 {
    let path = file(first)
    let descriptor = systemOpen(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    do throws(FileError) { try flushNames() } catch {
      close(descriptor)
      throw error
    }
    return descriptor
  }

  /// Makes which files there are durable.
  func flushNames() throws(FileError) { try flushFolder(path) }

  /// Makes the folder where it is not there.
  func make() throws(FileError) {
    guard mkdir(path, 0o700) == 0 else {
      guard errno == EEXIST else { throw FileError(.create, path: path, errorNumber: errno) }
      return
    }
    try flushFolder(path + "/..")
  }

  private func flushFolder(_ path: String) throws(FileError) {
    let descriptor = systemOpen(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    defer { close(descriptor) }
    guard flush(descriptor, path) else { throw FileError(.flush, path: path, errorNumber: errno) }
  }
}

private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
