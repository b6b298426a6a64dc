internal import CommandKit
internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// What is piped in.
enum StandardInput {
  /// All of it, or `nil` where it is longer than `limit` bytes.
  static func read(limit: Int) throws -> [UInt8]? {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = systemRead(&buffer)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw FileError(.read, path: "standard input", errorNumber: errno) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      guard bytes.count <= limit else { return nil }
    }
  }
}

/// Progress on standard error, where it is a terminal.
struct Progress: Sendable {
  private let total: UInt64
  private let isShown = isatty(STDERR_FILENO) == 1

  init(total: UInt64) { self.total = total }

  func show(_ done: UInt64) {
    guard isShown else { return }
    let percent = total == 0 ? 100 : done * 100 / total
    Terminal.writeError("\r\(percent) % of \(ByteCount(total))  ")
  }

  func end() {
    if isShown { Terminal.writeError("\r\u{1B}[K") }
  }
}

private func systemRead(_ buffer: inout [UInt8]) -> Int { read(STDIN_FILENO, &buffer, buffer.count) }
