internal import Dispatch
internal import NIOCore
internal import Sodium
internal import Synchronization

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// An open file, closed when it is let go. Reads and writes say where.
final class OpenFile: Sendable {
  let path: String
  private let descriptor: Int32
  private let flusher = DispatchQueue(label: "liaison.flush")
  private let flushErrorNumber = Mutex<Int32>(0)

  /// What tells one state of a file from another without reading it.
  struct Status: Equatable {
    let device: UInt64
    let inode: UInt64
    let size: UInt64
    /// Seconds and nanoseconds of the last change of the content, and of the file's own data, which nobody can set back.
    let modified: [Int64]

    var identity: [UInt8] {
      let numbers = [device, inode, size] + modified.map(UInt64.init(bitPattern:))
      return numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    }
  }

  /// Opens a regular file to read it. Throws ``ClientError`` for anything else that has the name.
  init(reading path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    guard try isRegular() else { throw Self.notAFile(path) }
  }

  /// Opens a regular file to write and read it, mode 0600 where it is made, and locks it for this program.
  init(writing path: String) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(.create, path: path, errorNumber: errno) }
    guard try isRegular() else { throw Self.notAFile(path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw FileError(.open, path: path, errorNumber: errno) }
  }

  deinit {
    // Closing alone does not unlock while a process that was forked meanwhile has not come to its exec.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }

  private static func notAFile(_ path: String) -> ClientError {
    ClientError(.usage, "not-a-file", "\(path) is not a file that can hold a document")
  }

  private func isRegular() throws(FileError) -> Bool { try inspect().st_mode & S_IFMT == S_IFREG }

  private func inspect() throws(FileError) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.inspect, path: path, errorNumber: errno) }
    return status
  }

  /// The file's state now.
  func status() throws(FileError) -> Status {
    let status = try inspect()
    #if canImport(Darwin)
    let times = [status.st_mtimespec, status.st_ctimespec]
    #else
    let times = [status.st_mtim, status.st_ctim]
    #endif
    return Status(
      device: UInt64(truncatingIfNeeded: status.st_dev), inode: UInt64(truncatingIfNeeded: status.st_ino),
      size: UInt64(clamping: status.st_size), modified: times.flatMap { [Int64($0.tv_sec), Int64($0.tv_nsec)] })
  }

  /// Fills `buffer`, which has room for them, with up to `count` bytes from `offset`; fewer only at the file's end.
  func read(_ count: Int, at offset: UInt64, into buffer: inout ByteBuffer) throws(FileError) {
    var number: Int32 = 0
    buffer.clear()
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
      var filled = 0
      while filled < count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: bytes[filled..<count])
        let got = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(filled))
        if got < 0 && errno == EINTR { continue }
        if got < 0 { number = errno }
        if got <= 0 { break }
        filled += got
      }
      return filled
    }
    guard number == 0 else { throw FileError(.read, path: path, errorNumber: number) }
  }

  func write(_ bytes: ByteBuffer, at offset: UInt64) throws(FileError) {
    var written = 0
    while written < bytes.readableBytes {
      let count = bytes.withUnsafeReadableBytes { buffer in
        let rest = UnsafeRawBufferPointer(rebasing: buffer[written...])
        return pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(written))
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileError(.write, path: path, errorNumber: errno) }
      written += count
    }
  }

  /// Begins to flush what was written, so that ``flush()``, which says whether it went well, finds little left.
  func beginFlush() { flusher.async { self.flushOnQueue() } }

  private func flushOnQueue() {
    // An error is told to one flush only, whichever comes first.
    if fsync(descriptor) != 0 { flushErrorNumber.withLock { $0 = errno } }
  }

  func truncate(to size: UInt64) throws(FileError) {
    guard ftruncate(descriptor, off_t(size)) == 0 else { throw FileError(.write, path: path, errorNumber: errno) }
  }

  /// Ends what ``beginFlush()`` began. Where the disk did not take all of it, nothing in the file counts any more: it
  /// would say so to no later flush.
  func abandon() {
    flusher.sync {}
    if flushErrorNumber.withLock({ $0 }) != 0 { ftruncate(descriptor, 0) }
  }

  func flush() throws(FileError) {
    flusher.sync { flushOnQueue() }
    let number = flushErrorNumber.withLock { $0 }
    guard number == 0 else { throw FileError(.flush, path: path, errorNumber: number) }
  }

  /// Gives this file the name `target`. Where something has that name it stays, unless `replacing`.
  func rename(to target: String, replacing: Bool) throws(FileError) {
    if replacing {
      guard systemRename(path, target) == 0 else { throw FileError(.rename, path: target, errorNumber: errno) }
    } else {
      // Unlike rename, link never replaces.
      guard link(path, target) == 0 else { throw FileError(.link, path: target, errorNumber: errno) }
      unlink(path)
    }
    let slash = target.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == target.startIndex ? "/" : String(target[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.open, path: folder, errorNumber: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(.flush, path: folder, errorNumber: errno) }
  }

  /// Whether anything has this name.
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }
}

// Inside OpenFile this name is its own.
private func systemRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }
