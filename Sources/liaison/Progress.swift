internal import CommandKit

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

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
