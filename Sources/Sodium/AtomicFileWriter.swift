#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A file that is written part by part, and is there as a whole or not at all, as with ``AtomicFile``. One that is let go
/// before ``commit()`` leaves nothing.
public final class AtomicFileWriter {
  private let path: String
  private let temporary: String
  private var descriptor: Int32

  /// Begins a file, of mode `mode`, which gets its name at the end.
  public init(_ path: String, mode: UInt32 = 0o600) throws(FileError) {
    // A name that C would cut at its first zero byte would name another file.
    guard !path.utf8.contains(0) else { throw FileError(.create, path: path, errorNumber: EINVAL) }
    self.path = path
    temporary = "\(AtomicFile.folder(of: path))/\(AtomicFile.temporaryName())"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(.create, path: path, errorNumber: errno) }
    guard fchmod(descriptor, mode_t(mode)) == 0 else { throw FileError(.create, path: path, errorNumber: errno) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Adds bytes.
  public func write(_ bytes: [UInt8]) throws(FileError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
      try AtomicFile.writeAll(UnsafeRawBufferPointer(bytes), to: descriptor, path: path)
    }
  }

  /// Flushes what was written and gives the file its name, in place of one that had it; then flushes the folder.
  public func commit() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(.flush, path: path, errorNumber: errno) }
    guard rename(temporary, path) == 0 else { throw FileError(.rename, path: path, errorNumber: errno) }
    close(descriptor)
    descriptor = -1
    try AtomicFile.flushFolder(AtomicFile.folder(of: path))
  }
}
