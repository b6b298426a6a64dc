internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// What somebody wrote: a file, a pipe, or what is piped in.
enum WrittenText {
  /// All that the file holds, or `nil` where it is longer than `limit` bytes.
  static func read(file path: String, limit: Int) throws -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(.open, path: path, errorNumber: errno) }
    defer { close(descriptor) }
    return try read(descriptor, name: path, limit: limit)
  }

  /// All that is piped in, or `nil` where it is longer than `limit` bytes.
  static func readStandardInput(limit: Int) throws -> [UInt8]? {
    try read(STDIN_FILENO, name: "standard input", limit: limit)
  }

  private static func read(_ descriptor: Int32, name: String, limit: Int) throws -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = systemRead(descriptor, &buffer)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(.read, path: name, errorNumber: errno) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= limit else { return nil }
    }
  }
}

// Inside WrittenText this name is its own.
private func systemRead(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int { read(descriptor, &buffer, buffer.count) }
