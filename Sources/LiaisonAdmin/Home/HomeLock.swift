package import CommandKit
internal import Sodium

#if canImport(Darwin)
internal import Darwin
#elseif canImport(Musl)
internal import Musl
#else
internal import Glibc
#endif

/// The right to be the one `liaisond` of a home, for as long as this object lives. The system gives it back when the
/// process ends in whatever way.
package final class HomeLock: Sendable {
  private let descriptor: Int32

  /// Throws "try again later" where another process has it.
  package init(_ home: NodeHome) throws(CommandError) {
    let descriptor = open(home.lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw CommandError(FileError(.open, path: home.lock, errorNumber: errno)) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      close(descriptor)
      guard reason == EWOULDBLOCK else { throw CommandError(FileError(.open, path: home.lock, errorNumber: reason)) }
      throw CommandError(.tryAgain, "another liaisond runs on \(escaped(home.folder))")
    }
    self.descriptor = descriptor
  }

  deinit {
    // Closing alone does not unlock while a process that was forked meanwhile has not come to its exec.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
