#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// Small files that are there as a whole or not at all, also after a power cut.
public enum AtomicFile {
  /// Writes `bytes` to a temporary file beside `path`, flushes it, gives it its name, and flushes the folder. Readers
  /// see the old content or the new. The file gets exactly `mode`, whatever the umask. With `replacing` false an
  /// existing file stays as it is, and the error's ``FileError/exists`` is true.
  public static func write(
    _ bytes: [UInt8], to path: String, mode: UInt32 = 0o600, replacing: Bool = true
  ) throws(FileError) {
    try bytes.withUnsafeBufferPointer { (bytes) throws(FileError) in
      try write(UnsafeRawBufferPointer(bytes), to: path, mode: mode, replacing: replacing)
    }
  }

  /// The same over borrowed bytes.
  public static func write(
    _ bytes: UnsafeRawBufferPointer, to path: String, mode: UInt32 = 0o600, replacing: Bool = true
  ) throws(FileError) {
    // A name that C would cut at its first zero byte would name another file.
    guard !path.utf8.contains(0) else { throw FileError(.create, path: path, errorNumber: EINVAL) }
    let folder = folder(of: path)
    let temporary = "\(folder)/\(temporaryName())"

    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(.create, path: path, errorNumber: errno) }
    do throws(FileError) {
      do {
        defer { close(descriptor) }
        guard fchmod(descriptor, mode_t(mode)) == 0 else { throw FileError(.create, path: path, errorNumber: errno) }
        try writeAll(bytes, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw FileError(.flush, path: path, errorNumber: errno) }
      }
      if replacing {
        guard rename(temporary, path) == 0 else { throw FileError(.rename, path: path, errorNumber: errno) }
      } else {
        try give(temporary, theNewName: path)
      }
    } catch {
      unlink(temporary)
      throw error
    }
    try flushFolder(folder)
  }

  /// Gives a flushed file its final name in the same folder. Unlike rename, replaces nothing.
  package static func give(_ temporary: String, theNewName path: String) throws(FileError) {
    if link(temporary, path) == 0 {
      unlink(temporary)
      return
    }
    // Removable media are mostly FAT or exFAT, which have one name a file: it is taken first, by an empty file.
    guard errno == EPERM || errno == EOPNOTSUPP else { throw FileError(.link, path: path, errorNumber: errno) }
    let placeholder = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard placeholder >= 0 else { throw FileError(.link, path: path, errorNumber: errno) }
    close(placeholder)
    guard rename(temporary, path) == 0 else {
      let error = errno
      unlink(path)
      throw FileError(.rename, path: path, errorNumber: error)
    }
  }

  /// The content of a regular file of at most `limit` bytes; nil where it has more or is not a regular file.
  public static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8]? {
    guard !path.utf8.contains(0) else { throw FileError(.open, path: path, errorNumber: EINVAL) }
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(.inspect, path: path, errorNumber: errno) }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else { return nil }

    var content = [UInt8](repeating: 0, count: limit + 1)
    defer { wipe(&content) }
    var filled = 0
    while filled < content.count {
      let count = content.withUnsafeMutableBytes { buffer in
        systemRead(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(.read, path: path, errorNumber: errno) }
      if count == 0 { break }
      filled += count
    }
    return filled <= limit ? Array(content[..<filled]) : nil
  }

  /// Removes from `folder` what a process that was killed while it wrote has left behind. What cannot be removed costs
  /// space only. Whoever else may be writing there now must not replace files.
  public static func removeLeftovers(in folder: String) {
    guard let stream = opendir(folder) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) {
          String(cString: $0)
        }
      }
      if isTemporary(name) { unlink("\(folder)/\(name)") }
    }
  }

  // The name of a file that is being written: 16 random digits, so that nobody else's file is taken for one.
  private static let (temporaryPrefix, temporarySuffix) = (".", ".new")

  static func temporaryName() -> String {
    let digits = secureRandom(count: 8).map { byte in String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }
    return temporaryPrefix + digits.joined() + temporarySuffix
  }

  private static func isTemporary(_ name: String) -> Bool {
    guard name.hasPrefix(temporaryPrefix), name.hasSuffix(temporarySuffix) else { return false }
    let digits = name.utf8.dropFirst(temporaryPrefix.utf8.count).dropLast(temporarySuffix.utf8.count)
    return digits.count == 16
      && digits.allSatisfy {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || UInt8(ascii: "a")...UInt8(ascii: "f") ~= $0
      }
  }

  static func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
  ) throws(FileError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = systemWrite(descriptor, part.baseAddress!, part.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(.write, path: path, errorNumber: errno) }
      rest = rest.dropFirst(count)
    }
  }

  /// Flushes the folder of a file that has just got its name.
  package static func flushFolder(of path: String) throws(FileError) { try flushFolder(folder(of: path)) }

  static func flushFolder(_ folder: String) throws(FileError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.open, path: folder, errorNumber: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(.flush, path: folder, errorNumber: errno) }
  }

  static func folder(of path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
    let folder = String(path[..<slash])
    return folder.isEmpty ? "/" : folder
  }
}

// Inside AtomicFile these names are its own.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}
