internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// A file that is read or written from its beginning to its end, closed when it is let go.
final class SequentialFile {
  private let path: String
  private let descriptor: Int32

  /// Opens a regular file.
  init(reading path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.inspect, path: path, errorNumber: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(.read, path: path, errorNumber: EINVAL) }
  }

  /// Makes a new file, mode 0600; one that is there already is not touched.
  init(creating path: String) throws {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(.create, path: path, errorNumber: errno) }
  }

  deinit { close(descriptor) }

  var size: UInt64 {
    get throws {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw FileError(.inspect, path: path, errorNumber: errno) }
      return UInt64(clamping: status.st_size)
    }
  }

  /// The next `count` bytes, or fewer at the end of the file.
  func read(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = bytes.withUnsafeMutableBytes { systemRead(descriptor, $0.baseAddress, filled, count - filled) }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw FileError(.read, path: path, errorNumber: errno) }
      if got == 0 { break }
      filled += got
    }
    return filled == count ? bytes : Array(bytes[..<filled])
  }

  func write(_ bytes: [UInt8]) throws {
    var written = 0
    while written < bytes.count {
      let put = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, written, bytes.count - written) }
      if put < 0 && errno == EINTR { continue }
      guard put >= 0 else { throw FileError(.write, path: path, errorNumber: errno) }
      written += put
    }
  }

  func flush() throws {
    guard fsync(descriptor) == 0 else { throw FileError(.flush, path: path, errorNumber: errno) }
  }
}

// Inside the class these names are its own.
private func systemRead(_ descriptor: Int32, _ base: UnsafeMutableRawPointer?, _ offset: Int, _ count: Int) -> Int {
  guard let base else { return 0 }
  return read(descriptor, base + offset, count)
}

private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ offset: Int, _ count: Int) -> Int {
  guard let base else { return 0 }
  return write(descriptor, base + offset, count)
}
